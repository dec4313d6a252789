"""Many mailboxes brought into service, a few at a time, over the sandbox's servers."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from tests.support.commands import Cli
from tests.support.company import PASSWORD, Company, on_sqlite
from tests.support.mail import a_message

from postroom.app.onboarding import Progress, onboard
from postroom.app.secrets import AesGcmSecrets
from postroom.app.settings import settings_in
from postroom.app.wiring import Postroom
from postroom.sandbox.pop3 import SandboxPop3
from postroom.store import mailboxes
from postroom.store.blobs import DirectoryBlobs


@pytest.fixture
def newcomers(company: Company) -> list[str]:
    """Seven users whose mailboxes nobody has tested, each with a message."""
    addresses = [f"new{number}@corp.example" for number in range(7)]
    for number, address in enumerate(addresses):
        company.add_user(address, f"New {number}")
        company.server.deliver(address, a_message(to=[address], sender="carl@contoso.example"))
    return addresses


class Onboarding:
    """An onboarding of the whole company; time passes only when it rests."""

    def __init__(self, company: Company, secrets: AesGcmSecrets, home: Path) -> None:
        context = company.context
        self.company = company
        self.postroom = Postroom(
            settings_in(home),
            context.database,
            context.records,
            secrets,
            company.clock,
            DirectoryBlobs(home / "blobs"),
        )
        self.on_rest: Callable[[], None] = lambda: None
        self.rests: list[float] = []
        self.last = Progress([])

    def rest(self, seconds: float) -> None:
        self.rests.append(seconds)
        self.company.clock.at += timedelta(seconds=seconds)
        self.on_rest()

    def steps(self, at_once: int = 3) -> list[tuple[int, int]]:
        """Return what was done and what waited after each few."""
        with self.company.context.database.read() as connection:
            ids = mailboxes.all_served(connection)
        seen = []
        for progress in onboard(self.postroom, ids, at_once=at_once, rest=self.rest):
            seen.append((progress.done, len(progress.waiting)))
            self.last = progress
        return seen


@pytest.fixture
def onboarding(company: Company, secrets: AesGcmSecrets, tmp_path: Path) -> Onboarding:
    """An onboarding that has not begun."""
    return Onboarding(company, secrets, tmp_path / "home")


def test_mailboxes_come_into_service_a_few_at_a_time_and_are_read(
    company: Company, newcomers: list[str], onboarding: Onboarding
) -> None:
    assert onboarding.steps() == [(0, 7), (3, 4), (6, 1), (7, 0)]

    assert onboarding.last.were_on == 2
    assert onboarding.last.failed == {}
    assert all(row["enabledforincomingemail"] for row in company.rows("mailbox"))
    assert len(company.rows("email", directioncode=False)) == 7
    assert onboarding.steps() == [(0, 0)]


@on_sqlite
def test_one_with_a_wrong_password_is_named_and_holds_up_nobody(
    company: Company, newcomers: list[str], onboarding: Onboarding
) -> None:
    company.update("mailbox", company.mailbox(newcomers[2]), password="wrong")

    onboarding.steps()

    assert set(onboarding.last.failed) == {newcomers[2]}
    assert onboarding.last.done == 6
    assert PASSWORD not in str(onboarding.last.failed)


@on_sqlite
def test_it_waits_for_a_server_that_is_down_and_goes_on_by_itself(
    company: Company, newcomers: list[str], onboarding: Onboarding
) -> None:
    company.pop3.stop()
    back: list[SandboxPop3] = []

    def mend() -> None:
        if len(onboarding.rests) == 3:
            back.append(SandboxPop3(company.server, port=company.pop3.port))
            back[0].start()

    onboarding.on_rest = mend
    try:
        onboarding.steps()
    finally:
        for server in back:
            server.stop()

    assert onboarding.last.done == 7
    assert onboarding.last.failed == {}
    assert len(onboarding.rests) == 3


@on_sqlite
def test_the_command_takes_addresses_from_a_file(
    company: Company, newcomers: list[str], cli: Cli, tmp_path: Path
) -> None:
    listed = tmp_path / "addresses"
    listed.write_text("\n".join(newcomers[:2]) + "\n\n")

    status, out = cli("onboard", str(listed), "--json")

    assert status == 0, out
    assert '"brought_in": 2' in out
    assert cli("onboard")[0] == 2
