"""Two workers that bring the same mail in another order: the second finds it, and neither waits for ever."""

import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from postroom.errors import DuplicateRow
from postroom.schema.choices import DeliveryState, MessageKind
from postroom.schema.ids import new_id
from postroom.store import messages, reports
from postroom.store.database import Database
from postroom.store.messages import Rows
from postroom.store.records import Records

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ROUNDS = 20


def emails(keys: Sequence[UUID]) -> Rows:
    return Rows(
        emails=[
            {
                "activityid": new_id(),
                "activitytypecode": "email",
                "messageiddupcheck": key,
                "ownerid": key,
                "owneridtype": "systemuser",
            }
            for key in keys
        ]
    )


def contents(keys: Sequence[UUID]) -> Rows:
    return Rows(contents=[{"attachmentid": key, "filename": "logo.png"} for key in keys])


def receipts(keys: Sequence[UUID], email: UUID) -> list[dict[str, Any]]:
    return [
        {
            "postroom_reportid": key,
            "emailid": email,
            "recipient": "carl@contoso.example",
            "kind": int(MessageKind.READ_RECEIPT),
            "state": int(DeliveryState.READ),
            "decisionid": new_id(),
            "reportemailid": None,
            "createdon": NOW,
        }
        for key in keys
    ]


@pytest.mark.parametrize("what", ["emails", "contents", "reports"])
def test_two_orders_of_the_same_rows_never_wait_for_each_other_for_ever(records: Records, what: str) -> None:
    with records.database.write() as connection:
        email = records.create(connection, "email", {"subject": "Offer", "directioncode": True})
    outcomes: Counter[str] = Counter()

    def write(keys: Sequence[UUID], gate: threading.Barrier) -> str:
        database = Database(records.database.url)
        gate.wait(timeout=30)
        try:
            with database.write() as connection:
                if what == "reports":
                    reports.note(database, connection, receipts(keys, email), NOW)
                else:
                    rows = emails(keys) if what == "emails" else contents(keys)
                    messages.insert(database, connection, rows)
        except DuplicateRow:
            return "was second"
        finally:
            database.dispose()
        return "wrote"

    for _ in range(ROUNDS):
        keys, gate = [new_id() for _ in range(200)], threading.Barrier(2)
        with ThreadPoolExecutor(2) as threads:
            both = [threads.submit(write, order, gate) for order in (keys, keys[::-1])]
        outcomes.update(future.result() for future in both)
    expected = {"wrote": ROUNDS, "was second": ROUNDS} if what == "emails" else {"wrote": 2 * ROUNDS}
    assert outcomes == expected
