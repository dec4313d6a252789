"""Which records an address belongs to, by the index, on both databases."""

import pytest

from postroom.schema.targets import EMAIL_ENABLED
from postroom.store.database import Database
from postroom.store.index import find_known
from postroom.store.records import Records
from postroom.tracking.resolution import MOST_SENDERS

SHARED = "office@corp.example"


@pytest.mark.parametrize("columns", [("emailaddress1",), ("emailaddress1", "emailaddress2", "emailaddress3")])
@pytest.mark.parametrize("contacts", [MOST_SENDERS - 1, 350])
def test_however_many_share_an_address_the_same_are_found_and_its_user_and_queue_among_them(
    database: Database, records: Records, contacts: int, columns: tuple[str, ...]
) -> None:
    values = dict.fromkeys(columns, SHARED)
    with database.write() as connection:
        made = [records.create(connection, "contact", {"lastname": "C", **values}) for _ in range(contacts)]
        user = records.create(
            connection, "systemuser", {"lastname": "U", "domainname": "u", "internalemailaddress": SHARED}
        )
        queue = records.create(connection, "queue", {"name": "Q", "emailaddress": SHARED})
        alone = records.create(connection, "contact", {"lastname": "A", "emailaddress1": "alone@x.example"})
    with database.read() as connection:
        found = find_known(connection, [SHARED, "alone@x.example"])
    assert [known.id for known in found["alone@x.example"]] == [alone]
    shared = [known.id for known in found[SHARED]]
    assert {user, queue} <= set(shared)
    # Users and queues have one column each, and the newest contacts are those that are looked at.
    room = 3 * (MOST_SENDERS + 1) - 2
    assert shared == [*made[-(room // len(columns) + bool(room % len(columns))) :], user, queue]
    assert (len(shared) > MOST_SENDERS) is (contacts + 2 > MOST_SENDERS)


def test_users_and_queues_stand_before_all_records_of_which_there_may_be_many() -> None:
    order = sorted(EMAIL_ENABLED, reverse=True)
    assert order[:3] == ["team", "systemuser", "queue"]
