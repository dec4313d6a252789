"""What subscribers are told, as elements of EWS: events, watermarks, pieces of a stream."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass

from lxml import etree

from postroom.sandbox.exchange.events import Event, EventKind
from postroom.sandbox.exchange.item import write_instant
from postroom.sandbox.exchange.names import m_element, t_element
from postroom.sandbox.exchange.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Told:
    """Events for one subscriber, and the number of the last one that was looked at."""

    events: Sequence[tuple[int, Event]]
    position: int
    has_more: bool


def write_watermark(position: int) -> str:
    """Return the text by which a client says up to which event it knows everything.

    >>> read_watermark(write_watermark(7))
    7
    """
    return base64.b64encode(position.to_bytes(8, "big")).decode("ascii")


def read_watermark(text: str) -> int:
    """Return the number of the event that a watermark stands for."""
    try:
        octets = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        octets = b""
    if len(octets) != 8:
        raise Refusal("ErrorInvalidWatermark", "That is no watermark of this server.")
    return int.from_bytes(octets, "big")


def event_elements(told: Told) -> list[etree._Element]:
    """Return the events; when there are none, the word that all is well and how far it was looked."""
    made = [_event_element(event, write_watermark(number)) for number, event in told.events]
    if not made:
        made.append(t_element("StatusEvent"))
        made[0].append(t_element("Watermark", write_watermark(told.position)))
    return made


def _event_element(event: Event, watermark: str) -> etree._Element:
    made = t_element(event.kind.value)
    made.append(t_element("Watermark", watermark))
    made.append(t_element("TimeStamp", write_instant(event.at)))
    if event.item_id:
        made.append(t_element("ItemId", Id=event.item_id, ChangeKey=event.change_key))
        made.append(t_element("ParentFolderId", Id=event.folder_id))
    else:
        made.append(t_element("FolderId", Id=event.folder_id))
        made.append(t_element("ParentFolderId", Id=event.parent_id))
    if event.kind in (EventKind.MOVED, EventKind.COPIED):
        made.extend(_old_ids(event))
    return made


def _old_ids(event: Event) -> list[etree._Element]:
    if event.item_id:
        own, parent = t_element("OldItemId", Id=event.old_item_id), event.old_folder_id
    else:
        own, parent = t_element("OldFolderId", Id=event.old_folder_id), event.old_parent_id
    return [own, t_element("OldParentFolderId", Id=parent)]


def stream_response(*notifications: etree._Element, status: str = "") -> etree._Element:
    """Return one piece of a stream: notifications, or the status of the connection."""
    message = m_element("GetStreamingEventsResponseMessage", ResponseClass="Success")
    message.append(m_element("ResponseCode", "NoError"))
    if notifications:
        message.append(m_element("Notifications"))
        message[-1].extend(notifications)
    if status:
        message.append(m_element("ConnectionStatus", status))
    return _response_of(message)


def stream_refusal(problem: Refusal, ids: Sequence[str]) -> etree._Element:
    """Return the last piece of a stream that cannot go on, with the subscriptions at fault."""
    message = m_element("GetStreamingEventsResponseMessage", ResponseClass="Error")
    message.append(m_element("MessageText", problem.text))
    message.append(m_element("ResponseCode", problem.code))
    message.append(m_element("DescriptiveLinkKey", "0"))
    if ids:
        message.append(m_element("ErrorSubscriptionIds"))
        message[-1].extend(t_element("SubscriptionId", each) for each in ids)
    message.append(m_element("ConnectionStatus", "Closed"))
    return _response_of(message)


def _response_of(message: etree._Element) -> etree._Element:
    response = m_element("GetStreamingEventsResponse")
    response.append(m_element("ResponseMessages"))
    response[0].append(message)
    return response
