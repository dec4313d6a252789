"""Rotation of the key that seals passwords: nothing is lost, wherever it is broken off."""

from uuid import UUID

import pytest
from tests.support.mailboxes import Company

from postroom.app import keys
from postroom.app.secrets import AesGcmSecrets, make_line, read_key_file
from postroom.app.settings import Settings, read_settings
from postroom.app.wiring import Postroom, open_postroom
from postroom.errors import UserError
from postroom.store.database import Database
from postroom.store.records.sealing import every_secret, reseal

PASSWORDS = 250


@pytest.fixture
def mailboxes(company: Company, postroom: Postroom) -> list[UUID]:
    """Mailboxes with a password each, more than are sealed at once."""
    made = company.mailboxes(PASSWORDS)
    secrets = read_key_file(postroom.settings.secret_key_file)
    for number, mailbox in enumerate(made):
        place = f"mailbox/{mailbox}/password"
        company.change("mailbox", mailbox, password=secrets.seal(f"secret {number}", place=place))
    return made


def passwords(postroom: Postroom, mailboxes: list[UUID]) -> list[str | None]:
    with postroom.database.read() as connection:
        return [postroom.records.open_secret(connection, "mailbox", each, "password") for each in mailboxes]


EXPECTED = [f"secret {number}" for number in range(PASSWORDS)]


def usage(database: Database) -> dict[str, int]:
    with database.read() as connection:
        return dict(keys.usage(connection))


def test_every_secret_is_sealed_anew_and_a_running_process_reads_on(
    postroom: Postroom, mailboxes: list[UUID], settings: Settings
) -> None:
    came_to = keys.rotate(settings, postroom.database)

    assert (came_to.current, came_to.is_new, came_to.resealed.done) == ("k1", True, PASSWORDS)
    assert usage(postroom.database) == {"k1": PASSWORDS}
    assert passwords(postroom, mailboxes) == EXPECTED
    assert list(keys.retire(settings, postroom.database)) == ["test"]
    with open_postroom(settings) as anew:
        assert passwords(anew, mailboxes) == EXPECTED


class Killed(BaseException):
    """The process is killed."""


@pytest.mark.parametrize("after", [1, 130])
def test_a_rotation_that_was_killed_goes_on_and_makes_no_further_key(
    postroom: Postroom,
    mailboxes: list[UUID],
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    after: int,
) -> None:
    """Killed within a transaction, or between two: what was sealed is sealed, the rest is as it was."""
    sealed = 0
    seal = AesGcmSecrets.seal

    def seal_and_die(self: AesGcmSecrets, plain: str, *, place: str) -> str:
        nonlocal sealed
        if sealed == after:
            raise Killed
        sealed += 1
        return seal(self, plain, place=place)

    with monkeypatch.context() as dying:
        dying.setattr(AesGcmSecrets, "seal", seal_and_die)
        with pytest.raises(Killed):
            keys.rotate(settings, postroom.database)

    kept = after // 100 * 100
    assert usage(postroom.database).get("k1", 0) == kept
    assert passwords(postroom, mailboxes) == EXPECTED

    came_to = keys.rotate(settings, postroom.database)

    assert usage(postroom.database) == {came_to.current: PASSWORDS}
    assert (came_to.is_new, came_to.current, came_to.resealed.done) == (False, "k1", PASSWORDS - kept)
    assert passwords(postroom, mailboxes) == EXPECTED


def test_a_key_that_waited_is_the_one_that_seals(
    postroom: Postroom, mailboxes: list[UUID], settings: Settings
) -> None:
    waiting = keys.prepare(settings)

    assert keys.rotate(settings, postroom.database).current == waiting
    assert usage(postroom.database) == {waiting: PASSWORDS}


def test_a_password_that_is_entered_meanwhile_stays_as_it_was_entered(
    postroom: Postroom, company: Company, settings: Settings, mailboxes: list[UUID]
) -> None:
    secrets = read_key_file(settings.secret_key_file)
    last = mailboxes[-1]

    def enter(done: int, total: int) -> None:
        assert total == PASSWORDS
        if done == 100:
            entered = secrets.seal("entered", place=f"mailbox/{last}/password")
            company.change("mailbox", last, password=entered)

    came_to = reseal(postroom.database, secrets, lambda sealed: False, on_done=enter)

    assert passwords(postroom, [last]) == ["entered"]
    assert came_to.done == PASSWORDS - 1
    assert came_to.problems == []


def test_a_secret_whose_key_is_lost_is_named_and_keeps_no_other_from_rotation(
    postroom: Postroom, company: Company, settings: Settings, mailboxes: list[UUID]
) -> None:
    lost = AesGcmSecrets({"gone": bytes(range(32))}, "gone")
    place = f"mailbox/{mailboxes[0]}/password"
    company.change("mailbox", mailboxes[0], password=lost.seal("x", place=place))

    came_to = keys.rotate(settings, postroom.database)

    assert came_to.is_new
    assert came_to.resealed.done == PASSWORDS - 1
    (problem,) = came_to.resealed.problems
    assert place in problem


def test_keys_that_lie_elsewhere_are_changed_there(
    postroom: Postroom, settings: Settings, mailboxes: list[UUID]
) -> None:
    old = settings.secret_key_file.read_text()
    changes = {"POSTROOM_HOME": str(settings.home), "POSTROOM_DATABASE_URL": settings.database_url}
    before = read_settings({**changes, "POSTROOM_SECRET_KEY": old + old})
    with pytest.raises(UserError, match="`postroom secret make` prints"):
        keys.rotate(before, postroom.database)
    with pytest.raises(UserError, match="change them there"):
        keys.prepare(before)

    after = read_settings({**changes, "POSTROOM_SECRET_KEY": old + make_line("newer")})
    came_to = keys.rotate(after, postroom.database)

    assert (came_to.current, came_to.is_new) == ("newer", False)
    with postroom.database.read() as connection:
        assert {sealed.text.split(":")[1] for sealed in every_secret(connection)} == {"newer"}
