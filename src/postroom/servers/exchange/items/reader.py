"""Items read by their ids, in batches; one that can't be given hinders no other."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from postroom.configuration.attachments import AttachmentRules
from postroom.errors import Throttled, TransportError, Unreachable
from postroom.reconcile.fields import canonical_fields
from postroom.reconcile.files import Files
from postroom.reconcile.item import Item, Kind
from postroom.servers.exchange.answer import Element, Message, SoapFault, text_at
from postroom.servers.exchange.faults import CODES, about_request
from postroom.servers.exchange.items.file_content import ServerContent
from postroom.servers.exchange.items.files import read_files
from postroom.servers.exchange.items.frame import Frame
from postroom.servers.exchange.items.series import MOST_CHANGED, changed_ids
from postroom.servers.exchange.items.translate import damaged, id_in, kind_in, read_item, wanted
from postroom.servers.exchange.markup import item_ids, shape, tag
from postroom.servers.exchange.session import Session

#: Items asked for with one request.
BATCH: Final = 50
#: What is said of an id that nothing has, or could have.
GONE: Final = frozenset({"ErrorItemNotFound", "ErrorInvalidIdMalformed", "ErrorInvalidIdEmpty"})
_PROBLEM: Final = "The items were not read"
_DAY_OF_SERIES: Final = frozenset({"Occurrence", "Exception"})
_FAILED: Final = "ErrorInternalServerError"


@dataclass(frozen=True, slots=True)
class Named:
    """An item that is asked for, and the version it had when it was named."""

    id: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class _Given:
    """What the server said of one item: its element, or why there is none."""

    named: Named
    element: Element | None
    code: str = ""


class Reader:
    """Reads items of one mailbox."""

    def __init__(self, session: Session, frame: Frame) -> None:
        self._session = session
        self._frame = frame
        #: What the items are that were read, by their ids.
        self.kinds: dict[str, Kind] = {}

    def read(
        self, wanted_items: Iterable[Named], kinds: Collection[Kind], folders: Collection[str]
    ) -> Iterator[Mapping[str, Item]]:
        """Yield the items that are there, a batch at a time.

        `kinds` are those that they may be of; in scope is what lies in one of the folders. Days of
        series are read as their series.
        """
        for batch in _batches(list(wanted_items)):
            yield {item.id: item for item in self._items(batch, kinds, folders)}

    def versions(self, ids: Sequence[str]) -> Mapping[str, str]:
        """Return the versions of those of these items that are there."""
        found: dict[str, str] = {}
        for start in range(0, len(ids), BATCH):
            named = [tag("t:ItemId", Id=each) for each in ids[start : start + BATCH]]
            request = tag("m:GetItem", shape(), tag("m:ItemIds", *named))
            for message in self._session.call(request, _PROBLEM):
                element = _element(message)
                if element is not None:
                    item_id, version = id_in(element)
                    found[item_id] = version
                elif message.said.code not in GONE:
                    raise about_request(message.said, _PROBLEM)
        return found

    def _items(
        self, batch: Sequence[Named], kinds: Collection[Kind], folders: Collection[str]
    ) -> Iterator[Item]:
        given = list(self._given(batch, wanted(kinds, self._frame)))
        masters = {each.named.id for each in given if each.element is not None and _is_day(each.element)}
        for each in given:
            if each.element is None:
                yield damaged(each.named.id, each.named.version, next(iter(kinds)), each.code)
        elements = [
            each.element for each in given if each.element is not None and each.named.id not in masters
        ]
        elements += self._masters_of(sorted(masters), wanted(kinds, self._frame))
        days = self._changed_days(elements)
        for element in elements:
            yield from self._translated(element, days, folders)

    def _changed_days(self, elements: Iterable[Element]) -> Mapping[str, Element]:
        """Return the days of these series that are not as the others, by their ids."""
        masters = [each for each in elements if kind_in(each) is Kind.SERIES]
        ids = [Named(day) for master in masters for day in changed_ids(master)[:MOST_CHANGED]]
        asked = wanted((Kind.APPOINTMENT,), self._frame)
        given = (each for batch in _batches(ids) for each in self._given(batch, asked))
        return {each.named.id: each.element for each in given if each.element is not None}

    def masters(self, ids: Sequence[str]) -> Mapping[str, Element]:
        """Return the elements of these series."""
        given = self._given(list(map(Named, ids)), wanted((Kind.APPOINTMENT,), self._frame))
        return {each.named.id: each.element for each in given if each.element is not None}

    def _translated(
        self, element: Element, days: Mapping[str, Element], folders: Collection[str]
    ) -> Iterator[Item]:
        kind = kind_in(element)
        if kind is None:
            return
        item = read_item(element, kind, self._frame, days)
        if kind is Kind.APPOINTMENT and self._frame.files is not None:
            attached = canonical_fields(kind, {"attachments": self._files(element, self._frame.files)})
            item = replace(item, fields={**item.fields, **attached})
        self.kinds[item.id] = kind
        parent, _ = id_in(element, "ParentFolderId")
        yield item if parent in folders else replace(item, is_in_scope=False)

    def _files(self, element: Element, rules: AttachmentRules) -> Files:
        session = self._session
        return read_files(element, rules, lambda id: ServerContent(session, id, rules.largest))

    def _given(self, batch: Sequence[Named], asked: str) -> Iterator[_Given]:
        """Yield what the server says of each; those that are gone are left out."""
        request = tag("m:GetItem", asked, item_ids(each.id for each in batch))
        try:
            messages = self._session.call(request, _PROBLEM)
        except TransportError as failure:
            yield from self._one_by_one(batch, asked, failure)
            return
        for named, message in zip(batch, messages, strict=False):
            element = _element(message)
            if element is not None:
                yield _Given(named, element)
            elif message.said.code not in GONE:
                _raise_if_general(message)
                yield _Given(named, None, message.said.code)

    def _one_by_one(self, batch: Sequence[Named], asked: str, failure: TransportError) -> Iterator[_Given]:
        """Yield each, asked for alone, when the server fails in one of them."""
        fault = failure.__cause__
        if not isinstance(fault, SoapFault) or fault.said.code != _FAILED:
            raise failure
        if len(batch) == 1:
            yield _Given(batch[0], None, fault.said.code)
            return
        for each in batch:
            yield from self._given([each], asked)

    def _masters_of(self, days: Sequence[str], asked: str) -> Iterator[Element]:
        """Yield the elements of the series that these days belong to, each once."""
        if not days:
            return
        # source: MS-OXWSCDATA RecurringMasterItemIdType
        named = (tag("t:RecurringMasterItemId", OccurrenceId=each) for each in days)
        request = tag("m:GetItem", asked, tag("m:ItemIds", *named))
        found = map(_element, self._session.call(request, _PROBLEM))
        yield from {id_in(each)[0]: each for each in found if each is not None}.values()


def _batches(wanted_items: Sequence[Named]) -> Iterator[Sequence[Named]]:
    return (wanted_items[start : start + BATCH] for start in range(0, len(wanted_items), BATCH))


def _element(message: Message) -> Element | None:
    return next(message.all("m:Items/*"), None) if message.is_ok else None


def _is_day(element: Element) -> bool:
    return text_at(element, "t:CalendarItemType") in _DAY_OF_SERIES


def _raise_if_general(message: Message) -> None:
    """Raise what a code means when it is not about items but about the mailbox or the server."""
    kind = CODES.get(message.said.code, (TransportError, ""))[0]
    if message.said.code != _FAILED and issubclass(kind, Throttled | Unreachable):
        raise about_request(message.said, _PROBLEM)
