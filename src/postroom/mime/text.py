"""HTML to plain text for mail that has no other, in one pass; for matching, not for display."""

import re
from html import unescape

# A comment, a tag or a run of text; each alternative is linear and one of them always fits.
_TOKEN = re.compile(r"<!--|<(?P<close>/?)(?P<tag>[A-Za-z][A-Za-z0-9]{0,20})[^<>]*>?|[^<]+|<")
_HIDDEN = frozenset({"script", "style", "head", "title", "template"})
_BREAKS = frozenset({
    "address", "article", "blockquote", "br", "div", "dl", "dd", "dt", "fieldset", "footer", "form", "h1",
    "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "ol", "p", "pre", "section", "table", "tr", "ul",
})  # fmt: skip
_SPACES = re.compile(r"[ \t\r\f\v\xa0]+")
_EMPTY_LINES = re.compile(r"\n{3,}")


def html_to_text(html: str) -> str:
    """Return what a reader of the page would read, line by line.

    >>> html_to_text("<style>p{}</style><p>Hello&nbsp;<b>Ann</b></p><p>2 &lt; 3</p>")
    'Hello Ann\\n\\n2 < 3'
    """
    pieces: list[str] = []
    hidden, at = "", 0
    while token := _TOKEN.match(html, at):
        at = token.end()
        tag = (token["tag"] or "").lower()
        if token[0] == "<!--":
            end = html.find("-->", at)
            at = len(html) if end < 0 else end + 3
        elif hidden:
            hidden = "" if tag == hidden and token["close"] else hidden
        elif tag in _HIDDEN and not token["close"]:
            hidden = tag
        elif tag in _BREAKS:
            pieces.append("\n")
        elif not tag:
            pieces.append(_SPACES.sub(" ", unescape(token[0].replace("\n", " "))))
    lines = (line.strip() for line in "".join(pieces).split("\n"))
    return _EMPTY_LINES.sub("\n\n", "\n".join(lines)).strip()


def text_to_html(text: str) -> str:
    """Return the text as a piece of a page, letter for letter.

    >>> text_to_html("1 < 2\\nyes"), text_to_html("")
    ('<div>1 &lt; 2<br>\\nyes</div>', '')
    """
    if not text:
        return ""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f"<div>{escaped.replace(chr(10), '<br>' + chr(10))}</div>"
