"""The demonstration's appointments, contacts and tasks: what Eva sees at both of her desks."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from postroom.app.items import open_item_sides
from postroom.app.wiring import Postroom
from postroom.cli.scene import Scene
from postroom.passes.plan import PlannedAct, show_plan
from postroom.sandbox.company import EVA
from postroom.sandbox.exchange import ExchangeOffice
from postroom.tracking.category import TRACKED

GUEST = "guest@fabrikam.example"


@dataclass(frozen=True, slots=True)
class Calendar:
    """Eva's items in the CRM and in her mailbox."""

    postroom: Postroom
    office: ExchangeOffice
    #: Says how many messages have left for an address of the outside world.
    left_for: Callable[[str], int]
    mailbox: UUID
    user: UUID
    synchronize: Callable[[], None]

    def play(self) -> Iterator[Scene]:
        """Yield what happens, scene by scene; before each, the plan says what it will be."""
        self.synchronize()
        yield self._a_contact_goes_out()
        yield self._a_task_comes_in()
        yield self._a_meeting_is_made()
        yield self._a_series_loses_its_sameness()
        yield self._both_change_a_task()

    def _a_contact_goes_out(self) -> Scene:
        self._create("contact", firstname="Nora", lastname="New", emailaddress1="nora@new.example")
        planned = self._planned("create", "contact")
        self.synchronize()
        names = [item.text("contacts:DisplayName") for item in self._outlook().items("contacts")]
        good = planned is not None and any("Nora" in name for name in names)
        return Scene("Eva gets a contact in the CRM", "the plan says so, then it is in Outlook", good)

    def _a_task_comes_in(self) -> Scene:
        made = self._outlook().make("Task", "tasks", {"item:Subject": "Call Nora"})
        self.synchronize()
        before = self._rows("task", "Call Nora")
        self._outlook().categorize(made, TRACKED)
        planned = self._planned("create", "task")
        self.synchronize()
        good = not before and planned is not None and len(self._rows("task", "Call Nora")) == 1
        return Scene(
            "She puts the category on a task of hers in Outlook", "the CRM has it, and it alone", good
        )

    def _a_meeting_is_made(self) -> Scene:
        left = self.left_for(GUEST)
        start = self.postroom.clock.now().replace(microsecond=0) + timedelta(days=2)
        parties: list[dict[str, Any]] = [
            {"partyid": self.user, "partyobjecttypecode": "systemuser", "participationtypemask": mask}
            for mask in (5, 7)
        ]
        parties.append({"addressused": GUEST, "participationtypemask": 5})
        end = start + timedelta(hours=1)
        self._create("appointment", subject="Review", scheduledstart=start, scheduledend=end, parties=parties)
        planned = self._planned("create", "appointment")
        self.synchronize()
        self.synchronize()
        told = planned is not None and planned.to == (GUEST,)
        good = told and "Review" in self._outlook().subjects("calendar")
        good = good and self.left_for(GUEST) == left + 1
        return Scene(
            "She plans a meeting with a guest", f"the plan names the guest; {GUEST} is invited once", good
        )

    def _a_series_loses_its_sameness(self) -> Scene:
        start = self.postroom.clock.now().replace(microsecond=0) + timedelta(days=1)
        self._create(
            "recurringappointmentmaster",
            subject="Jour fixe",
            starttime=start,
            endtime=start + timedelta(hours=1),
            patternstartdate=start,
            recurrencepatterntype=1,
            daysofweekmask=1 << start.isoweekday() % 7,
            patternendtype=2,
            occurrences=4,
            parties=[{"partyid": self.user, "partyobjecttypecode": "systemuser", "participationtypemask": 7}],
        )
        planned = self._planned("create", "series")
        self.synchronize()
        second, third = self._days("Jour fixe")[1:3]
        later = second["scheduledstart"] + timedelta(hours=2)
        self._update(
            "appointment",
            second["activityid"],
            scheduledstart=later,
            scheduledend=later + timedelta(hours=1),
        )
        outlook = self._outlook()
        at = third["scheduledstart"]
        outlook.edit(outlook.occurrences(at, at + timedelta(hours=1))[0], "item:Subject", "With cake")
        self.synchronize()
        self.synchronize()
        moved = outlook.occurrences(later, later + timedelta(hours=1))
        good = planned is not None and [item.text("item:Subject") for item in moved] == ["Jour fixe"]
        good = good and [row["scheduledstart"] for row in self._days("With cake")] == [at]
        return Scene(
            "A weekly series: she moves a day in the CRM and renames one in Outlook",
            "the moved day is moved in Outlook, the renamed one renamed in the CRM",
            good,
        )

    def _days(self, subject: str) -> list[dict[str, Any]]:
        """Return the days of a series as the CRM has them, in the order in which they start."""
        rows = [row for row in self._rows("appointment", subject) if row["seriesid"] is not None]
        return sorted(rows, key=lambda row: row["scheduledstart"])

    def _both_change_a_task(self) -> Scene:
        (task,) = self._rows("task", "Call Nora")
        self._update("task", task["activityid"], subject="Call Nora today")
        outlook = self._outlook()
        outlook.edit(outlook.find("Call Nora", "tasks"), "item:Subject", "Call Nora tomorrow")
        planned = self._planned("update", "task")
        self.synchronize()
        with self.postroom.database.read() as connection:
            (lost,) = self.postroom.records.select(connection, "postroom_overwritten")
            now = self.postroom.records.get(connection, "task", task["activityid"])["subject"]
        good = planned is not None and "subject" in planned.overwritten
        good = good and lost["value"] != now and outlook.subjects("tasks") == [now]
        return Scene(
            "Both sides change the task's subject",
            f"“{now}” stands; “{lost['value']}” is kept and shown",
            good,
        )

    def _planned(self, doing: str, kind: str) -> PlannedAct | None:
        shown = show_plan(self.postroom.context(), self.mailbox, opener=open_item_sides)
        return next((act for act in shown.acts if (act.doing, act.kind) == (doing, kind)), None)

    def _outlook(self) -> Any:
        return self.office.outlook(EVA)

    def _create(self, table: str, **values: Any) -> UUID:
        with self.postroom.database.write() as connection:
            given = {"ownerid": self.user, **values}
            return self.postroom.records.create(connection, table, given)

    def _update(self, table: str, key: UUID, **values: Any) -> None:
        with self.postroom.database.write() as connection:
            self.postroom.records.update(connection, table, key, values)

    def _rows(self, table: str, subject: str) -> list[dict[str, Any]]:
        with self.postroom.database.read() as connection:
            rows = self.postroom.records.select(connection, table)
        return [row for row in rows if row["subject"] == subject]
