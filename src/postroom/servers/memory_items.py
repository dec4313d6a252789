"""Items without a server: one side of a synchronization, with every fault of real ones."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import Enum
from hashlib import sha256
from typing import Final

from postroom.errors import StaleVersion, Unreachable
from postroom.mime.message import BytesContent
from postroom.ports.items import Feed, ItemPage, Removal
from postroom.reconcile.canonical import Form, canonical
from postroom.reconcile.files import AttachedFile, difference, files_in
from postroom.reconcile.item import Identity, Item, Side, Value
from postroom.reconcile.match import content_key
from postroom.reconcile.notice import Notice, Sends

_FILES: Final = "attachments"


class Fault(Enum):
    """What befalls the next write."""

    NOT_REACHED = "the request never arrives"
    ANSWER_LOST = "it is done, and the answer never arrives"
    STALE = "somebody writes first"


@dataclass(slots=True)
class MemoryItems:
    """What one side has of one mailbox, and how it fails."""

    side: Side
    items: dict[str, Item] = field(default_factory=dict)
    #: Ids in the order in which something befell them.
    changed: list[str] = field(default_factory=list)
    #: What left for attendees.
    told: list[Sends] = field(default_factory=list)
    #: What befalls the next writes, in order.
    faults: list[Fault] = field(default_factory=list)
    #: The next look breaks after so many pages; None when it does not.
    breaks_after: int | None = None
    page_size: int = 100
    #: When what is written now is said to be changed.
    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    #: Marks of an earlier epoch are worth nothing.
    epoch: int = 0
    made: int = 0

    def put(self, item: Item) -> Item:
        """Have a person make or change an item; one without an id gets one."""
        item_id = item.id or f"{self.side.value}-{self._number()}"
        uid = item.identity.uid or f"uid-{item_id}"
        identity = replace(item.identity, uid=uid)
        made = replace(item, id=item_id, identity=identity, version=self._version())
        self.items[item_id] = made
        self.changed.append(item_id)
        return made

    def edit(self, item_id: str, at: datetime, **fields: Value) -> Item:
        """Have a person change fields of an item."""
        item = self.items[item_id]
        return self.put(replace(item, fields={**item.fields, **fields}, modified_at=at))

    def drop(self, item_id: str) -> None:
        """Have a person delete an item."""
        del self.items[item_id]
        self.changed.append(item_id)

    def move(self, item_id: str) -> Item:
        """Have a person move an item, which gets a new id and keeps its marks."""
        item = self.items[item_id]
        self.drop(item_id)
        return self.put(replace(item, id=""))

    def touch(self, item_id: str) -> None:
        """Give an item a new version without any change, as servers do."""
        self.put(self.items[item_id])

    def forget_marks(self) -> None:
        """Make every mark worthless, as a server does that lost its state."""
        self.epoch += 1

    def changes(self, mark: str | None) -> Iterator[ItemPage]:
        """Yield what changed since the mark, or everything."""
        since = self._since(mark)
        ids = list(self.items) if since is None else list(dict.fromkeys(self.changed[since:]))
        feed = Feed.WHOLE if since is None else Feed.SINCE
        breaks_after, self.breaks_after = self.breaks_after, None
        end = f"{self.epoch}:{len(self.changed)}"
        for number, start in enumerate(range(0, len(ids) or 1, self.page_size)):
            if breaks_after is not None and number >= breaks_after:
                raise Unreachable("the connection broke while changes were read")
            page = ids[start : start + self.page_size]
            items = [self.items[each] for each in page if each in self.items]
            gone = [each for each in page if each not in self.items]
            yield ItemPage(items, gone, end, feed)

    def get(self, ids: Sequence[str]) -> Mapping[str, Item]:
        """Return the items of these ids; one that is missing is gone."""
        return {item_id: self.items[item_id] for item_id in ids if item_id in self.items}

    def create(self, draft: Item, token: str, sends: Sends, *, is_first_try: bool = False) -> tuple[str, str]:
        """Make an item that bears the token, unless one does already."""
        fault = self._reach()
        known = {} if is_first_try else self.find_by_token([token])
        if token in known:
            return known[token], self.items[known[token]].version
        identity = Identity(draft.identity.uid, token, draft.identity.crm_id)
        fields = self._own(draft.fields)
        made = self.put(replace(draft, id="", identity=identity, fields=fields, modified_at=self.now))
        self._answer(fault, sends)
        return made.id, made.version

    def update(self, item_id: str, version: str, fields: Mapping[str, Value], sends: Sends) -> str:
        """Write these fields and return the new version."""
        fault = self._reach(item_id)
        item = self._current(item_id, version)
        own = self._own(fields, item.fields.get(_FILES))
        made = self.put(replace(item, fields={**item.fields, **own}, modified_at=self.now))
        self._answer(fault, sends)
        return made.version

    def delete(self, item_id: str, version: str, removal: Removal, sends: Sends) -> None:
        """Remove an item."""
        fault = self._reach(item_id)
        if item_id not in self.items:
            return
        self._current(item_id, version)
        self.drop(item_id)
        self._answer(fault, sends)

    def find_by_token(self, tokens: Sequence[str]) -> Mapping[str, str]:
        """Return the ids of items that bear these tokens."""
        wanted = set(tokens)
        return {item.identity.token: item.id for item in self.items.values() if item.identity.token in wanted}

    def find_by_uid(self, uids: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Return the ids of items with these calendar ids."""
        found: dict[str, list[str]] = {}
        wanted = set(uids)
        for item in self.items.values():
            if item.identity.uid in wanted:
                found.setdefault(item.identity.uid, []).append(item.id)
        return found

    def find_alike(self, items: Sequence[Item]) -> Sequence[str]:
        """Return the ids of items that look like one of these."""
        keys = {(item.kind.on_server, key) for item in items if (key := content_key(item))}
        return [item.id for item in self.items.values() if (item.kind, content_key(item)) in keys]

    def note(self, item_id: str, other_id: str) -> None:
        """Note the record on a server's item, which changes its version as on a real one."""
        item = self.items.get(item_id)
        if self.side is Side.CRM or item is None:
            return
        if item.identity.crm_id != other_id or not item.is_tracked:
            identity = replace(item.identity, crm_id=other_id)
            self.put(replace(item, identity=identity, is_tracked=True))

    def attach(self, item_id: str, at: datetime, **files: bytes) -> Item:
        """Have a person put files beside those that an item has, or in the place of one with the name."""
        kept_files = (each for each in files_in(self.items[item_id].fields.get(_FILES)))
        others = [each for each in kept_files if each.name not in files]
        made = [self._file(name, "", BytesContent(content)) for name, content in files.items()]
        return self.edit(item_id, at, **{_FILES: _sorted((*others, *made))})

    def detach(self, item_id: str, at: datetime, *names: str) -> Item:
        """Have a person take files off an item."""
        rest = [each for each in files_in(self.items[item_id].fields.get(_FILES)) if each.name not in names]
        return self.edit(item_id, at, **{_FILES: _sorted(rest)})

    def _own(self, fields: Mapping[str, Value], present: Value = None) -> dict[str, Value]:
        """Return the fields with their files as this side keeps them."""
        if _FILES not in fields:
            return dict(fields)
        wanted = difference(present, fields[_FILES], lambda file: file.digest or _digest(_read(file)))
        left = [each for each in files_in(present) if each.refusal]
        added = [self._file(each.name, each.mimetype, BytesContent(_read(each))) for each in wanted.added]
        return {**fields, _FILES: _sorted((*left, *(mine for mine, _ in wanted.stay), *added))}

    def _file(self, name: str, mimetype: str, content: BytesContent) -> AttachedFile:
        number = f"{self.side.value} file {self._number()}"
        size, digest = len(content.data), _digest(content.data)
        return AttachedFile(
            name, number, size=size, mimetype=mimetype, digest=digest, id=number, content=content
        )

    def _since(self, mark: str | None) -> int | None:
        epoch, _, number = (mark or "").partition(":")
        return int(number) if epoch == str(self.epoch) else None

    def _reach(self, item_id: str = "") -> Fault | None:
        fault = self.faults.pop(0) if self.faults else None
        if fault is Fault.NOT_REACHED:
            raise Unreachable("no connection")
        if fault is Fault.STALE and item_id in self.items:
            self.touch(item_id)
        return fault

    def _current(self, item_id: str, version: str) -> Item:
        item = self.items.get(item_id)
        if item is None or item.version != version:
            raise StaleVersion(f"{item_id} is not at version {version} any more")
        return item

    def _answer(self, fault: Fault | None, sends: Sends) -> None:
        if sends.notice is not Notice.NONE:
            self.told.append(sends)
        if fault is Fault.ANSWER_LOST:
            raise Unreachable("the connection broke before the answer came")

    def _version(self) -> str:
        return f"v{self._number()}"

    def _number(self) -> int:
        self.made += 1
        return self.made


def _sorted(files: Iterable[AttachedFile]) -> Value:
    return canonical(Form.FILES, tuple(files))


def _read(file: AttachedFile) -> bytes:
    return b"".join(file.content.chunks())


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()
