"""Every message of the tracking corpus gets the verdict that stands beside it, on both databases."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.world import CORPUS, NOW, Case, World, all_cases, make_world

from postroom.app.secrets import AesGcmSecrets
from postroom.passes.context import Context
from postroom.passes.judge import Judged
from postroom.ports.clock import ManualClock
from postroom.schema.choices import CorrelationMethod, MessageKind, Reason
from postroom.store import migrations
from postroom.store.blobs import DirectoryBlobs
from postroom.store.database import Database
from postroom.store.records import Records
from postroom.tracking.decide import RULES, SENT_RULES
from postroom.tracking.subject import has_changed

#: Reasons that come about before a message is judged or around it; tests of their passes reach them.
_ELSEWHERE = {
    Reason.UNKNOWN,
    Reason.TOO_OLD,
    Reason.TOO_LARGE,
    Reason.INVALID_FORWARD_MAIL_ITEM,
    Reason.ALREADY_RECORDED,
    Reason.STORE_REFUSED,
    Reason.FETCH_FAILED,
    Reason.TEST_MESSAGE,
    Reason.TRACKED_BY_FOLDER,
    Reason.TRACKED_BY_CATEGORY,
}
_METHODS = {CorrelationMethod.NONE, CorrelationMethod.SKIPPED}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The store of the corpus; nothing is written into it by judging."""
    home = tmp_path_factory.mktemp("corpus")
    url = f"sqlite:///{home}/postroom.sqlite"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_server").fresh()
    database = Database(url)
    migrations.upgrade(database)
    records = Records(database, AesGcmSecrets({"test": bytes(32)}, "test"), ManualClock(NOW))
    with database.write() as connection:
        records.ensure_organization(connection)
    yield make_world(records, Context(database, records, DirectoryBlobs(home / "blobs"), records.clock))
    database.dispose()


def found(world: World, judged: Judged) -> dict[str, Any]:
    """Return the verdict in the words of the corpus; what is not worth a word is left out."""
    verdict, message = judged.verdict, judged.opened.message
    parent = verdict.correlated
    prefixes = ("CRM:", "ACME:")
    said = {
        "tracked": verdict.track,
        "reason": verdict.reason.name,
        "acceptor": world.name_of(verdict.acceptor.id) if verdict.acceptor else None,
        "filtering": verdict.filtering.name if verdict.filtering is not None else None,
        "matched": world.name_of(verdict.matched.id) if verdict.matched else None,
        "correlated": world.name_of(parent.activity) if parent else None,
        "method": None if verdict.method in _METHODS else verdict.method.name,
        "subject_changed": (parent and message and has_changed(message.subject, parent.subject, prefixes))
        or None,
        "kind": None if judged.opened.nature.kind is MessageKind.ORDINARY else judged.opened.nature.kind.name,
        "sender": world.name_of(judged.sender.known.id) if judged.sender.known else None,
        "owner": world.name_of(judged.owner.owner) if judged.owner and verdict.track else None,
    }
    return {name: value for name, value in said.items() if value is not None}


_NOT_JUDGED = {"note", "mailbox", "folder", "switches", "defects"}


@pytest.mark.parametrize("case", all_cases(), ids=str)
def test_a_message_of_the_corpus_gets_its_verdict(world: World, case: Case) -> None:
    expected = {name: value for name, value in case.expected.items() if name not in _NOT_JUDGED}
    assert found(world, world.judge(case)) == expected, case.expected["note"]


def test_every_file_has_its_verdict_and_every_verdict_its_file() -> None:
    files = {f"{path.parent.name}/{path.stem}" for path in CORPUS.glob("*/*.eml")}
    assert files == set(map(str, all_cases()))
    assert len(files) >= 300


def test_every_rule_and_every_reason_is_reached_by_some_case(world: World) -> None:
    reasons: Counter[Reason] = Counter()
    ended: Counter[str] = Counter()
    for case in all_cases():
        verdict = world.judge(case).verdict
        reasons[verdict.reason] += 1
        ended[verdict.trail[-1].rule] += 1
    assert set(Reason) - _ELSEWHERE == set(reasons)
    # These end a case only in other mailboxes than the corpus has: with a start date, tested, without owner,
    # with folders and categories.
    never_last = {
        "not_before_start",
        "not_a_test_message",
        "has_a_sender_of_ours",
        "correlates",
        "as_marked_in_the_mailbox",
    }
    assert {rule.__name__ for rule in (*RULES, *SENT_RULES)} - never_last <= set(ended)
