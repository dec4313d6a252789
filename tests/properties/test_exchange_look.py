"""Looks into a mailbox on Exchange: whatever happens between them, they add up to what is there."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.exchange_place import ExchangePlace, a_message, exchange

from postroom.ports.mail import Look
from postroom.sandbox.faults import Misbehaviour

pytestmark = pytest.mark.integration

CATEGORY = "Tracked to Dynamics 365"
STEPS = ("deliver", "junk", "restore", "project", "delete", "mark", "unmark", "forget", "renumber", "look")


class Reader:
    """Remembers of each message where it was last offered and with which categories, as a ledger would."""

    def __init__(self, place: ExchangePlace) -> None:
        self.place = place
        self.known: dict[str, tuple[str, bool]] = {}
        self.marks: dict[str, str] = {}
        self.tracked = place.outlook.make_folder("Projects", "inbox").id

    def look(self) -> None:
        look = Look((self.tracked,), category=CATEGORY, marks=dict(self.marks))
        for page in self.place.open().pages(look):
            for server_id in page.gone:
                self.known.pop(server_id, None)
            self.known.update((o.server_id, (o.folder, CATEGORY in o.categories)) for o in page.offered)
            self.marks.update(page.marks)


@pytest.fixture(scope="module")
def running() -> Iterator[ExchangePlace]:
    with exchange() as place:
        yield place


def emptied(place: ExchangePlace) -> ExchangePlace:
    """Return the mailbox with nothing of an earlier example in it."""
    for folder in ("inbox", "junkemail", "deleteditems"):
        for item in place.outlook.items(folder):
            place.outlook.destroy(item)
    for folder in list(place.outlook.mailbox.children(place.outlook.folder("inbox"))):
        place.outlook.delete_folder(f"Inbox/{folder.name}")
    place.server.faults.clear()
    return place


def take(step: str, number: int, reader: Reader) -> None:
    """Do what a person or a server may do between two looks."""
    place, hands = reader.place, reader.place.outlook
    here = hands.items("inbox")
    junk = hands.items("junkemail")
    one: Any = here[number % len(here)] if here else None
    if step == "deliver":
        place.deliver(a_message(number))
    elif step == "look":
        reader.look()
    elif step == "forget":
        place.misbehave(Misbehaviour.FORGET, times=1)
    elif step == "renumber":
        place.renumber()
    elif step == "restore" and junk:
        hands.move(junk[0], "inbox")
    elif one is not None:
        {
            "junk": lambda: hands.move(one, "junkemail"),
            "project": lambda: hands.move(one, "Inbox/Projects"),
            "delete": lambda: hands.delete(one),
            "mark": lambda: hands.categorize(one, CATEGORY),
            "unmark": lambda: hands.categorize(one),
        }.get(step, lambda: None)()


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 50)), max_size=25), st.sampled_from(STEPS))
def test_looks_add_up_to_what_is_in_the_folders(
    running: ExchangePlace, steps: list[tuple[str, int]], last: str
) -> None:
    reader = Reader(emptied(running))
    # The last change follows a look at once: within one second, in which nothing else may show it.
    for step, number in [*steps, ("look", 0), (last, 0)]:
        take(step, number, reader)
    running.server.faults.clear()
    reader.look()
    there = {
        item.id: (folder, CATEGORY in item.categories())
        for name, folder in (("inbox", ""), ("Inbox/Projects", reader.tracked))
        for item in running.outlook.items(name)
    }
    assert {key: reader.known.get(key) for key in there} == there
    if not {"forget", "renumber"} & {last, *(step for step, _ in steps)}:
        # What a server has forgotten, or called anew, nobody can say to be gone.
        followed = {key for key, (folder, _) in reader.known.items() if folder in {"", reader.tracked}}
        assert followed == there.keys()
