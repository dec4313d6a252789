"""Files of appointments kept in step between the store and an Exchange: by setting, once, latest wins."""

import base64
from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from tests.support.company import Company
from tests.support.ews_schema import Traffic
from tests.support.exchange_items import BERLIN, CATEGORY, ItemDesk, item_desk
from tests.support.guid_items import Desk
from tests.support.synchronizing import NOON

from postroom.configuration.attachments import AttachmentRules
from postroom.reconcile.files import files_in
from postroom.sandbox.exchange.item import Attachment
from postroom.sandbox.exchange.item import Item as Stored
from postroom.sandbox.faults import Misbehaviour
from postroom.schema.choices import AppointmentStatus
from postroom.servers.exchange.items.frame import Frame
from postroom.store import alerts, filters
from postroom.store.items.files import RecordFiles
from postroom.store.items.side import StoreItems

RULES = AttachmentRules(10_000, frozenset({"exe"}))
START = NOON + timedelta(days=3)
Contents = dict[str, bytes]


class FilesDesk(Desk):
    """Ann's appointments, and her mailbox on an Exchange."""

    def __init__(self, company: Company, exchange: ItemDesk) -> None:
        super().__init__(company)
        self.exchange = exchange
        self.records = company.context.records
        with self.records.database.write() as connection:
            filters.populate(self.records, connection, self.user)
        files = RecordFiles(company.context.blobs, RULES, threshold=100)
        self.crm = StoreItems(self.records, self.user, files=files)  # type: ignore[assignment]
        self.server = exchange.side  # type: ignore[assignment]
        # The sandbox's mailbox has an address of its own, which is hers too.
        company.update("systemuser", self.user, personalemailaddress=BERLIN.address)
        self.switch(on=True)

    def switch(self, *, on: bool) -> None:
        """Have an administrator switch the synchronization of attachments on or off."""
        organization = self.company.rows("organization")[0]["organizationid"]
        self.company.update("organization", organization, isappointmentattachmentsyncenabled=on)

    def appointment(self, subject: str = "Review") -> UUID:
        """Have a person make an appointment in the CRM."""
        return self.company.create(
            "appointment",
            ownerid=self.user,
            subject=subject,
            scheduledstart=START,
            scheduledend=START + timedelta(hours=1),
            statuscode=int(AppointmentStatus.BUSY),
            parties=[{"partyid": self.user, "partyobjecttypecode": "systemuser", "participationtypemask": 7}],
        )

    def upload(self, record: UUID, **files: bytes) -> None:
        """Have a person attach files in the CRM; of names _ stands for the dot."""
        self.later()
        for name, content in files.items():
            body = base64.b64encode(content).decode()
            values = {"filename": name.replace("_", "."), "mimetype": "text/plain", "body": body}
            self.company.create(
                "activitymimeattachment", objectid=record, objecttypecode="appointment", **values
            )

    def take_off(self, record: UUID, name: str) -> None:
        """Have a person remove a file in the CRM."""
        self.later()
        (row,) = self.company.rows("activitymimeattachment", objectid=record, filename=name)
        with self.records.database.write() as connection:
            self.records.delete(connection, "activitymimeattachment", row["activitymimeattachmentid"])

    def tracked(self, **files: bytes) -> Stored:
        """Have Ann make an appointment in Outlook and track it."""
        item = self.exchange.make("CalendarItem", "Review")
        self.attach(item.id, **files)
        self.exchange.place.outlook.categorize(self.exchange.stored(item.id), CATEGORY)
        return self.exchange.stored(item.id)

    def attach(self, item_id: str, *also: Attachment, **files: bytes) -> None:
        """Have Ann attach files in Outlook, in the place of those with their names."""
        item, mailbox = self.exchange.stored(item_id), self.exchange.place.outlook.mailbox
        names = {name.replace("_", "."): content for name, content in files.items()}
        rest = [each for each in item.attachments if each.name not in names]
        new = [Attachment(name, content=made, modified_at=self.later()) for name, made in names.items()]
        item.attachments = [*rest, *new, *also]
        mailbox.change(item, "item:Attachments")

    def later(self) -> datetime:
        """Let time pass."""
        self.company.clock.at += timedelta(minutes=1)
        return self.company.clock.at

    @property
    def item(self) -> Stored:
        """The only appointment in Outlook."""
        (item,) = self.exchange.place.outlook.items("calendar")
        return item

    def in_outlook(self) -> Contents:
        """Return the files in Outlook; none of them is there twice."""
        names = [each.name for each in self.item.attachments]
        assert len(names) == len(set(names)), "a file is there twice"
        return {each.name: each.content for each in self.item.attachments}

    def in_crm(self) -> Contents:
        """Return the files in the CRM; none of them is there twice."""
        (item,) = [item for page in self.crm.changes(None) for item in page.items]
        files = files_in(item.fields.get("attachments"))
        names = [each.name for each in files]
        assert len(names) == len(set(names)), "a file is there twice"
        return {each.name: b"".join(each.content.chunks()) for each in files}

    def settled(self, files: Contents) -> None:
        """Keep in step and expect these files on both sides, and then nothing more to be done."""
        for _ in range(12):
            result = self.go()
            if result.failure is None and not result.items:
                break
        assert self.in_outlook() == self.in_crm() == files
        assert self.plan().acts == ()

    def asked(self, *operations: str) -> list[str]:
        """Return how often these operations were asked for since the last time."""
        found = [each for each in self.exchange.place.requests if each in operations]
        self.exchange.place.requests.clear()
        return found


FILES = Frame(
    BERLIN.address,
    BERLIN.zone,
    BERLIN.zone_name,
    BERLIN.category,
    BERLIN.organization,
    BERLIN.is_colleague,
    files=RULES,
)
_MOVING = ("GetAttachment", "CreateAttachment", "DeleteAttachment", "UpdateItem")


@pytest.fixture
def desk(company: Company) -> Iterator[FilesDesk]:
    """Ann's desk."""
    company.clock.at = NOON
    traffic = Traffic()
    with item_desk(frame=FILES) as exchange:
        exchange.place.also = traffic.hear
        yield FilesDesk(company, exchange)
    assert traffic.violations == []


def test_files_of_the_crm_reach_outlook_and_are_not_moved_again(desk: FilesDesk) -> None:
    record = desk.appointment()
    desk.upload(record, agenda_txt=b"1. Numbers", long_txt=b"x" * 5000, empty_txt=b"")
    desk.settled({"agenda.txt": b"1. Numbers", "long.txt": b"x" * 5000, "empty.txt": b""})
    desk.asked()
    assert desk.go().items == 0
    assert desk.asked(*_MOVING) == []


def test_files_of_outlook_reach_the_crm_and_are_kept_once_per_content(desk: FilesDesk) -> None:
    desk.tracked(agenda_txt=b"1. Numbers", copy_txt=b"1. Numbers", long_txt=b"x" * 5000)
    desk.settled({"agenda.txt": b"1. Numbers", "copy.txt": b"1. Numbers", "long.txt": b"x" * 5000})
    assert len(desk.company.rows("attachment")) == 2
    (row,) = desk.company.rows("appointment")
    assert (row["attachmentcount"], row["attachmenterrors"]) == (3, 0)


def test_another_file_moves_alone(desk: FilesDesk) -> None:
    item = desk.tracked(one_txt=b"1")
    desk.settled({"one.txt": b"1"})
    desk.asked()
    desk.attach(item.id, two_txt=b"22")
    desk.settled({"one.txt": b"1", "two.txt": b"22"})
    assert desk.asked("GetAttachment") == ["GetAttachment"]
    (row,) = desk.company.rows("appointment")
    desk.upload(row["activityid"], three_txt=b"333")
    desk.settled({"one.txt": b"1", "two.txt": b"22", "three.txt": b"333"})
    assert desk.asked("GetAttachment", "CreateAttachment") == ["CreateAttachment"]


def test_a_file_that_was_replaced_or_taken_off_is_so_on_the_other_side(desk: FilesDesk) -> None:
    record = desk.appointment()
    desk.upload(record, one_txt=b"old", two_txt=b"two")
    desk.settled({"one.txt": b"old", "two.txt": b"two"})
    desk.take_off(record, "one.txt")
    desk.upload(record, one_txt=b"new")
    desk.settled({"one.txt": b"new", "two.txt": b"two"})
    desk.attach(desk.item.id, two_txt=b"TWO!")
    desk.settled({"one.txt": b"new", "two.txt": b"TWO!"})
    desk.take_off(record, "one.txt")
    desk.take_off(record, "two.txt")
    desk.settled({})


def test_a_file_that_was_changed_in_place_in_the_crm_reaches_outlook(desk: FilesDesk) -> None:
    record = desk.appointment()
    desk.upload(record, one_txt=b"old")
    desk.settled({"one.txt": b"old"})
    (row,) = desk.company.rows("activitymimeattachment")
    body = base64.b64encode(b"new").decode()
    desk.later()
    desk.company.update("activitymimeattachment", row["activitymimeattachmentid"], body=body)
    desk.settled({"one.txt": b"new"})


def test_what_both_sides_had_before_they_were_synchronized_is_united(desk: FilesDesk) -> None:
    item = desk.tracked()
    desk.switch(on=False)
    desk.settle()
    desk.switch(on=True)
    (row,) = desk.company.rows("appointment")
    desk.attach(item.id, ours_txt=b"Outlook's")
    desk.upload(row["activityid"], mine_txt=b"the CRM's")
    desk.settled({"ours.txt": b"Outlook's", "mine.txt": b"the CRM's"})


@pytest.mark.parametrize("operation", ["CreateItem", "CreateAttachment", "UpdateItem", "GetItem"])
@pytest.mark.parametrize("kind", [Misbehaviour.LOSE_ANSWER, Misbehaviour.CLOSE])
@pytest.mark.parametrize("number", [0, 1])
def test_no_file_is_lost_or_doubled_when_an_answer_is_lost(
    desk: FilesDesk, operation: str, kind: Misbehaviour, number: int
) -> None:
    record = desk.appointment()
    desk.upload(record, one_txt=b"1", two_txt=b"22")
    desk.exchange.place.misbehave_after(number, kind, operation=operation)
    desk.settled({"one.txt": b"1", "two.txt": b"22"})
    desk.upload(record, three_txt=b"333", four_txt=b"4444")
    desk.take_off(record, "one.txt")
    desk.exchange.place.misbehave_after(number, kind, operation=operation)
    desk.settled({"two.txt": b"22", "three.txt": b"333", "four.txt": b"4444"})


def test_what_breaks_a_rule_stays_where_it_is_with_an_alert_and_the_rest_goes_on(desk: FilesDesk) -> None:
    message = Attachment("Re: numbers", item=desk.exchange.make("Task", "attached"), modified_at=NOON)
    picture = Attachment("logo.png", content=b"png", is_inline=True, modified_at=NOON)
    item = desk.tracked(good_txt=b"good", setup_exe=b"bad", big_txt=b"x" * 20_000)
    desk.attach(item.id, message, picture)
    desk.settle()
    (row,) = desk.company.rows("appointment")
    assert (row["attachmentcount"], row["attachmenterrors"]) == (1, 1)
    with desk.records.database.read() as connection:
        (alert,) = [
            each for each in alerts.alerts_on(connection, desk.mailbox) if "Attachments" in each["text"]
        ]
    for words in ("setup.exe”: the extension “exe” is blocked", "big.txt”: it is larger", "it is an item of"):
        assert words in alert["errordetails"]
    desk.upload(row["activityid"], more_txt=b"more")
    desk.settle()
    names = {each.name for each in desk.item.attachments}
    assert names == {"good.txt", "setup.exe", "big.txt", "more.txt", "Re: numbers", "logo.png"}
    assert desk.plan().acts == ()


def test_without_the_setting_no_file_moves_and_none_is_asked_for(company: Company) -> None:
    company.clock.at = NOON
    with item_desk() as exchange:
        desk = FilesDesk(company, exchange)
        desk.crm = StoreItems(desk.records, desk.user)  # type: ignore[assignment]
        desk.switch(on=False)
        desk.tracked(one_txt=b"1")
        desk.settle()
        (row,) = company.rows("appointment")
        assert row["attachmentcount"] == 0
