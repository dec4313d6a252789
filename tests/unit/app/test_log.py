"""The log: one format for all, and nobody's mail in it."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from postroom.app.log import MASK, set_up_log
from postroom.app.settings import LogFormat, LogSettings


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    stream = io.StringIO()
    set_up_log(LogSettings(level="info", format=LogFormat.JSON), stream=stream)
    yield stream
    root.handlers, root.level = handlers, level


def test_an_event_keeps_its_ids_and_loses_what_is_private(lines: io.StringIO) -> None:
    values = {"mailbox": "b1", "subject": "Divorce", "reason": "no rule for ann@example.org", "password": "x"}
    logging.getLogger("engine").info("message kept", extra=values)
    event = json.loads(lines.getvalue())
    assert event["event"] == "message kept"
    assert event["mailbox"] == "b1"
    assert event["subject"] == MASK
    assert event["password"] == MASK
    assert event["reason"] == f"no rule for {MASK}"


def test_a_library_s_line_is_masked_too(lines: io.StringIO) -> None:
    logging.getLogger("library").warning("no route to %s", "ann@example.org")
    logging.getLogger("library").warning("postgresql://user:hunter2@host/db")
    event, url = map(json.loads, lines.getvalue().splitlines())
    assert event["event"] == f"no route to {MASK}"
    assert event["logger"] == "library"
    assert "hunter2" not in url["event"]


def test_a_traceback_is_masked(lines: io.StringIO) -> None:
    try:
        int("ann@example.org")
    except ValueError:
        logging.getLogger("engine").exception("pass failed")
    assert "ValueError" in lines.getvalue()
    assert "ann@" not in lines.getvalue()


def test_what_is_less_severe_than_asked_is_not_written(lines: io.StringIO) -> None:
    logging.getLogger("engine").debug("detail")
    assert lines.getvalue() == ""
