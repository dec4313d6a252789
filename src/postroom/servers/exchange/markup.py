"""Requests in XML: elements written as text, every value escaped, nothing that XML forbids."""

import re
from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
MESSAGES = "http://schemas.microsoft.com/exchange/services/2006/messages"
TYPES = "http://schemas.microsoft.com/exchange/services/2006/types"
ERRORS = "http://schemas.microsoft.com/exchange/services/2006/errors"

# source: XML 2.2
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def text(value: str) -> str:
    """Return a value as it stands between tags.

    >>> text("R&D <\\x00>")
    'R&amp;D &lt;&gt;'
    """
    return escape(_FORBIDDEN.sub("", value))


def tag(name: str, *children: str, **attributes: str) -> str:
    """Return an element around children that are markup already; attributes are escaped.

    >>> tag("t:ItemId", Id="AA&=")
    '<t:ItemId Id="AA&amp;="/>'
    """
    head = name + "".join(
        f" {key}={quoteattr(_FORBIDDEN.sub('', value))}" for key, value in attributes.items()
    )
    inner = "".join(children)
    return f"<{head}>{inner}</{name}>" if inner else f"<{head}/>"


def field(uri: str) -> str:
    """Return the path to a property that has a name, such as item:Size."""
    return tag("t:FieldURI", FieldURI=uri)


def tagged(property_tag: int, kind: str) -> str:
    """Return the path to a property that MAPI knows by its number.

    >>> tagged(0x670A, "SystemTime")
    '<t:ExtendedFieldURI PropertyTag="0x670A" PropertyType="SystemTime"/>'
    """
    return tag("t:ExtendedFieldURI", PropertyTag=f"0x{property_tag:04X}", PropertyType=kind)


def item_ids(ids: Iterable[str]) -> str:
    """Return the list of items that an operation is about."""
    return tag("m:ItemIds", *(tag("t:ItemId", Id=each) for each in ids))


def shape(*paths: str, element: str = "m:ItemShape", base: str = "IdOnly", before: str = "") -> str:
    """Return which properties are asked for: those of the base shape and the given ones."""
    wanted = tag("t:AdditionalProperties", *paths) if paths else ""
    return tag(element, tag("t:BaseShape", base), before, wanted)


def envelope(operation: str, *, version: str, impersonated: str = "") -> bytes:
    """Return a whole request: the operation in its SOAP envelope."""
    # source: MS-OXWSCDATA 2.2.3.12, 2.2.5.3
    header = tag("t:RequestServerVersion", Version=version)
    if impersonated:
        sid = tag("t:ConnectingSID", tag("t:PrimarySmtpAddress", text(impersonated)))
        header += tag("t:ExchangeImpersonation", sid)
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:m="{MESSAGES}" xmlns:t="{TYPES}">'
        f"<s:Header>{header}</s:Header><s:Body>{operation}</s:Body></s:Envelope>"
    ).encode()
