"""The demonstration's Exchange: what Eva does in her mail program, and what becomes of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from postroom.app.service import crew_of
from postroom.app.wiring import Postroom
from postroom.cli.calendar import Calendar
from postroom.cli.scene import Scene
from postroom.engine.fleet import run_due
from postroom.passes.issue import send_email
from postroom.passes.tracked_folders import find_folder, folders_of_inbox, track_folder
from postroom.passes.wish import Regarding
from postroom.sandbox.company import CARLA, EVA, eva_mail
from postroom.sandbox.exchange import ExchangeOffice
from postroom.schema.choices import EmailStatus, SetBy
from postroom.store import mailboxes, workloads
from postroom.tracking.category import TRACKED


@dataclass(frozen=True, slots=True)
class Desk:
    """Eva's mailbox on the sandbox's Exchange, and the Postroom that synchronizes it."""

    postroom: Postroom
    office: ExchangeOffice
    #: Says how many messages have left for an address of the outside world.
    left_for: Callable[[str], int]

    def play(self) -> Iterator[Scene]:
        """Yield what happens, scene by scene."""
        yield self._a_customer_writes()
        yield self._a_folder_is_tracked()
        yield self._mail_is_moved_there()
        yield self._the_folder_gets_another_record()
        yield self._the_category_is_put_on()
        yield self._the_category_is_taken_off()
        yield self._an_answer_is_sent()
        eva = self._key("systemuser", lambda row: row["internalemailaddress"] == EVA)
        yield from self._calendar(eva).play()

    def _calendar(self, eva: UUID) -> Calendar:
        return Calendar(self.postroom, self.office, self.left_for, self._mailbox(), eva, self._synchronize)

    def _a_customer_writes(self) -> Scene:
        self.office.deliver(EVA, eva_mail("Order", CARLA))
        self._synchronize()
        categories = self.office.outlook(EVA).find("Order").categories()
        good = self._tracked("Order") is not None and TRACKED in categories
        return Scene("A customer writes to Eva", f"tracked; in Outlook it bears “{TRACKED}”", good)

    def _a_folder_is_tracked(self) -> Scene:
        outlook = self.office.outlook(EVA)
        outlook.make_folder("Pump", "inbox")
        outlook.put(eva_mail("Pump rattles", "sam@stranger.example"), "Inbox/Pump")
        self._track("Pump", self._case("Leaking pump"))
        self._synchronize()
        good = self._regards("Pump rattles") == self._case("Leaking pump")
        return Scene(
            "Eva has the folder Inbox/Pump tracked for the case “Leaking pump”",
            "the stranger's mail that lay there is tracked and regards the case",
            good and self._row("Pump rattles")["postroom_trackedby"] == SetBy.FOLDER,
        )

    def _mail_is_moved_there(self) -> Scene:
        outlook = self.office.outlook(EVA)
        outlook.move(outlook.find("Order"), "Inbox/Pump")
        self._synchronize()
        good = self._regards("Order") == self._case("Leaking pump") and self._count("Order") == 1
        return Scene(
            "She moves the customer's mail into it", "it regards the case now; nothing is doubled", good
        )

    def _the_folder_gets_another_record(self) -> Scene:
        self._track("Pump", self._case("Late parts"))
        self._synchronize()
        wanted = self._case("Late parts")
        good = {self._regards("Order"), self._regards("Pump rattles")} == {wanted}
        return Scene("She gives the folder another case", "all mail in it follows", good)

    def _the_category_is_put_on(self) -> Scene:
        outlook = self.office.outlook(EVA)
        self.office.deliver(EVA, eva_mail("Fair invitation", "sam@stranger.example"))
        self._synchronize()
        untracked_before = self._tracked("Fair invitation") is None
        outlook.categorize(outlook.find("Fair invitation"), TRACKED)
        self._synchronize()
        good = untracked_before and self._tracked("Fair invitation") is not None
        return Scene("She puts the category on a mail that no rule tracked", "it is tracked", good)

    def _the_category_is_taken_off(self) -> Scene:
        outlook = self.office.outlook(EVA)
        outlook.categorize(outlook.find("Fair invitation"))
        self._synchronize()
        self._synchronize()
        good = not outlook.find("Fair invitation").categories() and self._count("Fair invitation") == 1
        return Scene("She takes it off again", "it stays off, and the e-mail stays in the store", good)

    def _an_answer_is_sent(self) -> Scene:
        email = self._write("Re: Order")
        self._synchronize()
        row = self._row_of(email)
        kept = row["subject"] in self.office.outlook(EVA).subjects("sentitems")
        good = row["statuscode"] == EmailStatus.SENT and kept
        return Scene("She answers from the CRM", "sent through Exchange, and kept in Sent Items", good)

    def _synchronize(self) -> None:
        """Run the passes of Eva's mailbox now."""
        key = self._mailbox()
        with self.postroom.database.write() as connection:
            workloads.hint(connection, [key], self.postroom.clock.now())
        run_due(crew_of(self.postroom), mailbox_ids=[key])

    def _mailbox(self) -> UUID:
        with self.postroom.database.read() as connection:
            return mailboxes.get_by_address(connection, EVA)

    def _track(self, folder: str, case: UUID) -> None:
        context, mailbox = self.postroom.context(), self._mailbox()
        found = find_folder(folders_of_inbox(context, mailbox), folder)
        track_folder(context, mailbox, found, Regarding("incident", case))

    def _write(self, subject: str) -> UUID:
        with self.postroom.database.write() as connection:
            eva = self._key("systemuser", lambda row: row["internalemailaddress"] == EVA)
            carla = self._key("contact", lambda row: row["emailaddress1"] == CARLA)
            parties = [
                {"partyid": eva, "partyobjecttypecode": "systemuser", "participationtypemask": 1},
                {"partyid": carla, "partyobjecttypecode": "contact", "participationtypemask": 2},
            ]
            parent = self._row("Order")["activityid"]
            values = {"subject": subject, "description": "<p>It is on its way.</p>", "parties": parties}
            values["parentactivityid"] = parent
            email = self.postroom.records.create(connection, "email", values)
        send_email(self.postroom.context(), email)
        return email

    def _case(self, title: str) -> UUID:
        return self._key("incident", lambda row: row["title"] == title)

    def _key(self, table: str, is_wanted: Callable[[dict[str, Any]], bool]) -> UUID:
        with self.postroom.database.read() as connection:
            rows = self.postroom.records.select(connection, table)
        key: UUID = next(row[f"{table}id"] for row in rows if is_wanted(row))
        return key

    def _rows(self, subject: str) -> list[dict[str, Any]]:
        with self.postroom.database.read() as connection:
            rows = self.postroom.records.select(connection, "email")
        return [row for row in rows if row["subject"] == subject and not row["directioncode"]]

    def _count(self, subject: str) -> int:
        return len(self._rows(subject))

    def _row(self, subject: str) -> dict[str, Any]:
        return self._rows(subject)[0]

    def _tracked(self, subject: str) -> dict[str, Any] | None:
        return next(iter(self._rows(subject)), None)

    def _regards(self, subject: str) -> UUID | None:
        row = self._tracked(subject)
        return row["regardingobjectid"] if row else None

    def _row_of(self, email: UUID) -> dict[str, Any]:
        with self.postroom.database.read() as connection:
            return self.postroom.records.get(connection, "email", email)
