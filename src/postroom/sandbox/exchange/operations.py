"""The table of operations that the sandbox's Exchange can do."""

from collections.abc import Callable, Mapping
from typing import Final

from lxml import etree

from postroom.sandbox.exchange import attachments, configuration, folders, items, sync
from postroom.sandbox.exchange.answer import respond, respond_once
from postroom.sandbox.exchange.call import Call
from postroom.sandbox.exchange.conversion import convert_id
from postroom.sandbox.exchange.delegation import get_delegate
from postroom.sandbox.exchange.directory import Person, resolve_names
from postroom.sandbox.exchange.find import find_item
from postroom.sandbox.exchange.sending import send_item
from postroom.sandbox.exchange.timezones import answer_server_time_zones

#: Takes the payload of a request and returns the payload of the response.
Operation = Callable[[Call, etree._Element], etree._Element]


def _get_server_time_zones(call: Call, request: etree._Element) -> etree._Element:
    year = call.office.clock.now().year
    return respond_once(call.operation, lambda: answer_server_time_zones(request, year))


def _resolve_names(call: Call, request: etree._Element) -> etree._Element:
    people = [Person(mailbox.address, mailbox.name) for mailbox in call.office.mailboxes()]
    mailbox = call.office.find_mailbox(call.user)
    contacts = list(mailbox.get_standard("contacts").shown()) if mailbox else []
    return respond(call.operation, [resolve_names(request, people, contacts)])


def _subscribe(call: Call, request: etree._Element) -> etree._Element:
    def folder_of(element: etree._Element) -> str:
        return call.folder(element)[1].id

    return respond_once(
        call.operation,
        lambda: call.subscriptions.subscribe(request, call.mailbox.address, folder_of),
    )


def _unsubscribe(call: Call, request: etree._Element) -> etree._Element:
    return respond_once(call.operation, lambda: call.subscriptions.unsubscribe(request))


def _get_events(call: Call, request: etree._Element) -> etree._Element:
    return respond_once(call.operation, lambda: call.subscriptions.get_events(request))


OPERATIONS: Final[Mapping[str, Operation]] = {
    "ConvertId": convert_id,
    "CopyItem": items.copy_item,
    "CreateAttachment": attachments.create_attachment,
    "CreateFolder": folders.create_folder,
    "CreateItem": items.create_item,
    "CreateUserConfiguration": configuration.create_user_configuration,
    "DeleteAttachment": attachments.delete_attachment,
    "DeleteFolder": folders.delete_folder,
    "DeleteItem": items.delete_item,
    "DeleteUserConfiguration": configuration.delete_user_configuration,
    "EmptyFolder": folders.empty_folder,
    "FindFolder": folders.find_folder,
    "FindItem": find_item,
    "GetAttachment": attachments.get_attachment,
    "GetDelegate": get_delegate,
    "GetEvents": _get_events,
    "GetFolder": folders.get_folder,
    "GetItem": items.get_item,
    "GetServerTimeZones": _get_server_time_zones,
    "GetUserConfiguration": configuration.get_user_configuration,
    "MarkAllItemsAsRead": folders.mark_all_items_as_read,
    "MoveFolder": folders.move_folder,
    "MoveItem": items.move_item,
    "ResolveNames": _resolve_names,
    "SendItem": send_item,
    "Subscribe": _subscribe,
    "SyncFolderHierarchy": sync.sync_folder_hierarchy,
    "SyncFolderItems": sync.sync_folder_items,
    "Unsubscribe": _unsubscribe,
    "UpdateFolder": folders.update_folder,
    "UpdateItem": items.update_item,
    "UpdateUserConfiguration": configuration.update_user_configuration,
}
