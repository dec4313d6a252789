"""Secrets at rest: what is sealed opens only in its place and with its key."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.app.secrets import AesGcmSecrets, add_key, create_key_file, read_key_file
from postroom.errors import UserError

ONE, TWO = bytes(32), bytes(range(32))


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_what_is_sealed_opens_in_its_place(plain: str) -> None:
    secrets = AesGcmSecrets({"one": ONE}, "one")
    sealed = secrets.seal(plain, place="mailbox/1/password")
    assert secrets.open(sealed, place="mailbox/1/password") == plain
    assert secrets.seal(plain, place="mailbox/1/password") != sealed


def test_a_secret_copied_to_another_row_does_not_open() -> None:
    secrets = AesGcmSecrets({"one": ONE}, "one")
    sealed = secrets.seal("hunter2", place="mailbox/1/password")
    with pytest.raises(UserError, match="mailbox/2/password"):
        secrets.open(sealed, place="mailbox/2/password")


def test_older_keys_open_what_they_sealed() -> None:
    old = AesGcmSecrets({"one": ONE}, "one")
    both = AesGcmSecrets({"one": ONE, "two": TWO}, "two")
    sealed = old.seal("hunter2", place="p")
    assert both.open(sealed, place="p") == "hunter2"
    assert not both.is_current(sealed)
    assert both.is_current(both.seal("hunter2", place="p"))
    with pytest.raises(UserError, match="'two'"):
        old.open(both.seal("hunter2", place="p"), place="p")


@pytest.mark.parametrize("damaged", ["", "plain", "v1:one:", "v1:one:!!", "v2:one:AAAA", "v1:one:AAAA"])
def test_what_is_no_sealed_secret_is_refused_in_words(damaged: str) -> None:
    with pytest.raises(UserError, match="enter it anew"):
        AesGcmSecrets({"one": ONE}, "one").open(damaged, place="p")


def test_keys_that_can_not_work_are_refused() -> None:
    with pytest.raises(UserError, match="32 octets"):
        AesGcmSecrets({"short": b"x"}, "short")
    with pytest.raises(UserError, match="no key 'two'"):
        AesGcmSecrets({"one": ONE}, "two")


def test_a_key_file_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    sealed = create_key_file(path).seal("hunter2", place="p")
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_key_file(path).open(sealed, place="p") == "hunter2"
    with pytest.raises(UserError, match="already"):
        create_key_file(path)
    path.chmod(0o644)
    with pytest.raises(UserError, match="chmod 600"):
        read_key_file(path)


def test_a_new_key_seals_and_the_old_one_still_opens(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    sealed = create_key_file(path).seal("hunter2", place="p")
    newer = add_key(path)
    assert newer.current == "k2"
    assert newer.open(sealed, place="p") == "hunter2"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["keys"]


def test_a_damaged_key_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    with pytest.raises(UserError, match="can't be read"):
        read_key_file(path)
    for text, words in (("", "is empty"), ("k1 ###\n", "damaged"), ("k1 AAAA\n", "32 octets")):
        path.write_text(text)
        path.chmod(0o600)
        with pytest.raises(UserError, match=words):
            read_key_file(path)
