"""The log: one set-up for Postroom and its libraries, without anybody's mail in it.

An event names mailbox, pass and item by id. Addresses, subjects, texts and secrets are never logged at any
level: values under the names of `REDACTED` are masked, and so is whatever looks like an address elsewhere.
"""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import structlog
from structlog.types import Processor

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
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.contextvars.merge_contextvars,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    out = stream or sys.stderr
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _renderer(settings, out)],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.level.upper())
    for chatty in _CHATTY:
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))


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


def _renderer(settings: LogSettings, stream: TextIO) -> Processor:
    if settings.format is LogFormat.JSON:
        return structlog.processors.JSONRenderer()
    return structlog.dev.ConsoleRenderer(colors=stream.isatty())
