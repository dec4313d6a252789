"""Subscriptions to what happens in mailboxes: asked for from time to time, or streamed.

Threads publish, ask and stream at the same time; one lock guards everything. What was asked for is
answered with the elements of a response message; refused requests raise `Refusal`.
"""

import base64
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from lxml import etree

from postroom.ports.clock import Clock
from postroom.sandbox.exchange.events import Event, EventKind
from postroom.sandbox.exchange.names import local_name, m_element, m_name, t_element, text_of
from postroom.sandbox.exchange.notices import (
    Told,
    event_elements,
    read_watermark,
    stream_refusal,
    stream_response,
    write_watermark,
)
from postroom.sandbox.exchange.refusal import Refusal

#: Most subscriptions at one mailbox, as Exchange's throttling policy has it.
MAX_SUBSCRIPTIONS: Final = 20
#: Events of one mailbox that are remembered, and events told in one answer.
MAX_REMEMBERED: Final = 5000
MAX_TOLD: Final = 500
#: A streaming subscription is forgotten when nobody has connected for so long.
STREAMING_TIMEOUT: Final = timedelta(minutes=30)

#: What may be subscribed to. Nothing happens to anybody's free and busy times without another event.
EVENT_TYPES: Final = frozenset({"FreeBusyChangedEvent", *(kind.value for kind in EventKind)})

#: Gives the id of the folder that a FolderId or DistinguishedFolderId element names.
FolderOf = Callable[[etree._Element], str]


class Delivery(Enum):
    """How a subscriber learns of events; the values are names of the schema."""

    PULL = "PullSubscriptionRequest"
    STREAMING = "StreamingSubscriptionRequest"


@dataclass(slots=True)
class Subscription:
    """One subscriber's interest in a mailbox."""

    id: str
    mailbox: str
    delivery: Delivery
    #: Names of event types.
    kinds: frozenset[str]
    #: None for all folders.
    folder_ids: frozenset[str] | None
    timeout: timedelta
    used_at: datetime
    #: The number of the last event that was streamed.
    position: int
    #: Counts its connections: a newer one ends the one before.
    connection: int = 0

    def wants(self, event: Event) -> bool:
        """Say whether its subscriber is to be told of the event."""
        return event.kind.value in self.kinds and (
            self.folder_ids is None or not self.folder_ids.isdisjoint(_places(event))
        )


class Subscriptions:
    """All subscriptions of a server, and the events they may still ask for."""

    def __init__(
        self,
        clock: Clock,
        *,
        heartbeat_seconds: float = 30.0,
        minute_seconds: float = 60.0,
        max_subscriptions: int = MAX_SUBSCRIPTIONS,
    ) -> None:
        self._clock = clock
        #: Seconds after which a stream without events says that it is still there.
        self.heartbeat_seconds = heartbeat_seconds
        #: How long a minute of a stream is; a sandbox may be in a hurry.
        self.minute_seconds = minute_seconds
        self._max_subscriptions = max_subscriptions
        self._subscriptions: dict[str, Subscription] = {}
        self._events: dict[str, deque[tuple[int, Event]]] = {}
        self._last = 0
        self._next_id = 1
        self._is_closed = False
        self._changed = threading.Condition()

    def __len__(self) -> int:
        """Return how many there are."""
        with self._changed:
            return len(self._subscriptions)

    def publish(self, event: Event) -> None:
        """Tell whoever wants to know that this happened."""
        with self._changed:
            self._last += 1
            remembered = self._events.setdefault(event.mailbox.lower(), deque(maxlen=MAX_REMEMBERED))
            remembered.append((self._last, event))
            self._changed.notify_all()

    def close(self) -> None:
        """End all streams, now and from now on."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def forget(self) -> None:
        """Forget all subscriptions, as a server does that was started anew."""
        with self._changed:
            self._subscriptions.clear()
            self._changed.notify_all()

    def subscribe(self, request: etree._Element, mailbox: str, folder_of: FolderOf) -> list[etree._Element]:
        """Take in a Subscribe request; return its SubscriptionId and, for pulling, the Watermark."""
        wish = next(request.iterchildren("{*}*"), None)
        if wish is None or local_name(wish) not in {each.value for each in Delivery}:
            raise Refusal("ErrorInvalidSubscriptionRequest", "Only pulling and streaming are served here.")
        delivery = Delivery(local_name(wish))
        kinds = frozenset(_kind(element) for element in wish.findall("{*}EventTypes/{*}EventType"))
        folder_ids = _folder_ids(wish, folder_of)
        timeout = _minutes(wish, "Timeout", 1440) if delivery is Delivery.PULL else STREAMING_TIMEOUT
        resumed = text_of(wish.find("{*}Watermark"))
        with self._changed:
            made = Subscription(
                id=self._new_id(mailbox),
                mailbox=mailbox.lower(),
                delivery=delivery,
                kinds=kinds,
                folder_ids=folder_ids,
                timeout=timeout,
                used_at=self._clock.now(),
                position=read_watermark(resumed) if resumed else self._last,
            )
            self._subscriptions[made.id] = made
        answer = [m_element("SubscriptionId", made.id)]
        if delivery is Delivery.PULL:
            answer.append(m_element("Watermark", write_watermark(made.position)))
        return answer

    def unsubscribe(self, request: etree._Element) -> list[etree._Element]:
        """Take in an Unsubscribe request; there is nothing to return."""
        with self._changed:
            del self._subscriptions[self._get(text_of(request.find(m_name("SubscriptionId")))).id]
            self._changed.notify_all()
        return []

    def get_events(self, request: etree._Element) -> list[etree._Element]:
        """Take in a GetEvents request; return the Notification of what happened since its watermark."""
        since = text_of(request.find(m_name("Watermark")))
        with self._changed:
            subscription = self._get(text_of(request.find(m_name("SubscriptionId"))))
            if subscription.delivery is not Delivery.PULL:
                raise Refusal("ErrorInvalidPullSubscriptionId", "This subscription is streamed.")
            subscription.used_at = self._clock.now()
            told = self._told(subscription, read_watermark(since))
        notification = m_element("Notification")
        notification.append(t_element("SubscriptionId", subscription.id))
        notification.append(t_element("PreviousWatermark", since))
        notification.append(t_element("MoreEvents", "true" if told.has_more else "false"))
        notification.extend(event_elements(told))
        return [notification]

    def stream(self, request: etree._Element) -> Iterator[etree._Element]:
        """Take in a GetStreamingEvents request; yield whole responses until the time is up.

        Says at once that it is connected, tells events as they happen, says now and then that it is
        still there, and says in the end that it is closed.
        """
        ids = [text_of(each) for each in request.findall(f"{m_name('SubscriptionIds')}/{{*}}SubscriptionId")]
        length = _minutes(request, "ConnectionTimeout", 30) / timedelta(minutes=1) * self.minute_seconds
        ends = time.monotonic() + length
        connections, unknown = self._connect(ids)
        if unknown or not ids:
            problem = Refusal("ErrorSubscriptionNotFound", "A subscription is not known, or has expired.")
            yield stream_refusal(problem, unknown)
            return
        yield stream_response(status="OK")
        try:
            while (events := self._wait(connections, ends)) is not None:
                yield stream_response(*events, status="" if events else "OK")
            yield stream_response(status="Closed")
        except Refusal as problem:
            yield stream_refusal(problem, ids)

    def _connect(self, ids: Sequence[str]) -> tuple[dict[str, int], list[str]]:
        """Return the number of the new connection by subscription, and the ids that are none."""
        connections, unknown = {}, []
        with self._changed:
            for each in ids:
                try:
                    subscription = self._get(each)
                except Refusal:
                    unknown.append(each)
                    continue
                subscription.connection += 1
                connections[each] = subscription.connection
            self._changed.notify_all()
        return connections, unknown

    def _wait(self, connections: dict[str, int], ends: float) -> list[etree._Element] | None:
        """Return notifications when there are some, nothing for a heartbeat, None when it is over."""
        beat = time.monotonic() + self.heartbeat_seconds
        with self._changed:
            while not self._is_over(connections) and (now := time.monotonic()) < ends:
                if notifications := self._notifications(connections):
                    return notifications
                if now >= beat:
                    return []
                self._changed.wait(min(ends, beat) - now)
            return None

    def _is_over(self, connections: dict[str, int]) -> bool:
        return self._is_closed or any(
            each not in self._subscriptions or self._subscriptions[each].connection != number
            for each, number in connections.items()
        )

    def _notifications(self, connections: dict[str, int]) -> list[etree._Element]:
        made = []
        for each in connections:
            subscription = self._subscriptions[each]
            subscription.used_at = self._clock.now()
            told = self._told(subscription, subscription.position)
            subscription.position = told.position
            if told.events:
                # In the namespace of types, unlike the one of GetEvents: so the schema has it.
                notification = t_element("Notification")
                notification.append(t_element("SubscriptionId", subscription.id))
                notification.extend(event_elements(told))
                made.append(notification)
        return made

    def _told(self, subscription: Subscription, since: int) -> Told:
        remembered = self._events.get(subscription.mailbox, deque())
        if len(remembered) == MAX_REMEMBERED and since < remembered[0][0] - 1:
            raise Refusal("ErrorMissedNotificationEvents", "Events since then have been forgotten.")
        wanted = [
            (number, event) for number, event in remembered if number > since and subscription.wants(event)
        ]
        told = wanted[:MAX_TOLD]
        has_more = len(wanted) > len(told)
        return Told(told, told[-1][0] if has_more else self._last, has_more)

    def _get(self, subscription_id: str) -> Subscription:
        self._expire()
        found = self._subscriptions.get(subscription_id)
        if found is None:
            raise Refusal("ErrorSubscriptionNotFound", "The subscription is not known, or has expired.")
        return found

    def _expire(self) -> None:
        now = self._clock.now()
        for each in list(self._subscriptions.values()):
            if now - each.used_at > each.timeout:
                del self._subscriptions[each.id]

    def _new_id(self, mailbox: str) -> str:
        self._expire()
        own = sum(each.mailbox == mailbox.lower() for each in self._subscriptions.values())
        if own >= self._max_subscriptions:
            raise Refusal("ErrorExceededSubscriptionCount", "The mailbox has too many subscriptions.")
        self._next_id += 1
        return base64.b64encode(f"{mailbox}/{self._next_id}".encode()).decode("ascii")


def _places(event: Event) -> set[str]:
    """Return the folders that it happened to or in, and the one that something was taken out of."""
    places = {event.folder_id}
    if not event.item_id:
        places.add(event.parent_id)
    if event.kind is EventKind.MOVED:
        places.add(event.old_folder_id if event.item_id else event.old_parent_id)
    return places


def _kind(element: etree._Element) -> str:
    name = text_of(element).strip()
    if name not in EVENT_TYPES:
        raise Refusal("ErrorInvalidSubscriptionRequest", "There is no such event type.")
    return name


def _folder_ids(wish: etree._Element, folder_of: FolderOf) -> frozenset[str] | None:
    if wish.get("SubscribeToAllFolders", "").lower() in ("true", "1"):
        return None
    named = [folder_of(element) for element in wish.iterfind("{*}FolderIds/{*}*")]
    if not named:
        raise Refusal("ErrorInvalidSubscriptionRequest", "No folder is named.")
    return frozenset(named)


def _minutes(parent: etree._Element, name: str, most: int) -> timedelta:
    text = text_of(parent.find(f"{{*}}{name}")).strip()
    if not (text.isdecimal() and len(text) < 9 and 1 <= int(text) <= most):
        raise Refusal("ErrorInvalidSubscriptionRequest", f"{name} is from 1 to {most} minutes.")
    return timedelta(minutes=int(text))
