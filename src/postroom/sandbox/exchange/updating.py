"""The changes that UpdateItem makes to one item, and when they collide with others."""

from lxml import etree

from postroom.sandbox.exchange.completion import complete
from postroom.sandbox.exchange.incoming import take_message
from postroom.sandbox.exchange.item import Item, property_key
from postroom.sandbox.exchange.mailbox import Mailbox
from postroom.sandbox.exchange.names import first_child, local_name, t_element, t_name
from postroom.sandbox.exchange.paths import append_to_field, delete_field, set_field
from postroom.sandbox.exchange.refusal import Refusal
from postroom.sandbox.exchange.tasks import regenerate, was_completed
from postroom.sandbox.exchange.writing import read_base64

_READ = "message:IsRead"
_MIME = "item:MimeContent"
#: Fields that are no part of the message itself; with any other a draft is written anew.
_BESIDE = frozenset(
    {_READ, _MIME, "item:Categories", "item:Flag", "item:ReminderIsSet", "item:ReminderDueBy"}
)


def update(
    mailbox: Mailbox,
    item: Item,
    change: etree._Element,
    resolution: str,
    time_zone: etree._Element | None = None,
) -> None:
    """Make the changes of a t:ItemChange; `Refusal` when somebody else has made others meanwhile."""
    updates = change.find(t_name("Updates"))
    if updates is None or not len(updates):
        raise Refusal("ErrorInvalidRequest", "The request names no updates.")
    names = [_name(first_child(description)) for description in updates]
    refuse_conflict(mailbox, item, change[0].get("ChangeKey") or "", names, resolution)
    if names == [_READ] and local_name(updates[0]) == "SetItemField":
        value = (updates.findtext(f".//{t_name('IsRead')}") or "").strip()
        mailbox.set_read(item, "true" if value in ("true", "1") else "false")
        return
    # On a twin, so that a refusal in the middle leaves everything as it was.
    changed = item.twin(item.id, item.change_key, item.folder_id)
    for description in updates:
        apply(changed, description)
    complete(changed, item, time_zone, mailbox.now())
    _take_mime(mailbox, changed)
    is_done = item.kind == "Task" and was_completed(item, changed)
    item.fields, item.extended, item.departures = changed.fields, changed.extended, changed.departures
    item.mime, item.attachments = changed.mime, changed.attachments
    if is_done:
        regenerate(mailbox, item)
    if item.is_draft and not _BESIDE.issuperset(names):
        item.mime = None
    mailbox.change(item, *names)


def _take_mime(mailbox: Mailbox, item: Item) -> None:
    """Let MIME content that was written into the item replace what it said before."""
    given = item.fields.pop(_MIME, None)
    if given is None:
        return
    read = item.fields.get(_READ)
    take_message(mailbox, item, read_base64(given.text or ""))
    if read is not None:
        item.fields[_READ] = read


def refuse_conflict(mailbox: Mailbox, item: Item, change_key: str, names: list[str], resolution: str) -> None:
    """Refuse when the client's knowledge of the item is too old for what it wants to write."""
    # source: MS-OXWSCORE ConflictResolutionType
    if resolution == "AlwaysOverwrite" or change_key == item.change_key:
        return
    if not change_key:
        if resolution == "NeverOverwrite":
            raise Refusal("ErrorChangeKeyRequired", "The change key is required for this operation.")
        return
    known = mailbox.number_of(change_key)
    collides = any(item.touched.get(name, 0) > known for name in names)
    if resolution == "NeverOverwrite" or collides or not known:
        raise Refusal(
            "ErrorIrresolvableConflict",
            "The send or update operation could not be performed because the change key passed in the "
            "request does not match the current change key for the item.",
        )


def apply(item: Item, description: etree._Element) -> None:
    """Make the one change of a t:SetItemField, t:AppendToItemField or t:DeleteItemField."""
    path, action = first_child(description), local_name(description)
    if action == "DeleteItemField":
        delete_field(item, path)
        return
    given = description[1] if len(description) > 1 else t_element("Item")
    if len(given) != 1:
        raise Refusal("ErrorIncorrectUpdatePropertyCount", "An update writes one property, which is given.")
    if action == "AppendToItemField":
        append_to_field(item, path, given[0])
    else:
        set_field(item, path, given[0])


def _name(path: etree._Element) -> str:
    return property_key(path) if local_name(path) == "ExtendedFieldURI" else path.get("FieldURI") or ""
