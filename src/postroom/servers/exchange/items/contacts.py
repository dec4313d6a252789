"""Contacts: fields of a t:Contact read and written."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from typing import Final
from urllib.parse import quote

from postroom.reconcile.item import Value
from postroom.reconcile.values import PersonName, PostalAddress
from postroom.servers.exchange.answer import Element, text_at, texts_at
from postroom.servers.exchange.items.frame import Frame
from postroom.servers.exchange.items.piece import Piece, entry, extended, simple
from postroom.servers.exchange.items.text import moment, moment_at, plain, read_body, write_body
from postroom.servers.exchange.markup import field, tag, tagged, text

ELEMENT: Final = "Contact"

#: Fields that are one property of plain text, by their names.
_TEXTS: Final[Mapping[str, str]] = {
    "company": "CompanyName",
    "job_title": "JobTitle",
    "department": "Department",
    "manager": "Manager",
    "assistant": "AssistantName",
    "spouse": "SpouseName",
    "nickname": "Nickname",
}
# source: MS-OXWSCDATA PhoneNumberKeyType
_PHONES: Final[Mapping[str, str]] = {
    "assistant_phone": "AssistantPhone",
    "business_phone": "BusinessPhone",
    "business_phone2": "BusinessPhone2",
    "home_phone": "HomePhone",
    "home_phone2": "HomePhone2",
    "other_phone": "OtherTelephone",
    "mobile": "MobilePhone",
    "pager": "Pager",
    "callback": "Callback",
    "company_phone": "CompanyMainPhone",
    "business_fax": "BusinessFax",
}
_MAILS: Final[Mapping[str, str]] = {f"email{number}": f"EmailAddress{number}" for number in (1, 2, 3)}
_ADDRESSES: Final[Mapping[str, str]] = {
    "mailing_address": "Business",
    "home_address": "Home",
    "other_address": "Other",
}
# In the order of the schema.
_PARTS: Final[Mapping[str, str]] = {
    "Street": "",
    "City": "city",
    "State": "state",
    "CountryOrRegion": "country",
    "PostalCode": "postal_code",
}
_NAME_PARTS: Final[Mapping[str, str]] = {
    "first": "GivenName",
    "middle": "MiddleName",
    "last": "Surname",
    "suffix": "Generation",
}
_DAYS: Final[Mapping[str, str]] = {"birthday": "Birthday", "anniversary": "WeddingAnniversary"}


def _yomi(number: int) -> str:
    return tag(
        "t:ExtendedFieldURI",
        DistinguishedPropertySetId="Address",
        PropertyId=str(number),
        PropertyType="String",
    )


# source: MS-OXPROPS PidTagDisplayNamePrefix; the property contacts:CompleteName can't be written
_TITLE: Final = "0x3A45"
# source: MS-OXPROPS PidTagFtpSite, PidTagGovernmentIdNumber, PidLidYomiFirstName, PidLidYomiLastName
_EXTENDED: Final[Mapping[str, tuple[str, str]]] = {
    "ftp_site": ("0x3A4C", tagged(0x3A4C, "String")),
    "government_id": ("0x3A07", tagged(0x3A07, "String")),
    "yomi_first": ("0x802C", _yomi(0x802C)),
    "yomi_last": ("0x802D", _yomi(0x802D)),
}
#: What is asked for of a contact.
PATHS: Final = (
    *(
        field(f"contacts:{name}")
        for name in (
            *(
                "BusinessHomePage",
                "CompleteName",
                "EmailAddresses",
                "PhoneNumbers",
                "PhysicalAddresses",
                "Children",
            ),
            *_TEXTS.values(),
            *_NAME_PARTS.values(),
            *_DAYS.values(),
        )
    ),
    tagged(0x3A45, "String"),
    *(path for _, path in _EXTENDED.values()),
)
#: The time of day under which Exchange keeps days.
# source: EWS-REFERENCE Birthday
_NOON: Final = time(11, 59)


def read(item: Element, properties: Mapping[str, str], frame: Frame) -> dict[str, Value]:
    """Return the fields of a contact; `Unreadable` when it means nothing."""
    fields: dict[str, Value] = {name: text_at(item, f"t:{each}") for name, each in _TEXTS.items()}
    fields |= {name: _entry(item, "PhoneNumbers", key) for name, key in _PHONES.items()}
    fields |= {name: _entry(item, "EmailAddresses", key) for name, key in _MAILS.items()}
    fields |= {name: _address(item, key) for name, key in _ADDRESSES.items()}
    fields |= {name: properties.get(key) for name, (key, _) in _EXTENDED.items()}
    fields |= {name: _day(item, each, name, frame) for name, each in _DAYS.items()}
    fields["full_name"] = _name(item, properties)
    fields["web_page"] = text_at(item, "t:BusinessHomePage")
    fields["children"] = ", ".join(filter(None, texts_at(item, "t:Children/t:String")))
    fields["body"] = read_body(item)
    return fields


def _name(item: Element, properties: Mapping[str, str]) -> PersonName | None:
    parts = {part: _line(text_at(item, f"t:{name}")) for part, name in _NAME_PARTS.items()}
    title = _line(properties.get(_TITLE) or text_at(item, "t:CompleteName/t:Title"))
    name = PersonName(title=title, **parts)
    return name if any(name) else None


def _line(written: str) -> str | None:
    return " ".join(written.split()) or None


def _entry(item: Element, dictionary: str, key: str) -> str:
    for each in item.iterfind(f"{{*}}{dictionary}/{{*}}Entry"):
        if each.get("Key") == key:
            # An address within the organization may be told by the directory's name of it, which is none.
            return "" if each.get("RoutingType") == "EX" else (each.text or "").strip()
    return ""


def _address(item: Element, key: str) -> PostalAddress | None:
    for each in item.iterfind("{*}PhysicalAddresses/{*}Entry"):
        if each.get("Key") == key:
            lines = [line for raw in text_at(each, "t:Street").splitlines() if (line := _line(raw))]
            # The CRM has three lines; what stands below them goes with the third.
            lines[2:] = [", ".join(lines[2:])] if lines[2:] else []
            texts = {part: _line(text_at(each, f"t:{name}")) for name, part in _PARTS.items() if part}
            found = PostalAddress(*[*lines, None, None, None][:3], **texts)
            return found if any(found) else None
    return None


def _day(item: Element, name: str, what: str, frame: Frame) -> date | None:
    at = moment_at(item, f"t:{name}", what)
    if at is None:
        return None
    # Outlook keeps the midnight at which the day began where its owner was.
    is_utc = at.timetz().replace(tzinfo=None) in (time(), _NOON)
    return at.date() if is_utc else at.astimezone(frame.zone).date()


def write(fields: Mapping[str, Value]) -> list[Piece]:
    """Return the pieces that write these fields."""
    return [piece for name, value in fields.items() if name in _WRITERS for piece in _WRITERS[name](value)]


def write_new(fields: Mapping[str, Value]) -> list[Piece]:
    """Return what a new contact has beside its fields: how it is filed, and where its letters go."""
    index = [simple("contacts:PostalAddressIndex", "Business")] if fields.get("mailing_address") else []
    return [simple("contacts:FileAsMapping", "LastCommaFirst"), *index]


def _text_writer(name: str) -> Callable[[Value], list[Piece]]:
    return lambda value: [simple(f"contacts:{name}", plain(value))]


def _entry_writer(uri: str, name: str, key: str) -> Callable[[Value], list[Piece]]:
    def write_it(value: Value) -> list[Piece]:
        written = plain(value)
        return [entry(uri, name, key, None if written is None else text(written))]

    return write_it


def _extended_writer(path: str) -> Callable[[Value], list[Piece]]:
    return lambda value: [extended(path, plain(value))]


def _day_writer(name: str) -> Callable[[Value], list[Piece]]:
    def write_it(value: Value) -> list[Piece]:
        written = moment(datetime.combine(value, _NOON, UTC)) if isinstance(value, date) else None
        return [simple(f"contacts:{name}", written)]

    return write_it


def _address_writer(key: str) -> Callable[[Value], list[Piece]]:
    def write_it(value: Value) -> list[Piece]:
        address = PostalAddress(*value) if isinstance(value, tuple) else PostalAddress()
        street = "\n".join(filter(None, address[:3])) or None
        pieces = []
        for name, part in _PARTS.items():
            written = getattr(address, part) if part else street
            content = tag(f"t:{name}", text(written)) if written else None
            pieces.append(entry(f"contacts:PhysicalAddress:{name}", "PhysicalAddresses", key, content))
        return pieces

    return write_it


def _write_name(value: Value) -> list[Piece]:
    name = PersonName(*value) if isinstance(value, tuple) else PersonName()
    pieces = [simple(f"contacts:{each}", getattr(name, part)) for part, each in _NAME_PARTS.items()]
    # The name that is shown is made when a contact is new, and does not follow by itself.
    shown = " ".join(filter(None, (str(name), name.suffix))) or None
    return [*pieces, simple("contacts:DisplayName", shown), extended(tagged(0x3A45, "String"), name.title)]


def _write_web_page(value: Value) -> list[Piece]:
    # The server refuses the whole item when this is no URI.
    # source: MS-OXWSCONT BusinessHomePage
    page = plain(value)
    return [simple("contacts:BusinessHomePage", page and quote(page, safe="/:?#@!$&'()*+,;=%~"))]


def _write_children(value: Value) -> list[Piece]:
    # As one text: split, it would not come back as it was written.
    names = plain(value)
    content = None if names is None else tag("t:String", text(names))
    return [Piece(field("contacts:Children"), "Children", content)]


_WRITERS: Final[Mapping[str, Callable[[Value], list[Piece]]]] = {
    **{name: _text_writer(each) for name, each in _TEXTS.items()},
    **{name: _entry_writer("contacts:PhoneNumber", "PhoneNumbers", key) for name, key in _PHONES.items()},
    **{name: _entry_writer("contacts:EmailAddress", "EmailAddresses", key) for name, key in _MAILS.items()},
    **{name: _address_writer(key) for name, key in _ADDRESSES.items()},
    **{name: _extended_writer(path) for name, (_, path) in _EXTENDED.items()},
    **{name: _day_writer(each) for name, each in _DAYS.items()},
    "full_name": _write_name,
    "web_page": _write_web_page,
    "children": _write_children,
    "body": write_body,
}
