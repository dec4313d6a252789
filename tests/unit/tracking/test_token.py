"""Tracking tokens: made, found again, kept within what mail servers take."""

import pytest

from postroom.tracking.token import (
    TokenRules,
    make_token,
    read_prefixes,
    tokens_in,
    with_token,
    without_tokens,
)

PREFIXES = ("CRM:", "ACME:")


@pytest.mark.parametrize(
    ("subject", "found"),
    [
        ("Offer CRM:0001002", ["CRM:0001002"]),
        ("RE: offer crm:0001002 - thanks", ["CRM:0001002"]),
        ("CRM:0001002", ["CRM:0001002"]),
        ("Service acme:0001005", ["ACME:0001005"]),
        ("CRM:0001001 CRM:0001002 CRM:0001001", ["CRM:0001001", "CRM:0001002"]),
        ("[CRM:0001002] Offer", ["CRM:0001002"]),
        ("CRM:01", []),
        ("CRM: 0001002", []),
        ("XCRM:0001002", []),
        ("CRM:" + "1" * 30, []),
        ("Offer", []),
        ("Order 0001002", []),
        ("CRM:٠٠٠١٠٠٢", []),
    ],
)
def test_tokens_are_found_whatever_stands_around_them(subject: str, found: list[str]) -> None:
    assert list(tokens_in(subject, PREFIXES)) == found


def test_of_a_subject_full_of_tokens_the_last_ones_are_looked_up() -> None:
    subject = " ".join(f"CRM:{number:07}" for number in range(100))
    assert tokens_in(subject, PREFIXES) == tuple(f"CRM:{number:07}" for number in range(99, 94, -1))


def test_prefixes_that_begin_with_one_another_are_told_apart() -> None:
    assert tokens_in("CRM:X0001002", ("CRM:", "CRM:X")) == ("CRM:X0001002",)


def test_prefixes_are_taken_literally() -> None:
    assert tokens_in("a+b.c0001002", ("a+b.c",)) == ("a+b.c0001002",)
    assert tokens_in("aab-c0001002", ("a+b.c",)) == ()


def test_a_token_has_the_digit_of_old_the_users_number_and_the_counter() -> None:
    assert make_token(TokenRules(), 12, 3) == "CRM:0012003"
    assert make_token(TokenRules("T", 5, 99_999), 12, 3) == "T00001200003"
    assert make_token(TokenRules(), 12_345, 999) == "CRM:012345999"


def test_a_subject_is_cut_so_that_the_token_fits() -> None:
    token = "CRM:0001002"
    whole = with_token("x" * 400, token, 255)
    assert whole is not None
    assert (len(whole), whole.endswith(f"x {token}")) == (255, True)
    assert with_token("Offer", token, 255) == f"Offer {token}"
    assert with_token("", token, 255) == token
    assert with_token("Offer", token, 11) is None


def test_a_made_token_is_found_again_and_taken_out_again() -> None:
    token = make_token(TokenRules("ACME:"), 7, 9)
    subject = with_token("Service contract", token, 255)
    assert subject is not None
    assert tokens_in(f"Re: {subject}", PREFIXES) == (token,)
    assert without_tokens(subject, PREFIXES) == "Service contract"


def test_an_empty_setting_means_the_usual_prefix() -> None:
    assert read_prefixes("") == read_prefixes(" ; ") == ("CRM:",)
