"""What is written into an item on Exchange is what is read from it, and the requests follow the schema."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.ews_schema import Traffic
from tests.support.exchange_items import BERLIN, ItemDesk
from tests.support.exchange_place import ExchangePlace

from postroom.reconcile.fields import NAMED, canonical_fields
from postroom.reconcile.item import Attendee, Item, Kind, Span, Value
from postroom.reconcile.notice import Notice, Rule, Sends
from postroom.reconcile.status import ShowAs, TaskProgress
from postroom.reconcile.values import PersonName, PostalAddress, Regarding
from postroom.sandbox.faults import Faults
from postroom.schema.choices import Priority
from postroom.servers.exchange.channel import close_channels

QUIET = Sends(Notice.NONE, Rule.NO_MEETING)
NOON = datetime(2027, 3, 2, 12, 0, tzinfo=UTC)
CHARACTERS = st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Cn"))
LINES = st.text(CHARACTERS, max_size=30).map(lambda text: " ".join(text.split())).map(lambda t: t or None)
BODIES = st.lists(LINES.map(lambda line: line or ""), max_size=4).map("\n".join)
MOMENTS = st.integers(0, 100 * 365 * 24 * 3600).map(
    lambda seconds: datetime(1990, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
PEOPLE = st.frozensets(
    st.integers(1, 30).map(lambda n: Attendee(f"person{n}@away.example", f"person{n}@away.example")),
    max_size=4,
).map(lambda people: people or None)
SPANS = st.builds(
    lambda start, length: Span(start, start + length),
    MOMENTS,
    st.integers(0, 60 * 24 * 9).map(lambda minutes: timedelta(minutes=minutes)),
)
WHOLE_DAYS = st.builds(
    lambda day, days, zone: Span(
        datetime.combine(day, time(), zone).astimezone(UTC),
        datetime.combine(day + timedelta(days=days), time(), zone).astimezone(UTC),
        True,
    ),
    st.dates(date(1990, 1, 1), date(2090, 1, 1)),
    st.integers(1, 9),
    st.sampled_from((UTC, BERLIN.zone)),
)
REGARDING = st.builds(Regarding, st.sampled_from(("account", "lead")), st.uuids().map(str))
COMMON = {
    "subject": LINES,
    "body": BODIES,
    "importance": st.sampled_from(Priority),
    "regarding": st.none() | REGARDING,
}
DAYS = st.none() | st.dates(date(1901, 1, 1), date(2090, 1, 1))


def _or_none(kind: type[PersonName] | type[PostalAddress], count: int) -> st.SearchStrategy[Value]:
    return st.tuples(*[LINES] * count).map(lambda parts: kind(*parts) if any(parts) else None)


def _filled_from_the_top(address: PostalAddress | None) -> PostalAddress | None:
    """Return the address without an empty line above a full one; Exchange has one text of lines."""
    if address is None:
        return None
    lines = [line for line in address[:3] if line]
    return PostalAddress(*[*lines, None, None, None][:3], *address[3:])


ADDRESSES = _or_none(PostalAddress, 7).map(_filled_from_the_top)
PAGES = st.none() | st.from_regex(r"https://[a-z]{1,9}[.]example/[a-z0-9/~-]{0,9}", fullmatch=True)
CONTACT = {
    name: {
        "full_name": _or_none(PersonName, 5),
        "body": BODIES,
        "web_page": PAGES,
        "birthday": DAYS,
        "anniversary": DAYS,
    }.get(name, ADDRESSES if name.endswith("_address") else LINES)
    for name in NAMED[Kind.CONTACT]
}
FIELDS = {
    Kind.APPOINTMENT: COMMON
    | {
        "time": SPANS | WHOLE_DAYS,
        "location": LINES,
        "show_as": st.sampled_from(ShowAs),
        "required": PEOPLE,
        "optional": PEOPLE,
    },
    Kind.TASK: COMMON
    | {
        "start": st.none() | MOMENTS,
        "due": st.none() | MOMENTS,
        "status": st.just(TaskProgress.IN_PROGRESS),
        "percent": st.integers(1, 99),
    },
    Kind.CONTACT: CONTACT,
}


@pytest.fixture(scope="module")
def desk() -> Iterator[ItemDesk]:
    traffic = Traffic()
    place = ExchangePlace(Faults(), {}, also=traffic.hear)
    with place.server:
        yield ItemDesk(place)
        close_channels()
    assert traffic.violations == []


@pytest.mark.parametrize("kind", FIELDS, ids=lambda kind: kind.value)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_fields_that_are_made_and_changed_come_back(desk: ItemDesk, kind: Kind, data: st.DataObject) -> None:
    made = {name: value for name, given in FIELDS[kind].items() if (value := data.draw(given)) is not None}
    draft = Item("", "", kind, made, NOON)
    item_id, version = desk.side.create(draft, uuid4().hex, QUIET)
    _same(desk.read(item_id).fields, made, kind)
    names = data.draw(st.sets(st.sampled_from(sorted(FIELDS[kind]))))
    changed = {name: data.draw(FIELDS[kind][name]) for name in sorted(names)}
    after = desk.side.update(item_id, version, changed, QUIET)
    read = desk.read(item_id)
    assert read.version == after
    _same(read.fields, {**made, **changed}, kind)


def _same(read: dict[str, Value], written: dict[str, Value], kind: Kind) -> None:
    expected = canonical_fields(kind, written)
    assert {name: read.get(name) for name in expected} == expected
