"""Folders of the sandbox's Exchange, as exchangelib sees them."""

import pytest
import requests
from exchangelib import ExtendedProperty, Folder
from exchangelib.errors import (
    ErrorDeleteDistinguishedFolder,
    ErrorFolderExists,
    ErrorFolderNotFound,
    ErrorItemNotFound,
    ErrorMoveCopyFailed,
)
from exchangelib.fields import FieldPath
from exchangelib.folders import Calendar, Contacts, Inbox, Tasks
from exchangelib.services import GetFolder
from tests.support.ews_schema import Traffic
from tests.support.exchange import ANN, PASSWORD, Exchange, letter


class CommitTime(ExtendedProperty):
    property_tag = 0x670A
    property_type = "SystemTime"


class DeletedTotal(ExtendedProperty):
    property_tag = 0x670B
    property_type = "Integer"


def test_every_mailbox_has_the_standard_folders(exchange: Exchange) -> None:
    ann = exchange.account(ANN)

    shown = {folder.name: (type(folder), folder.folder_class) for folder in ann.root.walk()}

    assert shown["Inbox"] == (Inbox, "IPF.Note")
    assert shown["Calendar"] == (Calendar, "IPF.Appointment")
    assert shown["Contacts"] == (Contacts, "IPF.Contact")
    assert shown["Tasks"] == (Tasks, "IPF.Task")
    assert {"Sent Items", "Drafts", "Deleted Items", "Outbox", "Junk Email"} <= set(shown)
    assert ann.inbox.parent.name == "Top of Information Store"


def test_a_folder_is_made_renamed_moved_and_removed(exchange: Exchange) -> None:
    ann = exchange.account(ANN)
    projects = Folder(parent=ann.inbox, name="Projects").save()
    deep = Folder(parent=projects, name="Deep").save()
    assert exchange.office.outlook(ANN).folder("Inbox/Projects/Deep").id == deep.id
    assert [folder.name for folder in ann.inbox.walk()] == ["Projects", "Deep"]

    deep.name = "Deeper"
    deep.save()
    deep.move(to_folder=ann.inbox)

    ann.root.clear_cache()
    assert {folder.name for folder in ann.inbox.children} == {"Projects", "Deeper"}
    projects.delete()
    with pytest.raises(LookupError):
        exchange.office.outlook(ANN).folder("Inbox/Projects")


def test_two_folders_of_one_name_and_standard_folders_are_protected(exchange: Exchange) -> None:
    ann = exchange.account(ANN)
    Folder(parent=ann.inbox, name="Projects").save()

    with pytest.raises(ErrorFolderExists):
        Folder(parent=ann.inbox, name="projects").save()
    with pytest.raises(ErrorDeleteDistinguishedFolder):
        ann.calendar.delete()


def test_a_folder_cannot_be_moved_below_itself(exchange: Exchange) -> None:
    ann = exchange.account(ANN)
    outer = Folder(parent=ann.inbox, name="Outer").save()
    inner = Folder(parent=outer, name="Inner").save()

    with pytest.raises(ErrorMoveCopyFailed):
        outer.move(to_folder=inner)


def test_counts_follow_what_lies_in_a_folder(exchange: Exchange) -> None:
    ann = exchange.account(ANN)
    for subject in ("One", "Two", "Three"):
        exchange.office.deliver(ANN, letter(subject))
    outlook = exchange.office.outlook(ANN)
    outlook.mark_read(outlook.find("One"))

    ann.inbox.refresh()

    assert (ann.inbox.total_count, ann.inbox.unread_count, ann.inbox.child_folder_count) == (3, 2, 0)


def test_a_folder_tells_when_its_content_last_changed_and_how_much_was_taken_out(exchange: Exchange) -> None:
    ann = exchange.account(ANN)
    outlook = exchange.office.outlook(ANN)
    exchange.office.deliver(ANN, letter("One"))
    exchange.office.deliver(ANN, letter("Two"))
    outlook.destroy(outlook.find("One"))
    outlook.move(outlook.find("Two"), "deleteditems")
    Folder.register("commit_time", CommitTime)
    Folder.register("deleted_total", DeletedTotal)
    try:
        plain = Folder(root=ann.root, id=ann.inbox.id)
        fields = [field for field in Folder.FIELDS if field.name in ("commit_time", "deleted_total")]
        told = next(
            iter(
                GetFolder(account=ann).call(folders=[plain], additional_fields=_paths(fields), shape="IdOnly")
            )
        )
        assert told.deleted_total == 2
        assert told.commit_time.timestamp() == int(outlook.folder("inbox").content_at.timestamp())
    finally:
        Folder.deregister("commit_time")
        Folder.deregister("deleted_total")


def _paths(fields: list[object]) -> list[object]:
    return [FieldPath(field=field) for field in fields]


def test_folders_are_found_by_name_in_pages(exchange: Exchange) -> None:
    ann = exchange.account(ANN)
    for number in range(25):
        exchange.office.outlook(ANN).make_folder(f"Folder {number:02}", "inbox")

    found = list(ann.inbox.children)
    named = [folder.name for folder in ann.inbox.glob("Folder 0*")]

    assert len(found) == 25
    assert len(named) == 10


def test_the_hierarchy_tells_what_has_changed_since_a_state(exchange: Exchange) -> None:
    ann = exchange.account(ANN)
    outlook = exchange.office.outlook(ANN)
    kept, gone = outlook.make_folder("Kept"), outlook.make_folder("Gone")
    top = ann.root.tois
    first = list(top.sync_hierarchy())
    assert {"Kept", "Gone", "Inbox"} <= {folder.name for kind, folder in first if kind == "create"}

    outlook.rename_folder("Kept", "Renamed")
    outlook.delete_folder("Gone")
    outlook.make_folder("New", "inbox")

    told = [
        (kind, folder.id if kind == "delete" else folder.name)
        for kind, folder in top.sync_hierarchy(sync_state=top.folder_sync_state)
    ]
    assert sorted(told) == sorted([("update", "Renamed"), ("delete", gone.id), ("create", "New")])
    assert kept.id


def test_a_folder_that_is_not_there_is_said_to_be_so(exchange: Exchange) -> None:
    ann = exchange.account(ANN)
    folder = Folder(parent=ann.inbox, name="Brief").save()
    exchange.office.outlook(ANN).delete_folder("Inbox/Brief")

    with pytest.raises((ErrorItemNotFound, ErrorFolderNotFound)):
        folder.refresh()


def test_a_folder_is_emptied_into_the_deleted_items(exchange: Exchange) -> None:
    ann = exchange.account(ANN)
    for subject in ("One", "Two"):
        exchange.office.deliver(ANN, letter(subject))

    ann.inbox.empty(delete_type="MoveToDeletedItems")

    assert exchange.office.outlook(ANN).subjects() == []
    assert exchange.office.outlook(ANN).subjects("deleteditems") == ["One", "Two"]


def test_all_items_of_a_folder_are_marked_as_read_at_once(exchange: Exchange, ews_traffic: Traffic) -> None:
    for subject in ("One", "Two"):
        exchange.office.deliver(ANN, letter(subject))
    body = (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"'
        ' xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"'
        ' xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"><s:Body><m:MarkAllItemsAsRead>'
        "<m:ReadFlag>true</m:ReadFlag><m:SuppressReadReceipts>true</m:SuppressReadReceipts>"
        '<m:FolderIds><t:DistinguishedFolderId Id="inbox"/></m:FolderIds></m:MarkAllItemsAsRead></s:Body>'
        "</s:Envelope>"
    )

    answer = requests.post(exchange.url, data=body, auth=(ANN, PASSWORD), timeout=10)

    assert "NoError" in answer.text
    assert exchange.office.outlook(ANN).folder("inbox").unread_count == 0
    assert ews_traffic.heard == 2
