"""Subscriptions of the sandbox's Exchange, as exchangelib makes them."""

import threading

import pytest
from exchangelib.errors import ErrorInvalidSubscription, ErrorSubscriptionNotFound
from exchangelib.properties import CreatedEvent, ModifiedEvent, MovedEvent, NewMailEvent, StatusEvent
from tests.support.exchange import ANN, Exchange, letter


def test_a_client_asks_for_new_mail_since_its_watermark(exchange: Exchange) -> None:
    ann = exchange.account(ANN)
    with ann.inbox.pull_subscription(event_types=["NewMailEvent", "CreatedEvent"]) as (
        subscription,
        watermark,
    ):
        item_id = exchange.office.deliver(ANN, letter("Hello"))
        (notification,) = ann.inbox.get_events(subscription, watermark)
        assert [type(event) for event in notification.events] == [CreatedEvent, NewMailEvent]
        assert {event.item_id.id for event in notification.events} == {item_id}
        assert {event.parent_folder_id.id for event in notification.events} == {ann.inbox.id}
        later = notification.events[-1].watermark
        (quiet,) = ann.inbox.get_events(subscription, later)
        assert [type(event) for event in quiet.events] == [StatusEvent]


def test_changes_moves_and_folders_are_told(exchange: Exchange) -> None:
    ann = exchange.account(ANN)
    hands = exchange.office.outlook(ANN)
    item = exchange.office.find_item(exchange.office.deliver(ANN, letter("Hello")))
    assert item is not None
    with ann.inbox.pull_subscription() as (subscription, watermark):
        hands.categorize(item, "Red")
        moved = hands.move(item, "drafts")
        (notification,) = ann.inbox.get_events(subscription, watermark)
        changed, away = notification.events
        assert (type(changed), type(away)) == (ModifiedEvent, MovedEvent)
        assert (away.old_item_id.id, away.item_id.id) == (item.id, moved.id)
        assert away.old_parent_folder_id.id == ann.inbox.id
    with ann.root.pull_subscription(event_types=["CreatedEvent"]) as (subscription, watermark):
        hands.make_folder("Below", "inbox")
        (notification,) = ann.root.get_events(subscription, watermark)
        assert [type(event) for event in notification.events] == [StatusEvent]


def test_a_subscription_that_ended_is_not_known(exchange: Exchange) -> None:
    ann = exchange.account(ANN)
    with ann.inbox.pull_subscription() as (subscription, watermark):
        pass
    with pytest.raises((ErrorSubscriptionNotFound, ErrorInvalidSubscription)):
        list(ann.inbox.get_events(subscription, watermark))
    with pytest.raises((ErrorSubscriptionNotFound, ErrorInvalidSubscription)):
        list(ann.inbox.get_streaming_events(subscription))


def test_a_stream_tells_of_mail_while_it_is_open(exchange: Exchange) -> None:
    ann = exchange.account(ANN)
    exchange.server.subscriptions.heartbeat_seconds = 0.05
    with ann.inbox.streaming_subscription(event_types=["NewMailEvent"]) as subscription:
        timer = threading.Timer(0.2, exchange.office.deliver, [ANN, letter("Hello")])
        timer.start()
        stream = ann.inbox.get_streaming_events(subscription, max_notifications_returned=1)
        (notification,) = list(stream)
        timer.join()
    assert [type(event) for event in notification.events] == [NewMailEvent]
    assert ann.inbox.get(id=notification.events[0].item_id.id).subject == "Hello"


def test_a_stream_ends_when_its_time_is_up(exchange: Exchange) -> None:
    ann = exchange.account(ANN)
    exchange.server.subscriptions.minute_seconds = 0.1
    with ann.inbox.streaming_subscription() as subscription:
        assert list(ann.inbox.get_streaming_events(subscription, connection_timeout=1)) == []
