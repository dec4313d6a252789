"""Bodies of items, as HTML or as text, whichever is wanted."""

import html
import re

from lxml import etree

from postroom.sandbox.exchange.names import t_element

_TAG = re.compile(r"<(style|script)\b.*?</\1\s*>|<[^>]*>", re.IGNORECASE | re.DOTALL)
_BREAK = re.compile(r"<(br|/p|/div|/tr|/li)\b[^>]*>", re.IGNORECASE)


def as_body_type(body: etree._Element, wanted: str) -> etree._Element:
    """Return a t:Body as HTML or Text, as it is wanted; Best leaves it as it is."""
    present = body.get("BodyType")
    if wanted in ("Best", present):
        return body
    text = body.text or ""
    if wanted == "Text":
        return t_element("Body", _plain(text), BodyType="Text")
    lines = html.escape(text, quote=False).replace("\r\n", "\n").replace("\n", "<br>\r\n")
    return t_element("Body", f"<html><body>{lines}</body></html>", BodyType="HTML")


def _plain(markup: str) -> str:
    """Return the text of HTML, roughly.

    >>> _plain("<p>a &amp; b</p><p>c</p>")
    'a & b\\r\\nc'
    """
    return html.unescape(_TAG.sub("", _BREAK.sub("\r\n", markup))).strip()
