"""One glance at a mailbox: all its folders, and by which of them something has changed.

The time of a folder's last change and the count of what was ever removed from it say together
whether it needs to be asked; so an unchanged mailbox costs one request, however many folders it has.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from postroom.errors import BadReply, Refused, SignInRejected
from postroom.ports.folders import Folder
from postroom.servers.exchange.answer import Element, Message, local, read_instant, text_at
from postroom.servers.exchange.markup import field, shape, tag, tagged
from postroom.servers.exchange.session import Session, require

#: When the folder's contents last changed, and how many items were ever taken out of it.
# source: MS-OXPROPS
LOCAL_COMMIT_TIME_MAX = 0x670A
DELETED_COUNT_TOTAL = 0x670B

#: Folders asked for at once.
# source: EWS-THROTTLING
PAGE = 1000

_PATHS = (
    field("folder:ParentFolderId"),
    field("folder:FolderClass"),
    field("folder:DisplayName"),
    field("folder:TotalCount"),
    tagged(LOCAL_COMMIT_TIME_MAX, "SystemTime"),
    tagged(DELETED_COUNT_TOTAL, "Integer"),
)
_LISTING = "The folders were not listed"


@dataclass(frozen=True, slots=True)
class Seen:
    """A folder as the glance shows it."""

    id: str
    parent: str
    name: str
    holds_mail: bool
    #: Differs when its contents differ; empty where the server doesn't say.
    state: str
    #: What every mailbox calls it, such as inbox; empty for a user's own, and where the server doesn't say.
    known_as: str = ""
    #: When its contents last changed, to the second, and whether it has any.
    changed_at: datetime | None = None
    is_empty: bool = False
    #: What kind of items it is for, in small letters.
    folder_class: str = ""

    def settled(self, read_at: datetime | None) -> str:
        """Return the state, or nothing when it may have changed since without looking different.

        Servers tell the time of the last change to the second. What was read in that very second may
        be changed in it once more; only arrivals and removals would still show.
        """
        if read_at is None or self.changed_at is None or self.is_empty or read_at > self.changed_at:
            return self.state
        return ""


@dataclass(frozen=True, slots=True)
class Glance:
    """All folders of a mailbox at one moment."""

    folders: Mapping[str, Seen]
    inbox: str
    #: Empty when nobody asked for it, or there is none.
    sent: str = ""
    #: It shows the whole tree, not only folders that were named.
    is_whole: bool = True

    def get(self, folder: str) -> Seen:
        """Return what was seen of the folder; nothing but its id when it was not seen."""
        return self.folders.get(folder) or Seen(folder, "", "", holds_mail=True, state="")


def take_glance(
    session: Session, *, inbox: str = "", sent: str = "", needs_sent: bool = False, others: Iterable[str] = ()
) -> Glance:
    """Return all folders; the ids of inbox and sent items are asked for where they are not known.

    Where the whole tree may not be seen, as by a delegate with rights to some folders only, it is
    those folders that are there to be seen.
    """
    folders, is_whole = _seen_from(session, others)
    known = {seen.known_as: seen.id for seen in folders.values() if seen.known_as}
    inbox, sent = known.get("inbox", inbox), known.get("sentitems", sent)
    if inbox not in folders or (needs_sent and sent not in folders):
        landmarks = see_known(session, ("inbox", "sentitems"), "The inbox was not opened")
        if landmarks[0] is None:
            raise BadReply("The server shows no inbox in this mailbox.")
        folders.update((seen.id, seen) for seen in landmarks if seen)
        inbox, sent = landmarks[0].id, landmarks[1].id if landmarks[1] else ""
    return Glance(folders, inbox, sent if sent in folders else "", is_whole)


def see_folders(session: Session, others: Iterable[str] = ()) -> dict[str, Seen]:
    """Return all folders by their ids; where the whole tree may not be seen, the others given."""
    return _seen_from(session, others)[0]


def _seen_from(session: Session, others: Iterable[str]) -> tuple[dict[str, Seen], bool]:
    """Return the folders that may be seen, and whether they are the whole tree."""
    try:
        return {seen.id: seen for seen in _find_folders(session)}, True
    except (Refused, SignInRejected, BadReply):
        found = _get_folders(session, map(_by_id, others), _LISTING)
        return {seen.id: seen for seen in found if seen}, False


def see_known(session: Session, names: Sequence[str], problem: str) -> list[Seen | None]:
    """Return these folders that every mailbox has, in order; None for one that may not be seen."""
    found = _get_folders(session, map(session.known_folder, names), problem)
    return [*found, *(None for _ in names)][: len(names)]


def tree_of(glance: Glance) -> list[Folder]:
    """Return the folders that hold mail, parents before children."""
    children: dict[str, list[Seen]] = {}
    mail = {seen.id: seen for seen in glance.folders.values() if seen.holds_mail}
    for seen in mail.values():
        children.setdefault(seen.parent if seen.parent in mail else "", []).append(seen)
    result: dict[str, Folder] = {}
    waiting = list(reversed(children.get("", [])))
    while waiting:
        seen = waiting.pop()
        if seen.id in result:
            continue
        above = result.get(seen.parent)
        is_inbox = seen.id == glance.inbox
        in_inbox = is_inbox or (above is not None and above.in_inbox)
        result[seen.id] = Folder(seen.id, seen.name, above.id if above else "", in_inbox, is_inbox)
        waiting += reversed(children.get(seen.id, []))
    return list(result.values())


def _find_folders(session: Session) -> Iterator[Seen]:
    """Yield every folder below the mailbox's root, page by page."""
    # source: MS-OXWSFOLD, MS-OXWSSRCH 3.1.4.1
    offset = 0
    while True:
        answer = session.one(partial(_find_request, session, offset), _LISTING)
        yield from map(_seen, answer.all("m:RootFolder/t:Folders/*"))
        root = answer.find("m:RootFolder")
        following = int((root.get("IndexedPagingOffset") if root is not None else None) or 0)
        if root is None or root.get("IncludesLastItemInRange") != "false" or following <= offset:
            return
        offset = following


def _find_request(session: Session, offset: int) -> str:
    view = tag(
        "m:IndexedPageFolderView", MaxEntriesReturned=str(PAGE), Offset=str(offset), BasePoint="Beginning"
    )
    parents = tag("m:ParentFolderIds", session.known_folder("msgfolderroot"))
    return tag("m:FindFolder", _shape(session), view, parents, Traversal="Deep")


def _shape(session: Session) -> str:
    # Servers before 2013 don't know the property, and refuse who asks for it.
    # source: MS-OXWSFOLD 2.2.4.1
    names = (field("folder:DistinguishedFolderId"),) if session.version >= "Exchange2013" else ()
    return shape(*_PATHS, *names, element="m:FolderShape")


def _get_folders(session: Session, named: Iterable[str], problem: str) -> list[Seen | None]:
    """Return these folders in order; None for one that is not there."""
    folders = tuple(named)
    if not folders:
        return []
    ids = tag("m:FolderIds", *folders)
    messages = session.call(lambda: tag("m:GetFolder", _shape(session), ids), problem)
    if messages and not any(message.is_ok for message in messages):
        require(messages, problem)
    return [_folder_in(message) for message in messages]


def _folder_in(message: Message) -> Seen | None:
    folder = next(message.all("m:Folders/*"), None) if message.is_ok else None
    return None if folder is None else _seen(folder)


def _by_id(folder: str) -> str:
    return tag("t:FolderId", Id=folder)


def _seen(folder: Element) -> Seen:
    folder_class = text_at(folder, "t:FolderClass").lower()
    values = _values(folder)
    changed_at, removed = values.get(LOCAL_COMMIT_TIME_MAX, ""), values.get(DELETED_COUNT_TOTAL, "")
    count = text_at(folder, "t:TotalCount")
    return Seen(
        _id_in(folder, "FolderId"),
        _id_in(folder, "ParentFolderId"),
        text_at(folder, "t:DisplayName"),
        local(folder) == "Folder" and (not folder_class or folder_class.startswith("ipf.note")),
        "|".join((changed_at, removed, count)) if changed_at else "",
        text_at(folder, "t:DistinguishedFolderId"),
        read_instant(changed_at),
        count == "0",
        folder_class,
    )


def _id_in(folder: Element, name: str) -> str:
    found = next(folder.iterfind(f"{{*}}{name}"), None)
    return "" if found is None else found.get("Id") or ""


def _values(folder: Element) -> dict[int, str]:
    """Return the values of the folder's numbered properties."""
    values = {}
    for extended in folder.iterfind("{*}ExtendedProperty"):
        path = next(extended.iterfind("{*}ExtendedFieldURI"), None)
        if path is not None:
            values[_number(path.get("PropertyTag") or "")] = text_at(extended, "t:Value")
    return values


def _number(written: str) -> int:
    """Return a property's number, which servers write with and without 0x and leading zeros.

    >>> _number("0x670a") == _number("0x670A") == 0x670A
    True
    """
    try:
        return int(written, 16)
    except ValueError:
        return 0
