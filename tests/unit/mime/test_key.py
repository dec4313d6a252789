"""Addresses compared: equal letters, never equal looks."""

import pytest

from postroom.mime.key import address_key

SAME = [
    ("Ann@Example.COM", "ann@example.com"),
    (" ann@example.com\t", "ann@example.com"),
    ("jürgen@MÜLLER.example", "JÜRGEN@müller.example"),
    ("x@xn--mller-kva.example", "x@müller.example"),
    ("x@XN--MLLER-KVA.Example", "x@MÜLLER.example"),
    ("x@mu\u0308ller.example", "x@m\u00fcller.example"),
    ("иван@пример.example", "ИВАН@ПРИМЕР.example"),
]
DIFFERENT = [
    ("sven@straße.example", "sven@strasse.example"),
    ("\u017fam@x.example", "sam@x.example"),
    ("\u212aate@x.example", "kate@x.example"),
    ("p\u0430ul@bank.example", "paul@bank.example"),
    ("\uff50aul@bank.example", "paul@bank.example"),
    ("paul@b\u0430nk.example", "paul@bank.example"),
    ("paul@xn--bank-.example", "paul@bank.example"),
    ("\u0130nfo@x.example", "info@x.example"),
    ("\u0131nfo@x.example", "info@x.example"),
    ("paul@bank.example", "paul@bank.example."),
    ("paul+x@bank.example", "paul@bank.example"),
    ("paul\u200b@bank.example", "paul@bank.example"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_one_address_in_two_spellings_is_one(one: str, other: str) -> None:
    assert address_key(one) == address_key(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_addresses_that_only_look_alike_are_two(one: str, other: str) -> None:
    assert address_key(one) != address_key(other)


@pytest.mark.parametrize(
    "domain", ["xn--", "xn--\u00fc", "xn--99999999999", "xn---", "a..xn--mller-kva", "xn--mller-kva."]
)
def test_a_broken_domain_is_compared_as_it_is_written(domain: str) -> None:
    assert address_key(f"x@{domain}").startswith("x@")


@pytest.mark.parametrize("address", [*(one for pair in SAME + DIFFERENT for one in pair), "", "@", "x", "x@"])
def test_the_key_of_a_key_is_itself(address: str) -> None:
    assert address_key(address_key(address)) == address_key(address)
