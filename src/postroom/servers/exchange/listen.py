"""Streaming notifications: who gets mail says so at once, as a hint and nothing more.

Whoever misses a hint loses nothing, since mailboxes are looked at from time to time in any case; so no
failure here is a fault of a mailbox. Connections are few: one carries the news of many mailboxes.
"""

import re
import threading
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from postroom.errors import BadReply, Throttled, TransportError, Unreachable, UserError
from postroom.servers.exchange.account import Access, Application, ExchangeAccount
from postroom.servers.exchange.answer import Element, SoapFault, local, read_answer, texts_at
from postroom.servers.exchange.faults import about_request
from postroom.servers.exchange.markup import tag, text
from postroom.servers.exchange.reply import Reply
from postroom.servers.exchange.search import folder_id
from postroom.servers.exchange.session import Session

#: Mailboxes whose news come over one connection.
# source: EWS-THROTTLING
TOGETHER = 50
#: Minutes after which the server ends a connection and we open the next; 30 is the most.
# source: MS-OXWSNTIF 2.2.5.1
MINUTES = 25
#: Seconds of silence after which a connection counts as dead; the server says "OK" more often than that.
SILENCE = 180.0
#: Seconds before a lost connection is opened again: the first time, and at most.
FIRST_WAIT, LONGEST_WAIT = 1.0, 300.0
#: Connections held at once. Mailboxes beyond them are left to being looked at.
MOST_HELD = 100

_EVENTS = ("CopiedEvent", "CreatedEvent", "MovedEvent", "NewMailEvent")
_END = re.compile(rb"</(?:[A-Za-z_][\w.-]*:)?Envelope\s*>")
_LONGEST_NEWS = 4 * 1024 * 1024
_PROBLEM = "News of the mailbox can't be had"


@dataclass(frozen=True, slots=True)
class Watched:
    """A mailbox and which of its folders are listened to."""

    account: ExchangeAccount
    #: Folders beside the inbox, by id.
    folders: tuple[str, ...] = ()
    sent_items: bool = False


@dataclass(slots=True)
class _Group:
    """Mailboxes that share a connection."""

    watched: dict[Hashable, Watched]
    #: Which mailbox each subscription is for.
    subscriptions: dict[str, Hashable] = field(default_factory=dict)
    reply: Reply | None = None
    #: The mailbox whose server keeps the subscriptions of all.
    anchor: str = ""
    #: Something came over the present connection; else its subscriptions may be what is wrong.
    was_heard: bool = False


class Listener:
    """Listens to the news of many mailboxes until it is stopped; use it in a `with`, or start and stop it.

    `on_news` is told the key of a mailbox in which something has come, from a thread of the listener's.
    `on_refused` is told of a mailbox that the server gives no news of; it is left to being looked at.
    """

    def __init__(
        self,
        watched: Mapping[Hashable, Watched],
        on_news: Callable[[Hashable], None],
        on_refused: Callable[[Hashable, TransportError | UserError], None] = lambda key, failure: None,
        *,
        minutes: int = MINUTES,
        silence: float = SILENCE,
        first_wait: float = FIRST_WAIT,
    ) -> None:
        self._on_news = on_news
        self._on_refused = on_refused
        self._minutes = minutes
        self._silence = silence
        self._first_wait = first_wait
        self._stopping = threading.Event()
        groups = [_Group(part, anchor=_first(part).account.mailbox) for part in _grouped(watched)]
        self._groups, self._left = groups[:MOST_HELD], groups[MOST_HELD:]
        self._threads = [
            threading.Thread(target=self._listen, args=(group,), name="listen", daemon=True)
            for group in self._groups
        ]

    def start(self) -> None:
        """Listen from now on."""
        for key in chain.from_iterable(group.watched for group in self._left):
            self._on_refused(key, Throttled(f"{_PROBLEM}: {MOST_HELD} connections are held already."))
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Listen no longer; returns when no more news can come."""
        self._stopping.set()
        for group in self._groups:
            if group.reply is not None:
                group.reply.cut()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(self._silence)

    def __enter__(self) -> "Listener":
        """Start."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()

    def _listen(self, group: _Group) -> None:
        """Hold the connection of a group open; after a loss tell of all, for nobody knows what was missed."""
        wait = self._first_wait
        while not self._stopping.is_set() and group.watched:
            pause = wait
            try:
                for key in self._news(group):
                    wait = pause = self._first_wait
                    self._on_news(key)
                pause = 0.0
            except Throttled as throttled:
                pause = max(wait, throttled.retry_after)
            except (TransportError, UserError):
                pass
            group.reply = None
            if pause:
                if not group.was_heard:
                    group.subscriptions.clear()
                self._stopping.wait(pause)
                wait = min(wait * 2, LONGEST_WAIT)
                self._tell_of_all(group)

    def _tell_of_all(self, group: _Group) -> None:
        for key in list(group.watched):
            if not self._stopping.is_set():
                self._on_news(key)

    def _news(self, group: _Group) -> Iterator[Hashable]:
        """Subscribe where that is needed and yield the key of each mailbox that has news, until an end."""
        group.was_heard = False
        failure = self._subscribe_all(group)
        if self._stopping.is_set():
            return
        subscribed = next(iter(group.subscriptions.values()), None)
        if subscribed is None:
            if failure:
                raise failure
            return
        yield from self._stream(self._session(group, group.watched[subscribed]), group)

    def _subscribe_all(self, group: _Group) -> TransportError | None:
        """Subscribe to those that are not yet; return why one of them could not be now, if any.

        Whose database is down is left out this time, and does not keep the news of others away.
        """
        subscribed = set(group.subscriptions.values())
        failure: TransportError | None = None
        for key, watched in list(group.watched.items()):
            if key in subscribed or self._stopping.is_set():
                continue
            try:
                self._subscribe(group, key, watched)
            except TransportError as error:
                if not error.reply:
                    # The server said nothing at all: the others would fare no better.
                    raise
                failure = error
        return failure

    def _session(self, group: _Group, watched: Watched) -> Session:
        account = replace(watched.account, timeout=self._silence)
        return Session(account, use="listening", anchor=group.anchor)

    def _subscribe(self, group: _Group, key: Hashable, watched: Watched) -> None:
        try:
            group.subscriptions[_subscribe(self._session(group, watched), watched)] = key
        except (Throttled, Unreachable):
            raise
        except (TransportError, UserError) as failure:
            del group.watched[key]
            self._on_refused(key, failure)

    def _stream(self, session: Session, group: _Group) -> Iterator[Hashable]:
        # source: MS-OXWSNTIF 3.1.4.2
        ids = (tag("t:SubscriptionId", text(each)) for each in group.subscriptions)
        request = tag(
            "m:GetStreamingEvents",
            tag("m:SubscriptionIds", *ids),
            tag("m:ConnectionTimeout", str(self._minutes)),
        )
        with session.post(session.wrapped(request)) as reply:
            if not reply.is_soap:
                raise reply.failure()
            group.reply = reply
            if self._stopping.is_set():
                return
            for octets in documents(reply.as_they_come("news")):
                group.was_heard = True
                keys, is_closed = self._read(octets, session, group)
                yield from keys
                if is_closed:
                    return

    def _read(self, octets: bytes, session: Session, group: _Group) -> tuple[Sequence[Hashable], bool]:
        """Return whom a document has news of, and whether it is the last one."""
        try:
            messages = read_answer(octets, session.mask)
        except SoapFault as fault:
            group.subscriptions.clear()
            raise about_request(fault.said, _PROBLEM) from fault
        keys: dict[Hashable, None] = {}
        is_closed = False
        for message in messages:
            if not message.is_ok:
                # One of the subscriptions is lost; all are made anew, with the next connection.
                group.subscriptions.clear()
                raise about_request(message.said, _PROBLEM)
            is_closed = is_closed or message.text("m:ConnectionStatus") == "Closed"
            for notification in message.all("m:Notifications/*"):
                keys.update(
                    (group.subscriptions[each], None)
                    for each in texts_at(notification, "t:SubscriptionId")
                    if each in group.subscriptions and _is_news(notification)
                )
        return list(keys), is_closed


def documents(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield each envelope of a stream of envelopes; raises `BadReply` for one without an end.

    >>> list(documents(iter([b"<s:Envelope>1</s:Env", b"elope><Envelope>2</Envelope>", b" "])))
    [b'<s:Envelope>1</s:Envelope>', b'<Envelope>2</Envelope>']
    """
    held = b""
    for piece in pieces:
        held += piece
        while found := _END.search(held):
            yield held[: found.end()].lstrip()
            held = held[found.end() :]
        if len(held) > _LONGEST_NEWS:
            raise BadReply("The server sends news without an end.")


def _first(watched: Mapping[Hashable, Watched]) -> Watched:
    return next(iter(watched.values()))


def _is_news(notification: Element) -> bool:
    return any(local(each) in _EVENTS for each in notification)


def _subscribe(session: Session, watched: Watched) -> str:
    """Ask for news of a mailbox and return the id under which they will come."""
    # source: MS-OXWSNTIF 3.1.4.3
    folders = [session.known_folder("inbox"), *map(folder_id, watched.folders)]
    if watched.sent_items:
        folders.append(session.known_folder("sentitems"))
    request = tag(
        "m:Subscribe",
        tag(
            "m:StreamingSubscriptionRequest",
            tag("t:FolderIds", *folders),
            tag("t:EventTypes", *(tag("t:EventType", event) for event in _EVENTS)),
        ),
    )
    answer = session.one(request, _PROBLEM)
    subscription = answer.text("m:SubscriptionId")
    if not subscription:
        raise BadReply(f"{_PROBLEM}: the server gave no subscription.")
    return subscription


def _grouped(watched: Mapping[Hashable, Watched]) -> Iterator[dict[Hashable, Watched]]:
    """Put mailboxes together that one connection can serve: the same server, credentials and right."""
    groups: dict[object, dict[Hashable, Watched]] = {}
    for key, each in watched.items():
        account = each.account
        # Who opens a mailbox by its own password shares with nobody.
        by_right = isinstance(account.credentials, Application) or account.access is Access.IMPERSONATION
        place = (account.url, account.autodiscover_url, account.credentials, "" if by_right else key)
        groups.setdefault(place, {})[key] = each
    for group in groups.values():
        keys = list(group)
        for start in range(0, len(keys), TOGETHER):
            yield {key: group[key] for key in keys[start : start + TOGETHER]}
