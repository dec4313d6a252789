"""The operation FindItem: what lies in folders, restricted, sorted, in pages."""

from collections.abc import Sequence

from lxml import etree

from postroom.sandbox.exchange.answer import children, held, respond_each
from postroom.sandbox.exchange.calendar_view import in_calendar
from postroom.sandbox.exchange.call import Call
from postroom.sandbox.exchange.folder import Folder
from postroom.sandbox.exchange.item import Item
from postroom.sandbox.exchange.item_view import show_item
from postroom.sandbox.exchange.mailbox import Mailbox
from postroom.sandbox.exchange.names import m_name, t_element
from postroom.sandbox.exchange.paging import page, put_page
from postroom.sandbox.exchange.paths import values_of
from postroom.sandbox.exchange.refusal import Refusal
from postroom.sandbox.exchange.restriction import in_order, matches
from postroom.sandbox.exchange.shape import Extent, read_shape

#: Ways of asking that this server does not know.
_NOT_ANSWERED = (
    "QueryString",
    "GroupBy",
    "DistinguishedGroupBy",
    "FractionalPageItemView",
    "SeekToConditionPageItemView",
    "ContactsView",
)


def find_item(call: Call, request: etree._Element) -> etree._Element:
    """Answer FindItem."""
    shape = read_shape(request.find(m_name("ItemShape")), Extent.SUMMARY)

    def find(element: etree._Element) -> Sequence[etree._Element]:
        mailbox, folder = call.folder(element)
        view = request.find(m_name("CalendarView"))
        if view is not None:
            shown = in_calendar(folder, view)
        else:
            shown = page(_find(mailbox, folder, request), request, "IndexedPageItemView")
        items = t_element("Items")
        items.extend(show_item(mailbox, item, shape) for item in shown.entries)
        return [put_page(shown, held("RootFolder", items))]

    return respond_each(call.operation, children(request, "ParentFolderIds"), find)


def _find(mailbox: Mailbox, folder: Folder, request: etree._Element) -> list[Item]:
    found = _lying_in(folder, request.get("Traversal") or "Shallow")
    for name in _NOT_ANSWERED:
        if request.find(m_name(name)) is not None:
            raise Refusal("ErrorInvalidOperation", f"{name} is not answered here.")
    restriction = request.find(m_name("Restriction"))
    if restriction is not None:
        found = [item for item in found if _answers(mailbox, item, restriction)]
    order = request.find(m_name("SortOrder"))
    if order is not None:
        return in_order(order, found, lambda item, path: values_of(mailbox, item, path))
    return found


def _answers(mailbox: Mailbox, item: Item, restriction: etree._Element) -> bool:
    return matches(restriction, lambda path: values_of(mailbox, item, path))


def _lying_in(folder: Folder, traversal: str) -> list[Item]:
    """Return the items of a folder, newest first, as Exchange gives them when nothing else is said."""
    if traversal == "Shallow":
        return list(folder.shown())[::-1]
    if traversal == "Associated":
        return [item for item in folder.items.values() if item.is_associated][::-1]
    return []
