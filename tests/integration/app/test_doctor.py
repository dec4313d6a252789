"""The doctor finds what is wrong with an installation and says what cures it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from tests.support.mailboxes import Company

from postroom.app.doctor import Finding, examine
from postroom.app.settings import Settings
from postroom.ports.clock import Clock, ManualClock, SystemClock
from postroom.schema.choices import Workload
from postroom.schema.ids import new_id

Look = Callable[..., Finding]


@pytest.fixture
def look(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Look:
    """Return what one check of the doctor's finds."""
    settings.blob_directory.mkdir()
    monkeypatch.setenv("POSTROOM_HOME", str(settings.home))
    monkeypatch.setenv("POSTROOM_DATABASE_URL", settings.database_url)

    def look(check: str, clock: Clock | None = None) -> Finding:
        return next(finding for finding in examine(clock) if finding.check == check)

    return look


def test_all_is_well_with_a_store_that_was_set_up(look: Look) -> None:
    assert [finding for finding in examine() if not finding.ok] == []
    assert look("clock").ok


def test_a_clock_that_is_wrong_is_noticed(look: Look, company: Company) -> None:
    now = SystemClock().now()
    company.insert(
        "postroom_decision",
        postroom_decisionid=new_id(),
        mailboxid=new_id(),
        tracked=False,
        reason=1,
        createdon=now,
    )

    found = look("clock", ManualClock(now - timedelta(hours=1)))

    assert not found.ok
    assert "NTP" in found.said


def test_a_mail_host_that_can_not_be_found_is_named(
    look: Look, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.profile(incomingserverlocation="localhost", outgoingserverlocation="127.0.0.1", statecode=0)
    assert look("mail hosts") == Finding("mail hosts", "2 can be found")

    # Names under .invalid are reserved for names that do not exist.
    company.profile(incomingserverlocation="https://mail.invalid/EWS/Exchange.asmx", statecode=0)
    company.profile(incomingserverlocation="old.invalid", statecode=1)
    found = look("mail hosts")

    assert not found.ok
    assert "mail.invalid can't be found" in found.said
    assert "old.invalid" not in found.said


def test_work_that_nobody_does_is_noticed(look: Look, company: Company) -> None:
    (mailbox,) = company.mailboxes(1)
    now = SystemClock().now()
    company.insert(
        "postroom_workload",
        postroom_workloadid=new_id(),
        mailboxid=mailbox,
        workload=Workload.INCOMING,
        sequence=1,
        emptycount=0,
        failurecount=0,
        hinted=False,
        dueon=now - timedelta(minutes=40),
    )

    found = look("work", ManualClock(now))

    assert not found.ok
    assert "due for 40 minutes" in found.said
    assert "`postroom worker`" in found.said
    assert look("work", ManualClock(now - timedelta(minutes=39))).ok
