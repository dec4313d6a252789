"""Secrets at rest: what is sealed opens only in its place and with its key."""

import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.app.keys import read_secrets
from postroom.app.secrets import (
    AesGcmSecrets,
    add_key,
    create_key_file,
    make_line,
    prepare_key,
    read_key_file,
    retire_keys,
)
from postroom.app.settings import read_settings
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
    for text, words in (("", "There is no key"), ("k1 ###\n", "damaged"), ("k1 AAAA\n", "32 octets")):
        path.write_text(text)
        path.chmod(0o600)
        with pytest.raises(UserError, match=words):
            read_key_file(path)


def test_a_key_that_waits_opens_and_does_not_seal_until_the_rotation(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    create_key_file(path)
    assert prepare_key(path) == "k2"
    assert prepare_key(path) == "k2"
    here = read_key_file(path)
    assert (here.current, here.waiting) == ("k1", "k2")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text(path.read_text())
    elsewhere.chmod(0o600)

    rotated = add_key(path)

    assert (rotated.current, rotated.waiting) == ("k2", "")
    sealed = rotated.seal("hunter2", place="p")
    assert read_key_file(elsewhere).open(sealed, place="p") == "hunter2"


def test_a_key_that_came_after_the_start_is_found_when_it_is_needed(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    running = create_key_file(path)
    sealed = add_key(path).seal("hunter2", place="p")

    assert running.open(sealed, place="p") == "hunter2"
    assert running.current == "k2"
    unknown = AesGcmSecrets({"k9": TWO}, "k9").seal("hunter2", place="p")
    with pytest.raises(UserError, match="'k9', which is not at hand"):
        running.open(unknown, place="p")


def test_keys_without_use_are_retired_and_no_others(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    create_key_file(path)
    add_key(path)
    add_key(path)
    prepare_key(path)

    assert list(retire_keys(path, in_use=["k1"])) == ["k2"]

    assert sorted(read_key_file(path).names) == ["k1", "k3", "k4"]
    assert retire_keys(path, in_use=["k1"]) == []
    assert path.stat().st_mode & 0o777 == 0o600


def test_keys_come_from_the_environment_alone_or_as_lines() -> None:
    alone = {"POSTROOM_SECRET_KEY": base64.b64encode(ONE).decode()}
    lines = {"POSTROOM_SECRET_KEY": f"{make_line('a')}{make_line('b')}"}

    assert read_secrets(read_settings(alone)).current == "env"
    assert read_secrets(read_settings(lines)).current == "b"
    with pytest.raises(UserError, match="31 octets instead of 32"):
        read_secrets(read_settings({"POSTROOM_SECRET_KEY": base64.b64encode(ONE[1:]).decode()}))
    with pytest.raises(UserError, match="not base64"):
        read_secrets(read_settings({"POSTROOM_SECRET_KEY": "###"}))


def test_keys_come_from_a_command_which_is_asked_again_for_one_it_did_not_have(tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    vault.write_text(make_line("a"))
    secrets = read_secrets(read_settings({"POSTROOM_SECRET_KEY_COMMAND": f"cat {vault}"}))
    vault.write_text(vault.read_text() + make_line("b"))
    newer = read_secrets(read_settings({"POSTROOM_SECRET_KEY_COMMAND": f"cat {vault}"}))

    assert secrets.current == "a"
    assert secrets.open(newer.seal("hunter2", place="p"), place="p") == "hunter2"


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        ("false", "ended with 1: it said nothing"),
        ("/nowhere/vault", "can't be run"),
        ("'", "can't be run"),
        ("true", "There is no key in the output"),
        ("echo k1 ###", "damaged"),
    ],
)
def test_a_command_that_gives_no_key_is_named_with_its_complaint(command: str, complaint: str) -> None:
    with pytest.raises(UserError, match=complaint):
        read_secrets(read_settings({"POSTROOM_SECRET_KEY_COMMAND": command}))
