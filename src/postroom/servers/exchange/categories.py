"""The list of categories: a document that Outlook and others keep in the calendar folder."""

import base64
import binascii
from collections.abc import Sequence
from uuid import UUID

from lxml import etree

from postroom.errors import BadReply
from postroom.ports.folders import Category
from postroom.schema.ids import new_id
from postroom.servers.exchange.answer import Element, parsed
from postroom.servers.exchange.faults import about_request
from postroom.servers.exchange.markup import tag
from postroom.servers.exchange.session import Session, require

# source: MS-OXOCFG 2.2.5.2
_NS = "CategoryList.xsd"
_NAME = "CategoryList"
_NEVER = "1601-01-01T00:00:00.000"
_MISSING = frozenset({"ErrorItemNotFound", "ErrorFolderNotFound"})
_PROBLEM = "The list of categories was not read"


class CategoryList:
    """The list of categories of one mailbox."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def read(self) -> Sequence[Category]:
        """Return the categories; empty when nobody has made the list yet."""
        document = self._document()
        return [] if document is None else [_category(each) for each in _entries(document)]

    def add(self, category: Category) -> Category:
        """Add a category and return it with its id; one of that name, in any case, stays as it is."""
        document = self._document()
        if document is not None:
            for entry in _entries(document):
                if (entry.get("name") or "").casefold() == category.name.casefold():
                    return _category(entry)
        made = Category(category.name, category.id or new_id(), category.color)
        is_new = document is None
        document = _empty() if document is None else document
        document.append(_entry(made))
        self._write(document, "CreateUserConfiguration" if is_new else "UpdateUserConfiguration")
        return made

    def remove(self, category: Category) -> None:
        """Take a category off the list: the one with its id, or with its name where it has none."""
        document = self._document()
        if document is None:
            return
        entries = [each for each in _entries(document) if _is(_category(each), category)]
        for entry in entries:
            document.remove(entry)
        if entries:
            self._write(document, "UpdateUserConfiguration")

    def _document(self) -> Element | None:
        """Return the list as it is written in the mailbox, or None when there is none."""
        # source: MS-OXWSUSRCFG 3.1.4.3
        request = tag(
            "m:GetUserConfiguration",
            self._named("m"),
            tag("m:UserConfigurationProperties", "XmlData"),
        )
        messages = self._session.call(request, _PROBLEM)
        if messages and not messages[0].is_ok:
            if messages[0].said.code in _MISSING:
                return None
            raise about_request(messages[0].said, _PROBLEM)
        written = require(messages, _PROBLEM).text("m:UserConfiguration/t:XmlData")
        if not written:
            return _empty()
        try:
            return parsed(base64.b64decode(written).removeprefix(b"\xef\xbb\xbf"))
        except (BadReply, binascii.Error, ValueError) as error:
            # What can't be read must not be written over: it is the owner's.
            raise BadReply("The mailbox's list of categories is damaged; mend it in Outlook.") from error

    def _write(self, document: Element, operation: str) -> None:
        document.set("lastSavedTime", self._session.now().strftime("%Y-%m-%dT%H:%M:%S.000"))
        octets = etree.tostring(document, xml_declaration=True, encoding="utf-8")
        configuration = tag(
            "m:UserConfiguration",
            self._named("t"),
            tag("t:XmlData", base64.b64encode(octets).decode("ascii")),
        )
        self._session.one(tag(f"m:{operation}", configuration), "The list of categories was not written")

    def _named(self, prefix: str) -> str:
        return tag(f"{prefix}:UserConfigurationName", self._session.known_folder("calendar"), Name=_NAME)


def _entries(document: Element) -> list[Element]:
    return [each for each in document.iterfind("{*}category") if each.get("name")]


def _category(entry: Element) -> Category:
    color = entry.get("color") or ""
    return Category(entry.get("name"), _uuid(entry.get("guid") or ""), _color(color))


def _is(entry: Category, category: Category) -> bool:
    if category.id is not None:
        return entry.id == category.id
    return entry.name.casefold() == category.name.casefold()


def _color(written: str) -> int:
    return int(written) if written.isdecimal() and int(written) <= 24 else -1


def _uuid(written: str) -> UUID | None:
    try:
        return UUID(written)
    except ValueError:
        return None


def _empty() -> Element:
    attributes = {"default": "", "lastSavedSession": "0", "lastSavedTime": _NEVER}
    return etree.Element(f"{{{_NS}}}categories", attributes, nsmap={None: _NS})


def _entry(category: Category) -> Element:
    # source: MS-OXOCFG 2.2.5.2.2
    return etree.Element(
        f"{{{_NS}}}category",
        {
            "name": category.name,
            "color": str(category.color),
            "keyboardShortcut": "0",
            "usageCount": "0",
            "lastTimeUsed": _NEVER,
            "lastSessionUsed": "0",
            "guid": f"{{{str(category.id).upper()}}}",
        },
    )
