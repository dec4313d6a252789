"""What is let go of after its time, and what is not."""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from tests.support.mailboxes import Company

from postroom.app.retention import Retention
from postroom.errors import StoreError
from postroom.mime.message import BytesContent
from postroom.passes.context import Context
from postroom.ports.clock import ManualClock
from postroom.schema.choices import JournalState, QuarantineState
from postroom.schema.ids import new_id
from postroom.schema.table import Row
from postroom.store import blobs, leavings
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


# Contents


LARGE = b"large" * 1000
WEEK = timedelta(days=8)


@pytest.fixture
def keep(context: Context) -> Callable[..., bytes]:
    """Keep a content as passes do, and return its digest."""

    def keep(content: bytes) -> bytes:
        with context.database.write() as connection:
            (ref,) = blobs.keep(
                connection,
                [BytesContent(content)],
                context.blobs,
                now=context.clock.now(),
                threshold=100,
            )
        return ref.digest

    return keep


def name_it(company: Company, digest: bytes) -> UUID:
    """Attach a content to an e-mail; return the attachment's key."""
    content, attachment = new_id(), new_id()
    company.insert("attachment", attachmentid=content, postroom_digest=digest, filename="x")
    company.insert(
        "activitymimeattachment",
        activitymimeattachmentid=attachment,
        activitymimeattachmentidunique=attachment,
        attachmentid=content,
        objectid=new_id(),
        objecttypecode="email",
    )
    return attachment


def age(context: Context, *digests: bytes) -> None:
    """Let files be as old as if they had been put long ago."""
    assert isinstance(context.blobs, DirectoryBlobs)
    for digest in digests:
        os.utime(context.blobs.place(digest), (0, 0))


def kept(company: Company) -> set[bytes]:
    return {bytes(row.digest) for row in company.rows("postroom_blob")}


@pytest.mark.parametrize("content", [b"small", LARGE])
def test_a_content_goes_a_week_after_its_last_record(
    context: Context,
    company: Company,
    clock: ManualClock,
    keep: Callable[..., bytes],
    content: bytes,
) -> None:
    named, unnamed = keep(content + b"1"), keep(content + b"2")
    attachment = name_it(company, named)
    if content == LARGE:
        age(context, named, unnamed)
    assert Retention(context)() == 0
    clock.at += WEEK

    assert Retention(context)() == 1
    assert kept(company) == {named}

    with context.database.write() as connection:
        table = Row.metadata.tables["activitymimeattachment"]
        connection.execute(sa.delete(table).where(table.c.activitymimeattachmentid == attachment))
    assert Retention(context)() == 1
    assert kept(company) == set()
    assert company.rows("attachment") == []
    with pytest.raises(StoreError):
        list(context.blobs.get(named))


def test_bytes_in_quarantine_stay_while_they_wait_and_go_a_year_after(
    context: Context, company: Company, clock: ManualClock, keep: Callable[..., bytes]
) -> None:
    digests = {state: keep(state.name.encode()) for state in QuarantineState}
    for state, digest in digests.items():
        company.insert(
            "postroom_quarantine",
            postroom_quarantineid=new_id(),
            mailboxid=new_id(),
            cause=0,
            state=state,
            digest=digest,
            createdon=clock.now(),
        )
    clock.at += timedelta(days=364)
    assert Retention(context)() == 0
    clock.at += timedelta(days=2)

    Retention(context)()

    assert kept(company) == {digests[QuarantineState.WAITING]}
    assert len(company.rows("postroom_quarantine")) == len(QuarantineState)


def test_a_content_that_somebody_puts_anew_meanwhile_keeps_its_file(
    context: Context, company: Company, clock: ManualClock, keep: Callable[..., bytes]
) -> None:
    """Its file is put before its row: between the two, the old row and what was its file are let go of."""
    digest = keep(LARGE)
    age(context, digest)
    clock.at += WEEK
    context.blobs.put([LARGE])

    assert Retention(context)() == 1
    assert kept(company) == set()
    name_it(company, keep(LARGE))

    assert b"".join(context.blobs.get(digest)) == LARGE


@pytest.mark.integration
def test_a_content_that_is_being_named_is_not_let_go_of(
    context: Context,
    company: Company,
    clock: ManualClock,
    keep: Callable[..., bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its row was there already, so whoever keeps it anew holds nothing but the table."""
    if context.database.is_sqlite:
        pytest.skip("SQLite has one writer at a time")
    monkeypatch.setattr("postroom.store.leavings._PATIENCE", "200ms")
    digest = keep(b"small")
    clock.at += WEEK
    another = Company(Database(context.database.url))
    with another.database.write() as connection:
        again = [BytesContent(b"small")]
        blobs.keep(connection, again, context.blobs, now=clock.now(), threshold=100)

        assert Retention(context)() == 0

    name_it(another, digest)
    assert Retention(context)() == 0
    assert kept(company) == {digest}
    another.database.dispose()


def test_nothing_is_let_go_of_while_contents_are_copied(
    context: Context, company: Company, clock: ManualClock, keep: Callable[..., bytes]
) -> None:
    digest = keep(LARGE)
    age(context, digest)
    clock.at += WEEK
    assert isinstance(context.blobs, DirectoryBlobs)
    with context.blobs.copying():
        assert Retention(context)() == 0
        assert kept(company) == {digest}
    assert Retention(context)() == 1


#: Digests that name no content: those of whole messages.
OF_MESSAGES = {"postroom_decision.digest", "postroom_ledger.digest", "email.postroom_contentdigest"}


def test_every_column_that_names_a_content_is_known() -> None:
    digests = {
        f"{table.name}.{column.name}"
        for table in Row.metadata.tables.values()
        for column in table.columns
        if "digest" in column.name and table.name != "postroom_blob"
    }
    assert digests == {f"{column.table.name}.{column.name}" for column in leavings.NAMED_BY} | OF_MESSAGES
