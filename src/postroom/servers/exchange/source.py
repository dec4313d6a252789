"""`ExchangeSource`: what is new in a mailbox, found with as few requests as possible.

A look begins with one glance at all folders. Folders that look as they did when they were last read
are not asked; so an unchanged mailbox costs one request. Inbox, tracked folders and Sent Items are read
by their changes, which tells of a message moved back into a folder however old it is; in all other
folders only messages with the wanted category are looked for.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter

from postroom.errors import TransportError, Unreachable
from postroom.ports.mail import Fetched, Look, Offered, Page
from postroom.servers.exchange.account import ExchangeAccount
from postroom.servers.exchange.answer import Element, Message
from postroom.servers.exchange.autodiscover import OnFound
from postroom.servers.exchange.fetch import SPOOL_OVER, Fetcher
from postroom.servers.exchange.folders import ExchangeFolders
from postroom.servers.exchange.glance import Glance
from postroom.servers.exchange.item import IS_DRAFT, LISTED, Listing, Place, is_draft
from postroom.servers.exchange.mark import Mark, read_mark
from postroom.servers.exchange.markup import field, item_ids, shape, tag
from postroom.servers.exchange.search import find_items, folder_id, with_category
from postroom.servers.exchange.session import Now, Session, the_time
from postroom.servers.exchange.sync import changes_of

#: A message that is bigger is not taken unless the caller says otherwise.
LARGEST = 256 * 1024 * 1024
#: Ids looked for, or removed, with one request.
CHUNK = 100

INBOX, SENT = "", "sent"


def open_exchange(
    account: ExchangeAccount,
    *,
    largest: int = LARGEST,
    spool_over: int = SPOOL_OVER,
    now: Now = the_time,
    on_found: OnFound | None = None,
    marks: Mapping[str, str] | None = None,
) -> "ExchangeSource":
    """Return a session with the mailbox; nothing is asked of its server before it is needed.

    `on_found` is told the URL that Autodiscover finds, so that it can be remembered. `marks` of earlier
    looks spare the question which folders are inbox and Sent Items.
    """
    session = Session(account, now=now, on_found=on_found)
    inbox, sent = (read_mark((marks or {}).get(key, "")).folder for key in (INBOX, SENT))
    folders = ExchangeFolders(session, inbox=inbox, sent=sent)
    return ExchangeSource(session, folders, largest=largest, spool_over=spool_over)


class ExchangeSource:
    """A session with a mailbox on an Exchange server: `ports.mail.MailSource`.

    What is discarded goes to Deleted Items, where its owner can have it back; POP3 knows no such place.
    """

    def __init__(
        self,
        session: Session,
        folders: ExchangeFolders,
        *,
        largest: int = LARGEST,
        spool_over: int = SPOOL_OVER,
    ) -> None:
        self._session = session
        self._fetcher = Fetcher(session, largest=largest, spool_over=spool_over)
        self._listing = Listing()
        self._folders = folders
        self._offered: list[Offered] | None = None
        self._to_discard: list[str] = []
        self._end: TransportError | None = None
        #: Why the server may have kept what was discarded; None as long as nothing says so.
        self.farewell: TransportError | None = None

    @property
    def url(self) -> str:
        """Return where the mailbox was found."""
        return self._session.url

    @property
    def folders(self) -> ExchangeFolders:
        """Return the mailbox's folders and categories."""
        return self._folders

    def offered(self) -> Sequence[Offered]:
        """Return every message of inbox and Sent Items, the oldest first, as they were at the first call."""
        self._require_open()
        if self._offered is None:
            pages = self.pages(Look(sent_items=True))
            # What is changed while it is being listed comes once more.
            found = {each.server_id: each for page in pages for each in page.offered}.values()
            undated = [each for each in found if each.received_at is None]
            dated = [each for each in found if each.received_at is not None]
            self._offered = [*undated, *sorted(dated, key=attrgetter("received_at"))]
        return self._offered

    def pages(self, look: Look) -> Iterator[Page]:
        """Yield what is new since the look's marks; a page for each answer of the server."""
        self._require_open()
        marks = {key: read_mark(text) for key, text in look.marks.items()}
        glance = self._glance(look, marks)
        followed = self._followed(look, glance)
        for place in followed:
            mark = marks.get(place.key, Mark())
            seen = glance.get(place.id)
            if mark.folder != place.id:
                mark = Mark()
            if mark.is_complete and mark.still_holds(seen.state, self._session.now()):
                continue
            yield from changes_of(self._session, place, mark, seen, self._listing)
        if look.category:
            yield from self._categorized(look.category, glance, {place.id for place in followed}, marks)

    def find(self, server_ids: Collection[str]) -> Sequence[Offered]:
        """Return those of these messages that are still there, in any order."""
        self._require_open()
        ids = list(server_ids)
        found = []
        for start in range(0, len(ids), CHUNK):
            request = tag(
                "m:GetItem",
                shape(*LISTED, field("item:ParentFolderId")),
                item_ids(ids[start : start + CHUNK]),
            )
            for message in self._session.call(request, "The messages were not looked for"):
                found += self._found(message)
        return found

    def fetch(self, wanted: Iterable[Offered]) -> Iterator[Fetched]:
        """Yield each wanted message in the order asked for.

        A message whose announced size is over the limit is not asked for; one that outgrows it while
        it comes is refused, and the next ones are asked for anew.
        """
        self._require_open()
        for fetched in self._fetcher.fetch(wanted):
            self._require_open()
            yield fetched
        self._require_open()

    def discard(self, done: Sequence[Offered]) -> None:
        """Remember these messages to be moved to Deleted Items when the session closes well."""
        self._require_open()
        self._to_discard += (offered.server_id for offered in done)

    def close(self) -> None:
        """End the session and remove what was discarded; raises nothing. `farewell` says what went badly."""
        if self._end is None:
            try:
                self._remove()
            except TransportError as failure:
                self.farewell = failure
            self._end = _ended()

    def abort(self) -> None:
        """End the session and remove nothing; raises nothing."""
        self._to_discard.clear()
        if self._end is None:
            self._end = _ended()

    def _glance(self, look: Look, marks: dict[str, Mark]) -> Glance:
        inbox, sent = (marks.get(key, Mark()).folder for key in (INBOX, SENT))
        return self._folders.glance_for(look, inbox=inbox, sent=sent)

    def _followed(self, look: Look, glance: Glance) -> list[Place]:
        """Return the folders that are read by their changes, each once."""
        places = [Place(glance.inbox, INBOX)]
        places += [Place(each, each, each) for each in look.folders if each in glance.folders]
        if look.sent_items and glance.sent:
            places.append(Place(glance.sent, SENT, glance.sent, is_sent=True))
        # A tracked folder may be the inbox, or Sent Items; the more special reading of it goes before.
        return list({place.id: place for place in reversed(places)}.values())[::-1]

    def _categorized(
        self, category: str, glance: Glance, followed: Collection[str], marks: dict[str, Mark]
    ) -> Iterator[Page]:
        """Yield the messages with this category in all other folders that have changed."""
        now = self._session.now()
        changed = [
            seen
            for seen in glance.folders.values()
            if seen.holds_mail
            and seen.id not in followed
            and not marks.get(seen.id, Mark()).still_holds(seen.state, now)
        ]
        places = [Place(seen.id, seen.id, seen.id, seen.id == glance.sent) for seen in changed]
        named = [folder_id(place.id) for place in places]
        problem = "The messages with a category were not looked for"
        paths = (*LISTED, IS_DRAFT)
        for position, items in find_items(self._session, named, paths, with_category(category), problem):
            # What somebody is still writing is no mail yet.
            sent = [item for item in items if not is_draft(item)]
            if offered := [o for o in self._offers(sent, places[position]) if _has(o, category)]:
                yield Page(offered)
        if changed:
            read_at = self._session.answered_at
            looked = {seen.id: Mark("", seen.settled(read_at), now, seen.id).written() for seen in changed}
            yield Page((), marks=looked)

    def _offers(self, items: Iterable[Element], place: Place) -> list[Offered]:
        return [offer for item in items if (offer := self._listing.offer(item, place))]

    def _found(self, message: Message) -> list[Offered]:
        item = next(message.all("m:Items/*"), None) if message.is_ok else None
        if item is None:
            return []
        parent = next(item.iterfind("{*}ParentFolderId"), None)
        folder = "" if parent is None else parent.get("Id") or ""
        glance = self._folders.landmarks()
        place = Place(folder, folder, "" if folder == glance.inbox else folder, folder == glance.sent)
        return self._offers([item], place)

    def _remove(self) -> None:
        while self._to_discard:
            batch = self._to_discard[:CHUNK]
            for message in self._session.call(self._removal(batch), "The messages were not removed"):
                if not message.is_ok and message.said.code != "ErrorItemNotFound":
                    # It stays where it is; it is known by its id and will not be read again.
                    self.farewell = Unreachable("A message was not removed.", reply=message.said.reply)
            del self._to_discard[:CHUNK]

    def _removal(self, ids: Sequence[str]) -> str:
        # source: MS-OXWSCORE 3.1.4.3
        quiet = {"SuppressReadReceipts": "true"} if self._session.may_suppress_receipts else {}
        return tag(
            "m:DeleteItem",
            item_ids(ids),
            DeleteType="MoveToDeletedItems",
            # Meeting messages and copies of meetings may not be removed without saying so.
            SendMeetingCancellations="SendToNone",
            AffectedTaskOccurrences="AllOccurrences",
            **quiet,
        )

    def _require_open(self) -> None:
        if self._end is not None:
            raise self._end


def _has(offered: Offered, category: str) -> bool:
    """Say whether the message has the category, where the server shows what it has."""
    return not offered.categories or category.casefold() in {each.casefold() for each in offered.categories}


def _ended() -> Unreachable:
    return Unreachable("The session has ended.")
