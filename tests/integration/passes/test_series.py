"""Series kept in step between the store and an Exchange, with their changed and removed days."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.integration.passes.test_store_and_exchange import WholeDesk
from tests.integration.servers.test_exchange_series import DEPARTED, a_series
from tests.support.company import Company
from tests.support.exchange_items import CATEGORY, item_desk

from postroom.reconcile.item import Item, Span
from postroom.reconcile.notice import Notice, Rule, Sends
from postroom.reconcile.series import ChangedDay, Series
from postroom.sandbox.faults import Misbehaviour
from postroom.schema.choices import AppointmentState, AppointmentStatus, PatternEnd, RecurrencePattern

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
#: Ten in the morning in Berlin, two weeks before the clocks change.
FIRST = datetime(2027, 3, 15, 9, tzinfo=UTC)
HOUR, WEEK = timedelta(hours=1), timedelta(weeks=1)
THIRD = datetime(2027, 3, 29, 8, tzinfo=UTC)
SIX = [FIRST, FIRST + WEEK, *(THIRD + n * WEEK for n in range(4))]
GUEST = "guest@away.example"
MASTER = "recurringappointmentmaster"


class SeriesDesk(WholeDesk):
    """Ann's series in the CRM and in Outlook."""

    def begin(self, **values: Any) -> UUID:
        """Have a person make a series in the CRM: an hour each Monday, six times."""
        usual = {
            "subject": "Stand-up",
            "starttime": FIRST,
            "endtime": FIRST + HOUR,
            "recurrencepatterntype": int(RecurrencePattern.WEEKLY),
            "daysofweekmask": 2,
            "patternstartdate": FIRST,
            "patternendtype": int(PatternEnd.OCCURRENCES),
            "occurrences": 6,
            "postroom_timezone": "W. Europe Standard Time",
            "statuscode": int(AppointmentStatus.BUSY),
            "parties": [
                {"partyid": self.user, "partyobjecttypecode": "systemuser", "participationtypemask": 7}
            ],
        }
        return self.create(MASTER, **usual | values)

    def days(self) -> dict[datetime, dict[str, Any]]:
        return {row["originalstartdate"]: row for row in self.company.rows("appointment")}

    def change(self, at: datetime, **values: Any) -> None:
        """Have a person change one day in the CRM."""
        self.company.update("appointment", self.days()[at]["activityid"], **values)

    def remove(self, at: datetime) -> None:
        records = self.company.context.records
        with records.database.write() as connection:
            records.delete(connection, "appointment", self.days()[at]["activityid"])

    def in_outlook(self, at: datetime) -> Any:
        """Return what Outlook shows at that time."""
        return self.exchange.place.outlook.occurrences(at, at + HOUR / 2)[0]

    def pair(self) -> tuple[Item, Item]:
        ((crm, server),) = self.both()
        return crm, server

    def agreed(self) -> Series:
        """Return the series that both sides have; there is one, and nothing is left to be done."""
        crm, server = self.pair()
        assert self.plan().acts == ()
        assert crm.fields["recurrence"] == server.fields["recurrence"]
        assert crm.subject == server.subject
        series = crm.fields["recurrence"]
        assert isinstance(series, Series)
        return series


@pytest.fixture
def desk(company: Company) -> Iterator[SeriesDesk]:
    company.clock.at = NOW
    with item_desk() as exchange:
        yield SeriesDesk(company, exchange)


def test_a_series_of_the_crm_is_one_series_in_outlook(desk: SeriesDesk) -> None:
    desk.begin()
    desk.settle()
    series = desk.agreed()
    assert series.recurrence.occurrences == 6
    assert [desk.in_outlook(at).text("item:Subject") for at in SIX] == ["Stand-up"] * 6
    assert len(desk.exchange.place.outlook.items("calendar")) == 1


def test_a_moved_and_a_removed_day_travel_to_outlook_and_back(desk: SeriesDesk) -> None:
    desk.begin()
    desk.settle()
    desk.change(THIRD, scheduledstart=THIRD + HOUR, scheduledend=THIRD + 2 * HOUR, location="Room 2")
    desk.remove(SIX[4])
    desk.settle()
    series = desk.agreed()
    assert series.removed == (SIX[4],)
    span = Span(THIRD + HOUR, THIRD + 2 * HOUR)
    assert series.changed == (ChangedDay(THIRD, span, (("location", "Room 2"),)),)
    outlook = desk.exchange.place.outlook
    outlook.edit(desk.in_outlook(SIX[5]), "item:Subject", "Last one")
    outlook.delete(desk.in_outlook(SIX[1]))
    desk.settle()
    assert desk.agreed().removed == (SIX[1], SIX[4])
    assert desk.days()[SIX[5]]["subject"] == "Last one"
    assert set(desk.days()) == {SIX[0], SIX[2], SIX[3], SIX[5]}


def test_a_series_tracked_in_outlook_becomes_a_series_with_its_days(desk: SeriesDesk) -> None:
    exchange = desk.exchange
    item_id, _ = exchange.side.create(a_series(DEPARTED), "", Sends(Notice.NONE, Rule.NO_MEETING))
    exchange.place.outlook.categorize(exchange.stored(item_id), CATEGORY)
    desk.settle()
    assert desk.agreed() == DEPARTED
    (master,) = desk.company.rows(MASTER)
    assert (master["subject"], master["occurrences"], master["ownerid"]) == ("Stand-up", 6, desk.user)
    assert master["postroom_timezone"] == "W. Europe Standard Time"
    assert desk.days()[THIRD]["subject"] == "Longer"


def test_another_time_in_the_crm_moves_the_series_in_outlook(desk: SeriesDesk) -> None:
    series = desk.begin()
    desk.settle()
    desk.company.update(MASTER, series, starttime=FIRST + 2 * HOUR, occurrences=3)
    desk.settle()
    assert desk.agreed().first == Span(FIRST + 2 * HOUR, FIRST + 3 * HOUR)
    assert [len(desk.exchange.place.outlook.occurrences(at + 2 * HOUR, at + 3 * HOUR)) for at in SIX] == [
        1,
        1,
        1,
        0,
        0,
        0,
    ]


def test_a_series_that_is_lost_from_the_pairs_is_found_again_and_nobody_is_told(desk: SeriesDesk) -> None:
    desk.begin()
    desk.settle()
    desk.change(THIRD, location="Room 2")
    desk.settle()
    before = desk.agreed()
    records = desk.company.context.records
    for row in desk.company.rows("exchangesyncidmapping"):
        with records.database.write() as connection:
            records.delete(connection, "exchangesyncidmapping", row["exchangesyncidmappingid"], internal=True)
    desk.settle()
    assert desk.agreed() == before
    assert len(desk.company.rows(MASTER)) == 1
    assert len(desk.exchange.place.outlook.items("calendar")) == 1


def test_a_series_deleted_in_outlook_by_its_organizer_goes_from_the_crm_with_its_open_days(
    desk: SeriesDesk,
) -> None:
    desk.begin()
    desk.settle()
    desk.change(SIX[0], statecode=int(AppointmentState.COMPLETED))
    (stored,) = desk.exchange.place.outlook.items("calendar")
    desk.exchange.place.outlook.delete(stored)
    desk.settle()
    assert desk.company.rows(MASTER) == []
    assert set(desk.days()) == {SIX[0]}


def test_guests_of_a_series_are_invited_once_and_told_of_a_moved_day(desk: SeriesDesk) -> None:
    parties = [
        {"partyid": desk.user, "partyobjecttypecode": "systemuser", "participationtypemask": 7},
        {"addressused": GUEST, "participationtypemask": 5},
    ]
    desk.begin(parties=parties)
    desk.settle()
    told = len(desk.exchange.place.outlook.items("sentitems"))
    desk.change(THIRD, scheduledstart=THIRD + HOUR, scheduledend=THIRD + 2 * HOUR)
    (act,) = desk.plan().acts
    assert (act.doing, act.to) == ("update", (GUEST,))
    desk.settle()
    assert desk.agreed().changed
    assert len(desk.exchange.place.outlook.items("sentitems")) >= told


@pytest.mark.parametrize("operation", ["CreateItem", "UpdateItem", "DeleteItem"])
def test_an_answer_that_is_lost_on_the_way_doubles_nothing(desk: SeriesDesk, operation: str) -> None:
    desk.begin()
    desk.change(THIRD, location="Room 2")
    desk.remove(SIX[4])
    desk.exchange.place.misbehave(Misbehaviour.LOSE_ANSWER, operation=operation, times=1)
    for _ in range(4):
        desk.go()
    desk.settle()
    series = desk.agreed()
    assert (len(series.changed), series.removed) == (1, (SIX[4],))
    assert len(desk.exchange.place.outlook.items("calendar")) == 1


def test_a_series_that_outlook_could_not_say_is_left_alone_by_name(desk: SeriesDesk) -> None:
    desk.begin(occurrences=None, patternendtype=int(PatternEnd.NO_END_DATE), interval=500)
    desk.settle()
    assert desk.exchange.place.outlook.items("calendar") == []
    said = [row["errordetails"] for row in desk.company.rows("tracelog") if row["tracecode"] == 20]
    assert said == ["“Stand-up” (Exchange knows intervals up to 99, not 500.)"]


def test_days_are_counted_by_the_clocks_of_the_series_whoever_looks(desk: SeriesDesk) -> None:
    desk.begin(
        patternenddate=datetime(2027, 4, 5, tzinfo=UTC),
        patternendtype=int(PatternEnd.PATTERN_END_DATE),
        occurrences=None,
    )
    desk.settle()
    assert set(desk.days()) == set(SIX[:4])
    assert desk.agreed().recurrence.ends_on == date(2027, 4, 5)
