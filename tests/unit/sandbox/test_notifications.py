"""Subscriptions: what is told to whom, how far, and when it ends."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from lxml import etree

from postroom.ports.clock import ManualClock
from postroom.sandbox.exchange import notifications
from postroom.sandbox.exchange.events import Event, EventKind
from postroom.sandbox.exchange.names import MESSAGES, TYPES
from postroom.sandbox.exchange.notifications import MAX_TOLD, Subscriptions
from postroom.sandbox.exchange.refusal import Refusal

START = datetime(2026, 11, 25, 11, 0, tzinfo=UTC)
ANN = "ann@here.example"
ALL = "NewMailEvent CreatedEvent DeletedEvent ModifiedEvent MovedEvent CopiedEvent FreeBusyChangedEvent"


def request(xml: str) -> etree._Element:
    return etree.fromstring(f'<m:Request xmlns:m="{MESSAGES}" xmlns:t="{TYPES}">{xml}</m:Request>')


def wish(
    delivery: str = "Pull", folders: str = "inbox", events: str = ALL, extra: str = ""
) -> etree._Element:
    ids = "".join(f'<t:DistinguishedFolderId Id="{each}"/>' for each in folders.split())
    types = "".join(f"<t:EventType>{each}</t:EventType>" for each in events.split())
    timeout = "<t:Timeout>10</t:Timeout>" if delivery == "Pull" and not extra else extra
    where = f"<t:FolderIds>{ids}</t:FolderIds>" if ids else ""
    attribute = "" if ids else ' SubscribeToAllFolders="true"'
    name = f"m:{delivery}SubscriptionRequest"
    return request(f"<{name}{attribute}>{where}<t:EventTypes>{types}</t:EventTypes>{timeout}</{name}>")


def get_events(subscription_id: str, watermark: str) -> etree._Element:
    return request(
        f"<m:SubscriptionId>{subscription_id}</m:SubscriptionId><m:Watermark>{watermark}</m:Watermark>"
    )


def streaming(*ids: str, minutes: int = 1) -> etree._Element:
    inner = "".join(f"<t:SubscriptionId>{each}</t:SubscriptionId>" for each in ids)
    return request(
        f"<m:SubscriptionIds>{inner}</m:SubscriptionIds><m:ConnectionTimeout>{minutes}</m:ConnectionTimeout>"
    )


def happened(
    kind: EventKind = EventKind.CREATED, folder: str = "inbox", item: str = "i1", **old: str
) -> Event:
    return Event(kind, ANN, START, folder, "top", item, "k" if item else "", **old)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
def subscriptions(clock: ManualClock) -> Iterator[Subscriptions]:
    made = Subscriptions(clock, heartbeat_seconds=0.02, minute_seconds=0.1)
    yield made
    made.close()


def subscribe(subscriptions: Subscriptions, wished: etree._Element) -> list[str]:
    elements = subscriptions.subscribe(wished, ANN, lambda element: str(element.get("Id")))
    return [element.text or "" for element in elements]


def names(elements: list[etree._Element]) -> list[str]:
    return [etree.QName(child).localname for child in elements[0] if len(child)]


def texts(root: etree._Element, name: str) -> list[str]:
    return [element.text or "" for element in root.iter(f"{{*}}{name}")]


def test_a_subscriber_asks_for_what_happened_since_its_watermark(subscriptions: Subscriptions) -> None:
    subscription, watermark = subscribe(subscriptions, wish())
    subscriptions.publish(happened(EventKind.NEW_MAIL))
    subscriptions.publish(happened(EventKind.MODIFIED))
    told = subscriptions.get_events(get_events(subscription, watermark))
    assert names(told) == ["NewMailEvent", "ModifiedEvent"]
    assert texts(told[0], "MoreEvents") == ["false"]
    first = texts(told[0], "Watermark")[0]
    assert names(subscriptions.get_events(get_events(subscription, first))) == ["ModifiedEvent"]


def test_when_nothing_happened_a_status_event_moves_the_watermark(subscriptions: Subscriptions) -> None:
    subscription, watermark = subscribe(subscriptions, wish())
    subscriptions.publish(happened(folder="drafts"))
    told = subscriptions.get_events(get_events(subscription, watermark))
    assert names(told) == ["StatusEvent"]
    assert texts(told[0], "Watermark") != [watermark]


@pytest.mark.parametrize(
    ("event", "is_told"),
    [
        (happened(EventKind.MOVED, "inbox", old_item_id="i0", old_folder_id="drafts"), True),
        (happened(EventKind.MOVED, "drafts", old_item_id="i0", old_folder_id="inbox"), True),
        (happened(EventKind.COPIED, "drafts", old_item_id="i0", old_folder_id="inbox"), False),
        (happened(EventKind.DELETED), True),
        (happened(EventKind.MODIFIED, "inbox", item=""), True),
        (happened(EventKind.CREATED, "drafts"), False),
    ],
)
def test_a_subscriber_is_told_of_what_concerns_its_folders(
    subscriptions: Subscriptions, event: Event, *, is_told: bool
) -> None:
    subscription, watermark = subscribe(subscriptions, wish())
    subscriptions.publish(event)
    told = names(subscriptions.get_events(get_events(subscription, watermark)))
    assert (told == [event.kind.value]) is is_told


def test_a_subscriber_to_all_folders_is_told_of_each_and_of_no_other_mailbox(
    subscriptions: Subscriptions,
) -> None:
    subscription, watermark = subscribe(subscriptions, wish(folders="", events="CreatedEvent"))
    subscriptions.publish(happened(folder="drafts"))
    subscriptions.publish(happened(EventKind.DELETED))
    subscriptions.publish(Event(EventKind.CREATED, "ben@here.example", START, "inbox", "top", "i"))
    assert names(subscriptions.get_events(get_events(subscription, watermark))) == ["CreatedEvent"]


def test_an_answer_has_only_so_many_events_and_says_that_there_are_more(subscriptions: Subscriptions) -> None:
    subscription, watermark = subscribe(subscriptions, wish())
    for number in range(MAX_TOLD + 1):
        subscriptions.publish(happened(item=f"i{number}"))
    told = subscriptions.get_events(get_events(subscription, watermark))
    assert texts(told[0], "MoreEvents") == ["true"]
    rest = subscriptions.get_events(get_events(subscription, texts(told[0], "Watermark")[-1]))
    assert len(names(rest)) == 1


def test_a_new_subscription_goes_on_from_an_old_watermark(subscriptions: Subscriptions) -> None:
    _, watermark = subscribe(subscriptions, wish())
    subscriptions.publish(happened())
    subscriptions.forget()
    extra = f"<t:Watermark>{watermark}</t:Watermark><t:Timeout>1</t:Timeout>"
    subscription, resumed = subscribe(subscriptions, wish(extra=extra))
    assert names(subscriptions.get_events(get_events(subscription, resumed))) == ["CreatedEvent"]


def test_events_that_were_forgotten_are_missed_with_an_error(
    subscriptions: Subscriptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifications, "MAX_REMEMBERED", 3)
    subscription, watermark = subscribe(subscriptions, wish())
    for _ in range(4):
        subscriptions.publish(happened())
    with pytest.raises(Refusal, match="ErrorMissedNotificationEvents"):
        subscriptions.get_events(get_events(subscription, watermark))


def test_a_subscription_expires_when_nobody_asks(subscriptions: Subscriptions, clock: ManualClock) -> None:
    subscription, watermark = subscribe(subscriptions, wish())
    clock.at += timedelta(minutes=9)
    subscriptions.get_events(get_events(subscription, watermark))
    clock.at += timedelta(minutes=9)
    subscriptions.get_events(get_events(subscription, watermark))
    clock.at += timedelta(minutes=11)
    with pytest.raises(Refusal, match="ErrorSubscriptionNotFound"):
        subscriptions.get_events(get_events(subscription, watermark))


def test_a_subscription_ends_when_it_is_unsubscribed(subscriptions: Subscriptions) -> None:
    subscription, watermark = subscribe(subscriptions, wish())
    subscriptions.unsubscribe(get_events(subscription, watermark))
    with pytest.raises(Refusal, match="ErrorSubscriptionNotFound"):
        subscriptions.unsubscribe(get_events(subscription, watermark))


def test_a_mailbox_has_only_so_many_subscriptions(clock: ManualClock) -> None:
    subscriptions = Subscriptions(clock, max_subscriptions=1)
    subscribe(subscriptions, wish())
    with pytest.raises(Refusal, match="ErrorExceededSubscriptionCount"):
        subscribe(subscriptions, wish())


@pytest.mark.parametrize(
    "bad",
    [
        wish("Push"),
        wish(events="SomethingEvent"),
        wish(extra="<t:Timeout>0</t:Timeout>"),
        wish(extra="<t:Timeout>soon</t:Timeout>"),
        request("<m:PullSubscriptionRequest><t:Timeout>1</t:Timeout></m:PullSubscriptionRequest>"),
        request(""),
    ],
)
def test_a_bad_subscription_is_refused(subscriptions: Subscriptions, bad: etree._Element) -> None:
    with pytest.raises(Refusal, match="ErrorInvalidSubscriptionRequest"):
        subscribe(subscriptions, bad)


@pytest.mark.parametrize("watermark", ["", "abc", "AAAA"])
def test_a_watermark_of_another_make_is_refused(subscriptions: Subscriptions, watermark: str) -> None:
    subscription, _ = subscribe(subscriptions, wish())
    with pytest.raises(Refusal, match="ErrorInvalidWatermark"):
        subscriptions.get_events(get_events(subscription, watermark))


def test_a_stream_tells_what_happened_before_and_while_it_is_open(subscriptions: Subscriptions) -> None:
    (subscription,) = subscribe(subscriptions, wish("Streaming"))
    subscriptions.publish(happened(item="before"))
    stream = subscriptions.stream(streaming(subscription, minutes=30))
    assert texts(next(stream), "ConnectionStatus") == ["OK"]
    assert "CreatedEvent" in etree.tostring(next(stream)).decode()
    threading.Timer(0.01, subscriptions.publish, [happened(EventKind.NEW_MAIL)]).start()
    told = next(answer for answer in stream if not texts(answer, "ConnectionStatus"))
    assert "NewMailEvent" in etree.tostring(told).decode()


def test_a_quiet_stream_beats_and_says_that_it_closes(subscriptions: Subscriptions) -> None:
    (subscription,) = subscribe(subscriptions, wish("Streaming"))
    said = [texts(answer, "ConnectionStatus") for answer in subscriptions.stream(streaming(subscription))]
    assert said[0] == said[1] == ["OK"]
    assert said[-1] == ["Closed"]


def test_a_newer_stream_ends_the_one_before(subscriptions: Subscriptions) -> None:
    (subscription,) = subscribe(subscriptions, wish("Streaming"))
    older = subscriptions.stream(streaming(subscription, minutes=30))
    next(older)
    newer = subscriptions.stream(streaming(subscription, minutes=30))
    next(newer)
    assert texts(next(older), "ConnectionStatus") == ["Closed"]


def test_closing_and_unsubscribing_end_a_stream(subscriptions: Subscriptions) -> None:
    (first,) = subscribe(subscriptions, wish("Streaming"))
    (second,) = subscribe(subscriptions, wish("Streaming"))
    streams = [subscriptions.stream(streaming(each, minutes=30)) for each in (first, second)]
    for stream in streams:
        next(stream)
    subscriptions.unsubscribe(get_events(first, ""))
    assert texts(next(streams[0]), "ConnectionStatus") == ["Closed"]
    subscriptions.close()
    assert texts(next(streams[1]), "ConnectionStatus") == ["Closed"]


def test_a_stream_of_unknown_subscriptions_names_them(subscriptions: Subscriptions) -> None:
    (subscription,) = subscribe(subscriptions, wish("Streaming"))
    (answer,) = subscriptions.stream(streaming(subscription, "unknown"))
    assert texts(answer, "SubscriptionId") == ["unknown"]
    assert texts(answer, "ResponseCode") == ["ErrorSubscriptionNotFound"]


def test_a_stream_says_that_it_missed_events(
    subscriptions: Subscriptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifications, "MAX_REMEMBERED", 3)
    (subscription,) = subscribe(subscriptions, wish("Streaming"))
    for _ in range(4):
        subscriptions.publish(happened())
    *_, last = subscriptions.stream(streaming(subscription))
    assert texts(last, "ResponseCode") == ["ErrorMissedNotificationEvents"]


def test_a_streaming_subscription_cannot_be_asked(subscriptions: Subscriptions) -> None:
    (subscription,) = subscribe(subscriptions, wish("Streaming"))
    with pytest.raises(Refusal, match="ErrorInvalidPullSubscriptionId"):
        subscriptions.get_events(get_events(subscription, "x"))
