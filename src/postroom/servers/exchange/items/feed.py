"""The feed: what changed in calendar, contacts and tasks since it was last read."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from postroom.errors import BadReply
from postroom.ports.items import Feed, ItemPage
from postroom.reconcile.item import Kind
from postroom.servers.exchange.answer import Message, local
from postroom.servers.exchange.glance import Seen
from postroom.servers.exchange.items.places import Places
from postroom.servers.exchange.items.reader import Named, Reader
from postroom.servers.exchange.items.translate import id_in
from postroom.servers.exchange.mark import Mark, read_mark
from postroom.servers.exchange.markup import shape, tag, text
from postroom.servers.exchange.search import folder_id
from postroom.servers.exchange.session import Session, require
from postroom.servers.exchange.sync import LOST_COUNT, STEP

_PROBLEM: Final = "The changes of a folder were not listed"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far all folders have been read: what stands in the one mark of a side."""

    homes: Mapping[Kind, str] = field(default_factory=dict)
    folders: Mapping[str, Mark] = field(default_factory=dict)

    def with_folder(self, mark: Mark) -> "Progress":
        """Return the progress after this folder has been read further."""
        return replace(self, folders={**self.folders, mark.folder: mark})

    def written(self) -> str:
        """Return the progress as a text that `read_progress` reads."""
        homes = {kind.value: folder for kind, folder in self.homes.items()}
        marks = [mark.written() for mark in self.folders.values()]
        return json.dumps({"homes": homes, "folders": marks}, separators=(",", ":"))


def read_progress(written: str | None) -> Progress:
    """Return the progress in a text; none for a text that is no progress.

    >>> read_progress(None) == read_progress("[7]") == Progress()
    True
    """
    try:
        kept = json.loads(written or "{}")
        homes = {Kind(kind): str(folder) for kind, folder in kept.get("homes", {}).items()}
        marks = [read_mark(str(each)) for each in kept.get("folders", ())]
        return Progress(homes, {mark.folder: mark for mark in marks if mark.folder})
    except (ValueError, AttributeError, TypeError, RecursionError):
        return Progress()


class Changes:
    """Reads what changed in the folders of one mailbox."""

    def __init__(self, session: Session, reader: Reader, places: Places) -> None:
        self._session = session
        self._reader = reader
        self._places = places

    def since(self, before: Progress) -> Iterator[ItemPage]:
        """Yield what changed since; a folder that looks as it did is not asked."""
        known = {folder: mark for folder, mark in before.folders.items() if folder in self._places.kinds}
        progress = Progress(self._places.homes, known)
        if len(known) < len(before.folders):
            # With a folder went items whose ids are not known: whoever has them must ask for them.
            yield ItemPage((), (), progress.written(), Feed.WHOLE)
        now = self._session.now()
        for folder, seen in self._places.seen.items():
            mark = progress.folders.get(folder, Mark(folder=folder))
            if mark.is_complete and mark.still_holds(seen.state, now):
                continue
            for page, mark in self._folder(mark, seen, progress):  # noqa: B020 - the latest one counts
                progress = progress.with_folder(mark)
                yield page

    def _folder(self, mark: Mark, seen: Seen, progress: Progress) -> Iterator[tuple[ItemPage, Mark]]:
        """Yield the pages of one folder, each with how far it has been read after it."""
        while True:
            feed = Feed.SINCE if mark.is_complete and mark.state else Feed.WHOLE
            answer = self._asked(mark)
            if answer is None:
                mark = Mark(folder=mark.folder)
                continue
            state = answer.text("m:SyncState")
            is_last = answer.text("m:IncludesLastItemInRange").lower() != "false"
            if not state or (not is_last and state == mark.state):
                raise BadReply("The server lists changes of a folder and never comes to their end.")
            after = replace(mark, state=state, at=self._session.now())
            if is_last:
                after = replace(after, glance=seen.settled(self._session.answered_at), is_complete=True)
            yield from self._pages(answer, mark, after, feed, progress)
            if is_last:
                return
            mark = after

    def _asked(self, mark: Mark) -> Message | None:
        """Return the answer to one request; None when the server does not know the state any more."""
        message = self._session.call(_request(mark), _PROBLEM)[:1]
        if message and not message[0].is_ok and mark.state and message[0].said.code in LOST_COUNT:
            return None
        return require(message, _PROBLEM)

    def _pages(
        self, answer: Message, before: Mark, after: Mark, feed: Feed, progress: Progress
    ) -> Iterator[tuple[ItemPage, Mark]]:
        changed, gone = _read(answer)
        kind = self._places.kinds[before.folder]
        unread = progress.with_folder(before).written()
        for items in self._reader.read(changed, (kind,), self._places.kinds):
            yield ItemPage(tuple(items.values()), (), unread, feed), before
        # Only now is all of this answer told.
        yield ItemPage((), gone, progress.with_folder(after).written(), feed), after


def _request(mark: Mark) -> str:
    # source: MS-OXWSSYNC 3.1.4.2
    return tag(
        "m:SyncFolderItems",
        shape(),
        tag("m:SyncFolderId", folder_id(mark.folder)),
        tag("m:SyncState", text(mark.state)) if mark.state else "",
        tag("m:MaxChangesReturned", str(STEP)),
    )


def _read(answer: Message) -> tuple[list[Named], list[str]]:
    """Return what is new or changed, each once, and the ids of what is gone."""
    changed: dict[str, Named] = {}
    gone: list[str] = []
    for change in answer.all("m:Changes/*"):
        kind = local(change)
        if kind == "Delete":
            item_id, _ = id_in(change)
            gone.append(item_id)
            changed.pop(item_id, None)
        elif kind in {"Create", "Update"} and len(change):
            item_id, version = id_in(change[0])
            changed[item_id] = Named(item_id, version)
    changed.pop("", None)
    return list(changed.values()), [each for each in gone if each]
