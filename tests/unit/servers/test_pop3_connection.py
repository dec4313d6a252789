"""Connections keep secrets, limits and promises without any server."""

import socket
import time
from collections.abc import Iterator

import pytest

from postroom.errors import SignInRejected, Unreachable, UserError
from postroom.servers.connection import Connection, Endpoint, Mask, Security, Step, run_steps


@pytest.fixture
def pair() -> Iterator[tuple[Connection, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.settimeout(0.2)
    connection = Connection(ours, Endpoint("mail.example.com", 110, Security.PLAIN, 0.2))
    yield connection, theirs
    connection.close()
    theirs.close()


def test_an_endpoint_that_cannot_exist_lists_all_that_is_wrong() -> None:
    with pytest.raises(UserError) as caught:
        Endpoint(" ", 70000, timeout=0)
    assert len(caught.value.problems) == 3


def test_no_password_leaves_unprotected_for_another_machine(
    pair: tuple[Connection, socket.socket],
) -> None:
    connection, _ = pair
    with pytest.raises(SignInRejected, match="password was not sent"):
        connection.require_privacy()


def test_a_password_may_leave_unprotected_where_that_is_allowed() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        Connection(
            ours, Endpoint("mail.example.com", 110, Security.PLAIN, allow_plaintext=True)
        ).require_privacy()


@pytest.mark.parametrize("said", ["bad: topsecret", "bad: dG9wc2VjcmV0", "topsecrettopsecret"])
def test_secrets_are_masked_also_in_base64(said: str) -> None:
    shown = Mask(("topsecret", ""))(said)
    assert "topsecret" not in shown
    assert "dG9wc2VjcmV0" not in shown
    assert "***" in shown


def test_a_mask_does_not_show_its_secrets() -> None:
    assert "topsecret" not in repr(Mask(("topsecret",)))


def test_what_a_server_says_is_made_fit_to_be_shown() -> None:
    assert Mask()(b"-ERR \x1b[31mred\xff\r\n") == "-ERR  [31mred\ufffd"
    assert len(Mask()(b"x" * 10_000)) == 500


def test_silence_is_given_up(pair: tuple[Connection, socket.socket]) -> None:
    connection, _ = pair
    connection.begin("an answer")
    with pytest.raises(Unreachable, match=r"said nothing for 0\.2 s while we waited for an answer"):
        connection.receive()


def test_a_trickle_is_given_up_although_no_single_wait_is_long(
    pair: tuple[Connection, socket.socket],
) -> None:
    connection, theirs = pair
    connection.begin("an answer")
    started = time.monotonic()
    with pytest.raises(Unreachable, match="too slow"):  # noqa: PT012 - each octet is a step of the story
        while time.monotonic() - started < 5:
            theirs.send(b"x")
            connection.receive()
            time.sleep(0.02)
    assert time.monotonic() - started < 1


def test_a_reader_that_reads_nothing_is_given_up(pair: tuple[Connection, socket.socket]) -> None:
    connection, _ = pair
    with pytest.raises(Unreachable, match="said nothing"):
        connection.send(b"x" * 10_000_000)


def test_a_closed_connection_says_so(pair: tuple[Connection, socket.socket]) -> None:
    connection, theirs = pair
    theirs.close()
    with pytest.raises(Unreachable, match=r"closed the connection|broke"):
        connection.receive()


def test_an_aborted_connection_gives_nothing_and_raises_nothing_more(
    pair: tuple[Connection, socket.socket],
) -> None:
    connection, _ = pair
    connection.abort()
    connection.abort()
    connection.close()
    with pytest.raises(Unreachable, match="broke"):
        connection.receive()


def test_a_trial_stops_after_the_first_step_that_fails() -> None:
    def fail() -> str:
        raise Unreachable("nobody there", reply="-ERR")

    def never() -> str:
        raise AssertionError("must not be tried")

    steps = list(run_steps([("one", lambda: "fine"), ("two", fail), ("three", never)]))
    assert [(step.name, step.ok, step.reply) for step in steps] == [
        ("one", True, "fine"),
        ("two", False, "-ERR"),
    ]
    assert isinstance(steps[1], Step)
    assert str(steps[1].failure) == "nobody there"
