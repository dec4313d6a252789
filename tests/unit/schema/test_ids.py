"""Keys come in order, from every thread."""

import threading
from uuid import UUID

from postroom.schema.ids import new_id


def test_keys_come_in_the_order_in_which_they_were_made() -> None:
    made = [new_id() for _ in range(10_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert {(id.version, id.variant) for id in made} == {(7, "specified in RFC 4122")}


def test_threads_never_share_a_key() -> None:
    made: list[list[UUID]] = [[] for _ in range(4)]

    def work(mine: list[UUID]) -> None:
        mine.extend(new_id() for _ in range(2_000))

    threads = [threading.Thread(target=work, args=(mine,)) for mine in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id for mine in made for id in mine}) == 8_000
    assert all(mine == sorted(mine) for mine in made)
