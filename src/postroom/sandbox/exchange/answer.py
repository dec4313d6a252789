"""Response messages: one per thing asked for, each with its own success or refusal."""

from collections.abc import Callable, Iterable, Sequence

from lxml import etree

from postroom.sandbox.exchange.names import m_element, m_name
from postroom.sandbox.exchange.refusal import Refusal, WholeRefusal
from postroom.sandbox.exchange.soap import message_xml

#: Children that the schema wants even in a message that tells of a refusal.
_ALWAYS = {
    **dict.fromkeys(("CreateItem", "GetItem", "UpdateItem", "MoveItem", "CopyItem"), "Items"),
    **dict.fromkeys(("CreateAttachment", "GetAttachment"), "Attachments"),
    "GetServerTimeZones": "TimeZoneDefinitions",
}
# Exchange sends these even then, and clients count on it.
_END_OF_SYNC = {
    "SyncFolderItems": "IncludesLastItemInRange",
    "SyncFolderHierarchy": "IncludesLastFolderInRange",
}


def success(operation: str, children: Iterable[etree._Element] = ()) -> etree._Element:
    """Return the message that says it was done."""
    message = m_element(f"{operation}ResponseMessage", ResponseClass="Success")
    message.append(m_element("ResponseCode", "NoError"))
    message.extend(children)
    return message


def refused(operation: str, refusal: Refusal) -> etree._Element:
    """Return the message that says why it was not done."""
    message = m_element(f"{operation}ResponseMessage", ResponseClass="Error")
    message.append(m_element("MessageText", refusal.text))
    message.append(m_element("ResponseCode", refusal.code))
    message.append(m_element("DescriptiveLinkKey", "0"))
    if refusal.values:
        message.append(message_xml(refusal, m_element("MessageXml")))
    if operation in _ALWAYS:
        message.append(m_element(_ALWAYS[operation]))
    if operation in _END_OF_SYNC:
        message.append(m_element("SyncState"))
        message.append(m_element(_END_OF_SYNC[operation], "true"))
    return message


def respond(operation: str, messages: Iterable[etree._Element]) -> etree._Element:
    """Return the payload of a response that consists of these messages."""
    response = m_element(f"{operation}Response")
    holder = m_element("ResponseMessages")
    holder.extend(messages)
    response.append(holder)
    return response


def respond_once(operation: str, act: Callable[[], Sequence[etree._Element]]) -> etree._Element:
    """Do the one thing that is asked for; `act` returns the children of the message of success."""
    try:
        return respond(operation, [success(operation, act())])
    except WholeRefusal:
        raise
    except Refusal as refusal:
        return respond(operation, [refused(operation, refusal)])


def respond_each(
    operation: str,
    asked: Iterable[etree._Element],
    act: Callable[[etree._Element], Sequence[etree._Element]],
) -> etree._Element:
    """Do something for each element asked for; one refusal does not keep the others from being done.

    `act` returns the children of the message of success.
    """
    messages = []
    for element in asked:
        try:
            messages.append(success(operation, act(element)))
        except WholeRefusal:
            raise
        except Refusal as refusal:
            messages.append(refused(operation, refusal))
    return respond(operation, messages)


def held(name: str, *children: etree._Element) -> etree._Element:
    """Return an element of the namespace of messages around others, such as m:Items."""
    holder = m_element(name)
    holder.extend(children)
    return holder


def children(request: etree._Element, name: str) -> list[etree._Element]:
    """Return what an element of a request holds; `Refusal` when it holds nothing."""
    holder = request.find(m_name(name))
    if holder is None or not len(holder):
        raise Refusal("ErrorInvalidRequest", f"The request names no {name}.")
    return list(holder)
