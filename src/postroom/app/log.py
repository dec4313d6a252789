"""The log: one set-up for Postroom and its libraries, without anybody's mail in it.

An event names mailbox, pass and item by id. Addresses, subjects, texts and secrets are never logged at any
level: values under the names of `REDACTED` are masked, and so is whatever looks like an address elsewhere.
"""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from functools import cached_property
from typing import Any, TextIO

from postroom.app.settings import LogFormat, LogSettings

MASK = "[redacted]"

#: Names whose values never reach the log.
REDACTED = frozenset(
    {
        "address",
        "addresses",
        "addressused",
        "authorization",
        "bcc",
        "body",
        "cc",
        "clientsecret",
        "content",
        "description",
        "emailaddress",
        "filename",
        "from",
        "html",
        "internalemailaddress",
        "key",
        "matchedaddress",
        "password",
        "plain",
        "raw",
        "recipients",
        "secret",
        "secret_key",
        "sender",
        "subject",
        "text",
        "to",
        "token",
        "torecipients",
        "username",
    }
)
# Libraries that tell at length what goes well.
_CHATTY = ("alembic", "sqlalchemy", "asyncio", "mail.log")
# An address, and the user and password of a URL.
_ADDRESS = re.compile(r"[^\s<>\"'(),:;@\\]+@[^\s<>\"'(),:;@\\]+")
_CREDENTIALS = re.compile(r"(?<=://)[^\s/@]+(?=@)")


def set_up_log(settings: LogSettings, *, stream: TextIO | None = None) -> None:
    """Send every log of this process through one formatter; may be called again."""
    out = stream or sys.stderr
    handler = logging.StreamHandler(out)
    handler.setFormatter(_Lines(settings.format, in_colour=out.isatty()))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.level.upper())
    for chatty in _CHATTY:
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))


class _Lines(logging.Formatter):
    """Writes an event as one line, with everything masked that must not be in a log."""

    def __init__(self, form: LogFormat, *, in_colour: bool) -> None:
        super().__init__()
        self._form = form
        self._in_colour = in_colour

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return self._formatter.format(record)

    @cached_property
    def _formatter(self) -> logging.Formatter:
        # Imported for the first line: most commands log none, and it brings Rich and Pygments with it.
        import structlog

        renderer: Any = structlog.processors.JSONRenderer()
        if self._form is LogFormat.TEXT:
            renderer = structlog.dev.ConsoleRenderer(colors=self._in_colour)
        return structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.contextvars.merge_contextvars,
                structlog.stdlib.add_logger_name,
                structlog.stdlib.add_log_level,
                structlog.stdlib.ExtraAdder(),
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.format_exc_info,
                redact,
            ],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )


def redact(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask what must not be logged in an event."""
    for name, value in event.items():
        event[name] = MASK if name.lower() in REDACTED else without_addresses(value)
    return event


def without_addresses(value: Any) -> Any:
    """Return the value with everything masked that looks like an address or like credentials in a URL.

    >>> without_addresses("no mailbox ann@example.org here")
    'no mailbox [redacted] here'
    """
    if isinstance(value, str):
        return _ADDRESS.sub(MASK, _CREDENTIALS.sub(MASK, value))
    if isinstance(value, Mapping):
        return {k: MASK if str(k).lower() in REDACTED else without_addresses(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [without_addresses(item) for item in value]
    return value
