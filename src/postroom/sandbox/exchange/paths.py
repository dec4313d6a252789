"""Fields by the elements that name them: looked up, compared, written and removed."""

import copy
from collections.abc import Callable, Iterator, Mapping

from lxml import etree

from postroom.sandbox.exchange.appointments import meeting_property
from postroom.sandbox.exchange.derived import DERIVED, header_elements, headers_of
from postroom.sandbox.exchange.item import Item, property_key, property_values, write_instant
from postroom.sandbox.exchange.mailbox import Mailbox
from postroom.sandbox.exchange.names import EXTENDED, FIELDS, local_name, t_element, t_name
from postroom.sandbox.exchange.normal_form import ADDRESS_PARTS, normalize
from postroom.sandbox.exchange.refusal import Refusal

_HEADER = "item:InternetMessageHeader"
#: The field in which the entries of an indexed field lie.
_DICTIONARIES: Mapping[str, str] = {
    "contacts:EmailAddress": "contacts:EmailAddresses",
    "contacts:PhoneNumber": "contacts:PhoneNumbers",
    "contacts:ImAddress": "contacts:ImAddresses",
    "contacts:PhysicalAddress": "contacts:PhysicalAddresses",
}
#: What stands beside addresses and isn't meant when people are searched for.
_ASIDE = frozenset(map(t_name, ("RoutingType", "MailboxType")))


def stored_or_derived(mailbox: Mailbox, item: Item, uri: str) -> etree._Element | None:
    """Return the element of a field, ready to be put into an answer, or None when it has no value."""
    stored = item.fields.get(uri)
    if stored is not None:
        return copy.deepcopy(stored)
    return DERIVED[uri](mailbox, item) if uri in DERIVED else None


def find_field(mailbox: Mailbox, item: Item, path: etree._Element) -> tuple[str, etree._Element] | None:
    """Return the field that a path element names and its URI, or None when it has no value."""
    name = local_name(path)
    if name == "ExtendedFieldURI":
        found = find_property(item, path)
        return None if found is None else (EXTENDED, found)
    uri = path.get("FieldURI") or ""
    if name == "FieldURI":
        element = stored_or_derived(mailbox, item, uri)
        return None if element is None else (uri, element)
    if name == "IndexedFieldURI":
        return _find_entry(mailbox, item, uri, path.get("FieldIndex") or "")
    raise Refusal("ErrorInvalidPropertyRequest", f"A field can't be named by {name}.")


def find_property(item: Item, path: etree._Element) -> etree._Element | None:
    """Return the extended property that a path names, stored or derived, or None."""
    key = property_key(path)
    stored = item.extended.get(key)
    if stored is not None:
        return copy.deepcopy(stored)
    value = _derived_property(item, key)
    if not value:
        return None
    element = t_element("ExtendedProperty")
    element.extend((copy.deepcopy(path), t_element("Value", value)))
    return element


# source: MS-OXPROPS PidTagTransportMessageHeaders and others
_TEXTS: Mapping[str, str] = {
    "tag 0x37 String": "item:Subject",
    "tag 0x1a String": "item:ItemClass",
    "tag 0x1035 String": "message:InternetMessageId",
    "tag 0x1042 String": "item:InReplyTo",
    "tag 0x1039 String": "message:References",
    "tag 0x70 String": "message:ConversationTopic",
    "tag 0x71 Binary": "message:ConversationIndex",
    "tag 0x39 SystemTime": "item:DateTimeSent",
}
_COUNTED: Mapping[str, Callable[[Item], str]] = {
    "tag 0x7d String": lambda item: "".join(f"{name}: {value}\r\n" for name, value in headers_of(item)),
    "tag 0xe06 SystemTime": lambda item: write_instant(item.received_at),
    "tag 0xe08 Integer": lambda item: str(item.size),
    "tag 0x3007 SystemTime": lambda item: write_instant(item.created_at),
    "tag 0x3008 SystemTime": lambda item: write_instant(item.modified_at),
}


def _derived_property(item: Item, key: str) -> str:
    """Return the value of a property that follows from the fields, or empty."""
    if key in _TEXTS:
        return item.text(_TEXTS[key])
    return _COUNTED[key](item) if key in _COUNTED else meeting_property(item, key)


def values_of(mailbox: Mailbox, item: Item, path: etree._Element) -> list[str]:
    """Return the texts of a field for comparing; none when it has no value."""
    found = find_field(mailbox, item, path)
    if found is None:
        return []
    uri, element = found
    if uri == EXTENDED:
        return list(property_values(element))
    return [leaf.text or "" for leaf in _leaves(element)]


def _leaves(element: etree._Element) -> Iterator[etree._Element]:
    return (each for each in element.iter() if not len(each) and each.tag not in _ASIDE)


def _find_entry(mailbox: Mailbox, item: Item, uri: str, index: str) -> tuple[str, etree._Element] | None:
    if uri == _HEADER:
        headers = header_elements(item, index)
        return None if headers is None else ("item:InternetMessageHeaders", headers)
    holder_uri, part = _dictionary(uri)
    holder = stored_or_derived(mailbox, item, holder_uri)
    if holder is None:
        return None
    for entry in list(holder):
        if entry.get("Key") != index:
            holder.remove(entry)
        elif part:
            for child in [child for child in entry if local_name(child) != part]:
                entry.remove(child)
    is_empty = not len(holder) or (part and not len(holder[0]))
    return None if is_empty else (holder_uri, holder)


def _dictionary(uri: str) -> tuple[str, str]:
    """Return the field in which an indexed field lies, and the part of an entry that it names."""
    prefix, name, *part = f"{uri}:".split(":")[:3]
    holder = _DICTIONARIES.get(f"{prefix}:{name}")
    if holder is None:
        raise Refusal("ErrorInvalidPropertyRequest", f"There is no indexed field {uri[:60]}.")
    return holder, part[0] if part else ""


def set_field(item: Item, path: etree._Element, element: etree._Element) -> None:
    """Write a field; `element` is the one that holds the value, within an item's element."""
    name = local_name(path)
    if name == "ExtendedFieldURI":
        item.extended[property_key(path)] = copy.deepcopy(element)
    elif name == "IndexedFieldURI":
        _set_entry(item, path, element)
    else:
        uri = _settable(item, path.get("FieldURI") or "")
        item.fields[uri] = normalize(uri, copy.deepcopy(element))


def append_to_field(item: Item, path: etree._Element, element: etree._Element) -> None:
    """Add to a field: text to a body, people to recipients."""
    uri = _settable(item, path.get("FieldURI") or "")
    present = item.fields.get(uri)
    if present is None:
        item.fields[uri] = copy.deepcopy(element)
    elif len(element):
        present.extend(copy.deepcopy(child) for child in element)
    else:
        present.text = (present.text or "") + (element.text or "")


def delete_field(item: Item, path: etree._Element) -> None:
    """Remove a field's value; one that has none is left alone."""
    name = local_name(path)
    if name == "ExtendedFieldURI":
        item.extended.pop(property_key(path), None)
    elif name == "IndexedFieldURI":
        _delete_entry(item, path)
    else:
        item.fields.pop(_settable(item, path.get("FieldURI") or ""), None)


#: Fields that only the server writes.
_READ_ONLY = frozenset(DERIVED) - {
    "item:MimeContent",
    "item:Sensitivity",
    "item:Importance",
    "item:ReminderIsSet",
    "item:Culture",
    "item:DateTimeSent",
    "item:DateTimeReceived",
}


def _settable(item: Item, uri: str) -> str:
    if uri not in FIELDS.get(item.kind, ()):
        raise Refusal("ErrorInvalidPropertyRequest", f"Items of kind {item.kind} have no {uri[:80]}.")
    if uri in _READ_ONLY:
        raise Refusal("ErrorInvalidPropertySet", f"Set action is invalid for property {uri}.")
    return uri


def _set_entry(item: Item, path: etree._Element, element: etree._Element) -> None:
    holder_uri, part = _dictionary(path.get("FieldURI") or "")
    index = path.get("FieldIndex") or ""
    holder = item.fields.setdefault(holder_uri, t_element(holder_uri.partition(":")[2]))
    given = next((entry for entry in element if entry.get("Key") == index), None)
    if given is None:
        raise Refusal("ErrorIncorrectUpdatePropertyCount", f"The entry {index[:60]} is not given.")
    present = next((entry for entry in holder if entry.get("Key") == index), None)
    if present is None:
        holder.append(copy.deepcopy(given))
    elif not part:
        holder.replace(present, copy.deepcopy(given))
    else:
        _set_part(present, part, given)


def _set_part(entry: etree._Element, part: str, given: etree._Element) -> None:
    texts = {local_name(child): child.text for child in entry}
    value = given.find(t_name(part))
    texts[part] = value.text if value is not None else None
    for child in list(entry):
        entry.remove(child)
    entry.extend(t_element(name, texts[name]) for name in ADDRESS_PARTS if texts.get(name) is not None)


def _delete_entry(item: Item, path: etree._Element) -> None:
    holder_uri, part = _dictionary(path.get("FieldURI") or "")
    holder = item.fields.get(holder_uri)
    if holder is None:
        return
    for entry in [entry for entry in holder if entry.get("Key") == path.get("FieldIndex")]:
        for child in [child for child in entry if local_name(child) == part]:
            entry.remove(child)
        if not part or not len(entry):
            holder.remove(entry)
    if not len(holder):
        del item.fields[holder_uri]
