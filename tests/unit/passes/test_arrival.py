"""When a message arrived: the trace of the last server, and nothing else."""

from datetime import UTC, datetime

import pytest

from postroom.mime.read import read
from postroom.passes.arrival import received_at

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def arrived(*traces: str) -> datetime | None:
    lines = "".join(f"Received: {trace}\r\n" for trace in traces)
    return received_at(read(f"{lines}Date: Mon, 2 Mar 2026 01:00:00 +0000\r\n\r\nHi\r\n".encode()))


@pytest.mark.parametrize(
    ("trace", "at"),
    [
        ("from a by b; Mon, 2 Mar 2026 10:00:00 +0100", NINE),
        ("from a by b;\r\n Mon, 2 Mar 2026 09:00:00 GMT (UTC)", NINE),
        ("from a (x; y) by b; 2 Mar 2026 09:00 +0000", NINE),
        ("from a by b", None),
        ("from a by b; soon", None),
        ("from a by b;", None),
        # What lies beyond the calendar once it is turned into UTC is no instant.
        ("from a by b; Fri, 31 Dec 9999 23:59:59 -0100", None),
        ("from a by b; Mon, 1 Jan 0001 00:00:00 +1400", None),
        ("from a by b; Mon, 99 Foo 99999 99:99:99 +9999", None),
    ],
)
def test_the_last_trace_says_when(trace: str, at: datetime | None) -> None:
    assert arrived(trace) == at


def test_the_first_trace_is_the_last_servers() -> None:
    later = "from b by c; Mon, 2 Mar 2026 09:00:00 +0000"
    assert arrived(later, "from a by b; Mon, 2 Mar 2026 08:00:00 +0000") == NINE


def test_what_the_sender_says_about_the_time_is_not_asked() -> None:
    assert arrived() is None
