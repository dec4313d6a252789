"""SyncFolderItems of the sandbox's Exchange: each change is told once, whatever happened in between."""

import pytest
from exchangelib.errors import ErrorInvalidSyncStateData, ErrorSchemaValidation, ErrorSyncFolderNotFound
from exchangelib.fields import FieldPath
from exchangelib.folders import Inbox
from exchangelib.services import SyncFolderItems
from tests.support.ews_schema import Traffic
from tests.support.exchange import ANN, Exchange, letter

from postroom.sandbox.faults import Fault, Misbehaviour

Told = list[tuple[str, str]]


def _sync(inbox: Inbox, *, ignore: list[object] | None = None) -> Told:
    told = []
    for kind, item in inbox.sync_items(
        sync_state=inbox.item_sync_state, only_fields=["subject"], ignore=ignore, max_changes_returned=512
    ):
        if kind == "read_flag_change":
            told.append((kind, f"{item[0].id[-8:]} {item[1]}"))
        else:
            told.append((kind, item.id[-8:] if kind == "delete" else item.subject))
    return told


def test_the_first_time_everything_is_new_and_the_second_time_nothing(exchange: Exchange) -> None:
    for subject in ("One", "Two"):
        exchange.office.deliver(ANN, letter(subject))
    inbox = exchange.account(ANN).inbox

    assert _sync(inbox) == [("create", "One"), ("create", "Two")]
    assert _sync(inbox) == []


def test_changes_of_every_kind_are_told(exchange: Exchange) -> None:
    for subject in ("Read", "Edited", "Gone", "Moved"):
        exchange.office.deliver(ANN, letter(subject))
    inbox, outlook = exchange.account(ANN).inbox, exchange.office.outlook(ANN)
    _sync(inbox)
    read, gone, moved = (outlook.find(subject) for subject in ("Read", "Gone", "Moved"))

    outlook.mark_read(read)
    outlook.categorize(outlook.find("Edited"), "Red")
    outlook.destroy(gone)
    outlook.move(moved, "junkemail")
    exchange.office.deliver(ANN, letter("New"))

    assert _sync(inbox) == [
        ("read_flag_change", f"{read.id[-8:]} True"),
        ("update", "Edited"),
        ("delete", gone.id[-8:]),
        ("delete", moved.id[-8:]),
        ("create", "New"),
    ]


def test_what_came_and_went_in_between_is_not_told(exchange: Exchange) -> None:
    inbox, outlook = exchange.account(ANN).inbox, exchange.office.outlook(ANN)
    _sync(inbox)

    exchange.office.deliver(ANN, letter("Brief"))
    outlook.mark_read(outlook.find("Brief"))
    outlook.destroy(outlook.find("Brief"))

    assert _sync(inbox) == []


def test_a_large_folder_comes_in_pages_of_512_and_nothing_is_lost_between_them(exchange: Exchange) -> None:
    for number in range(1100):
        exchange.office.deliver(ANN, letter(f"{number:04}"))
    ann = exchange.account(ANN)
    service = SyncFolderItems(account=ann)
    outlook = exchange.office.outlook(ANN)
    subject = {FieldPath(field=Inbox.get_item_field_by_fieldname("subject"))}
    state, pages = None, []
    while True:
        page = list(
            service.call(
                folder=ann.inbox,
                shape="IdOnly",
                additional_fields=subject,
                sync_state=state,
                ignore=None,
                max_changes_returned=512,
                sync_scope=None,
            )
        )
        pages.append([(kind, item.id) for kind, item in page])
        state = service.sync_state
        if service.includes_last_item_in_range:
            break
        if len(pages) == 1:
            # An item of a later page is changed before that page is asked for.
            outlook.categorize(outlook.find("0900"), "Red")

    assert [len(page) for page in pages[:2]] == [512, 512]
    told = [entry for page in pages for entry in page if entry[0] == "create"]
    assert len({item_id for _, item_id in told}) == len(told) == 1100


def test_more_than_512_changes_at_once_are_refused(exchange: Exchange, ews_traffic: Traffic) -> None:
    ews_traffic.forgive()
    inbox = exchange.account(ANN).inbox

    with pytest.raises(ErrorSchemaValidation, match="between 1 and 512"):
        list(inbox.sync_items(max_changes_returned=513))


def test_ignored_items_are_not_told(exchange: Exchange) -> None:
    for subject in ("Mine", "Other"):
        exchange.office.deliver(ANN, letter(subject))
    ann = exchange.account(ANN)

    assert _sync(ann.inbox, ignore=[ann.inbox.get(subject="Mine")]) == [("create", "Other")]


def test_a_state_that_is_forgotten_foreign_or_no_state_is_refused(exchange: Exchange) -> None:
    ann = exchange.account(ANN)
    list(ann.inbox.sync_items())
    state = ann.inbox.item_sync_state

    for folder, bad in ((ann.junk, state), (ann.inbox, "bm9uc2Vuc2U="), (ann.inbox, "%%%")):
        with pytest.raises(ErrorInvalidSyncStateData):
            list(folder.sync_items(sync_state=bad))
    exchange.server.faults.add(Fault(Misbehaviour.FORGET, times=1))
    with pytest.raises(ErrorInvalidSyncStateData):
        list(ann.inbox.sync_items(sync_state=state))
    assert list(ann.inbox.sync_items(sync_state=state)) == []


def test_a_folder_that_is_gone_is_said_to_be_so(exchange: Exchange) -> None:
    exchange.office.outlook(ANN).make_folder("Brief", "inbox")
    folder = next(iter(exchange.account(ANN).inbox.children))
    exchange.office.outlook(ANN).delete_folder("Inbox/Brief")

    with pytest.raises(ErrorSyncFolderNotFound):
        list(folder.sync_items())
