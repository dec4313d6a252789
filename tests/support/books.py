"""Holds the books of receiving against each other: what servers showed, and what was decided of it."""

from collections import Counter
from typing import Any
from uuid import UUID

from postroom.schema.choices import QuarantineCause, Reason
from tests.support.company import Company


def assert_sum_of_decisions(company: Company) -> None:
    """See that every message that was seen has one decision, and every decision its message.

    An entry of the ledger has as many decisions as messages, the one that it names among them. A
    decision without an entry speaks of a message that could not be fetched and that the quarantine
    names, once.
    """
    decisions = company.rows("postroom_decision")
    ledger = company.rows("postroom_ledger")
    by_entry: dict[UUID, set[UUID]] = {}
    for row in decisions:
        if row["ledgerid"]:
            by_entry.setdefault(row["ledgerid"], set()).add(row["postroom_decisionid"])
    for entry in ledger:
        of_entry = by_entry.pop(entry["postroom_ledgerid"], set())
        assert len(of_entry) == entry["messages"], f"{entry['messages']} messages have {len(of_entry)}"
        assert entry["decisionid"] in of_entry
    assert by_entry == {}, "decisions about what no server has shown"
    places = Counter((row["mailboxid"], row["folder"], row["serverid"]) for row in ledger)
    assert set(places.values()) <= {1}
    _assert_failures_are_in_quarantine(company, [row for row in decisions if row["ledgerid"] is None])
    _assert_emails_have_one_maker(company, decisions)


def _assert_failures_are_in_quarantine(company: Company, loose: list[dict[str, Any]]) -> None:
    assert {row["reason"] for row in loose} <= {Reason.FETCH_FAILED}
    named = [
        row["decisionid"]
        for row in company.rows("postroom_quarantine", cause=QuarantineCause.BROKEN_FETCH)
        if row["decisionid"] in {decision["postroom_decisionid"] for decision in loose}
    ]
    assert Counter(named) == Counter(row["postroom_decisionid"] for row in loose)


def _assert_emails_have_one_maker(company: Company, decisions: list[dict[str, Any]]) -> None:
    received = [row["activityid"] for row in company.rows("email", directioncode=False)]
    made = [row["emailid"] for row in decisions if row["tracked"]]
    assert Counter(made) == Counter(received)
