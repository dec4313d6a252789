"""What is let go of after its time, and what is not."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from tests.support.mailboxes import Company

from postroom.app.retention import Retention
from postroom.passes.context import Context
from postroom.ports.clock import ManualClock
from postroom.schema.choices import JournalState
from postroom.schema.ids import new_id
from postroom.store.blobs import DirectoryBlobs
from postroom.store.database import Database
from postroom.store.records import ORGANIZATION_ID, Records


@pytest.fixture
def context(database: Database, records: Records, clock: ManualClock, tmp_path: Path) -> Context:
    return Context(database, records, DirectoryBlobs(tmp_path / "blobs"), clock)


def attempt(company: Company, clock: ManualClock, state: JournalState, days: int) -> None:
    settled_at = None if state in (JournalState.CLAIMED, JournalState.SUBMITTED) else clock.now()
    company.insert(
        "postroom_sendjournal",
        postroom_sendjournalid=new_id(),
        emailid=new_id(),
        attempt=1,
        state=state,
        claimedon=clock.now() - timedelta(days=days),
        settledon=settled_at and settled_at - timedelta(days=days),
    )


def test_settled_attempts_go_after_a_year_and_uncertain_ones_stay(
    context: Context, company: Company, clock: ManualClock
) -> None:
    for state in JournalState:
        attempt(company, clock, state, days=366)
        attempt(company, clock, state, days=364)

    assert Retention(context)() == 3

    kept = sorted(row.state for row in company.rows("postroom_sendjournal"))
    open_ones = [JournalState.CLAIMED, JournalState.SUBMITTED, JournalState.UNCERTAIN]
    assert kept == sorted([*JournalState, *open_ones])


def test_attempts_are_kept_as_long_as_decisions(
    context: Context, company: Company, clock: ManualClock
) -> None:
    attempt(company, clock, JournalState.ACCEPTED, days=3000)
    company.change("organization", ORGANIZATION_ID, postroom_decisiondays=0)
    assert Retention(context)() == 0
    company.change("organization", ORGANIZATION_ID, postroom_decisiondays=3001)
    assert Retention(context)() == 0
    company.change("organization", ORGANIZATION_ID, postroom_decisiondays=2999)
    assert Retention(context)() == 1


def test_it_looks_once_an_hour(context: Context, company: Company, clock: ManualClock) -> None:
    retention = Retention(context)
    assert retention() == 0
    attempt(company, clock, JournalState.ACCEPTED, days=400)
    clock.at += timedelta(minutes=59)
    assert retention() == 0
    clock.at += timedelta(minutes=1)
    assert retention() == 1


def test_what_a_killed_process_left_unfinished_goes_and_what_is_under_way_stays(
    context: Context, tmp_path: Path
) -> None:
    unfinished = tmp_path / "blobs" / "unfinished"
    for name in ("old", "new"):
        (unfinished / name).write_text("half")
    long_ago = (unfinished / "old").stat().st_mtime - 2 * 24 * 3600
    os.utime(unfinished / "old", (long_ago, long_ago))

    assert Retention(context)() == 1

    assert [path.name for path in unfinished.iterdir()] == ["new"]
