"""The line in which passes wait, and the wall around each of them."""

import threading
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from postroom.engine.presence import Presence
from postroom.engine.runner import FairLine
from postroom.schema.choices import Workload
from postroom.store.workloads import Ticket

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def tickets(pool: str, number: int, places: int = 1) -> list[Ticket]:
    return [
        Ticket(UUID(int=n), Workload.INCOMING, n, NOON, pool=pool, places=places)
        for n in range(1, number + 1)
    ]


def test_pools_take_turns_however_long_one_of_them_is() -> None:
    line = FairLine()
    line.add(tickets("crowded", 50, places=100))
    line.add(tickets("small", 2, places=100))

    given = [ticket.pool for ticket in (line.take() for _ in range(6)) if ticket]

    assert given == ["crowded", "small", "crowded", "small", "crowded", "crowded"]


def test_a_pool_gets_no_more_than_its_places_until_one_is_given_back() -> None:
    line = FairLine()
    line.add(tickets("full", 3, places=2))
    first, _ = line.take(), line.take()
    got: list[Ticket | None] = []
    waiter = threading.Thread(target=lambda: got.append(line.take()))
    waiter.start()
    waiter.join(0.05)
    assert waiter.is_alive()

    assert first is not None
    line.give_back(first)

    waiter.join(5)
    assert [ticket.sequence for ticket in got if ticket] == [3]


def test_an_empty_line_gives_nothing_and_everybody_goes_home() -> None:
    line = FairLine()
    (only,) = tickets("one", 1)
    line.add([only])
    assert line.take() == only
    assert line.tickets() == []

    assert line.take() is None


def test_those_who_wait_learn_that_the_last_ticket_went_to_another() -> None:
    line = FairLine()
    line.add(tickets("one", 2, places=1))
    taken = line.take()
    got: list[Ticket | None] = []
    waiters = [threading.Thread(target=lambda: got.append(line.take())) for _ in range(2)]
    for waiter in waiters:
        waiter.start()

    assert taken is not None
    line.give_back(taken)
    for waiter in waiters:
        waiter.join(5)

    assert sorted(ticket is None for ticket in got) == [False, True]


def test_a_ticket_has_a_name_of_its_own() -> None:
    mailbox = uuid4()

    keys = {Ticket(mailbox, workload, number, NOON).key for workload in Workload for number in range(3)}

    assert len(keys) == 9


def test_a_name_is_taken_by_one_worker_at_a_time_and_free_again_after_it(tmp_path: Path) -> None:
    with Presence(tmp_path, "box") as first, Presence(tmp_path, "box") as second:
        assert (first.slot, second.slot) == (0, 1)
        assert first.name != second.name
        name = first.name
        first.close()
        with Presence(tmp_path, "box") as third:
            assert third.name == name


def test_workers_of_two_homes_or_two_machines_have_different_names(tmp_path: Path) -> None:
    with (
        Presence(tmp_path / "a", "box") as one,
        Presence(tmp_path / "b", "box") as other,
        Presence(tmp_path / "c", "second") as third,
    ):
        assert len({one.name, other.name, third.name}) == 3


def test_a_name_fits_its_column(tmp_path: Path) -> None:
    with Presence(tmp_path, "m" * 1000) as presence:
        assert len(presence.name) <= 256


@pytest.mark.parametrize("number", [2, 3])
def test_every_worker_gets_a_slot_even_when_many_come_at_once(tmp_path: Path, number: int) -> None:
    taken: list[Presence] = []
    threads = [
        threading.Thread(target=lambda: taken.append(Presence(tmp_path, "box"))) for _ in range(number * 5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(presence.slot for presence in taken) == list(range(number * 5))
    for presence in taken:
        presence.close()
