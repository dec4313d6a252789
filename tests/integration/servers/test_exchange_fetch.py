"""Messages fetched from the sandbox's Exchange: one that can't be had never stands before the next."""

import tracemalloc
from collections.abc import Iterator, Sequence

import pytest
from tests.contracts.mail_source import bytes_of, contents
from tests.support.exchange_place import ExchangePlace, a_message, exchange

from postroom.errors import Refused, Throttled, TooLarge, TransportError, Unreachable
from postroom.ports.mail import Fetched
from postroom.sandbox.faults import Misbehaviour
from postroom.servers.exchange.fetch import BATCH

pytestmark = pytest.mark.integration


@pytest.fixture
def place() -> Iterator[ExchangePlace]:
    with exchange() as place:
        yield place


def fill(place: ExchangePlace, count: int) -> list[bytes]:
    messages = [a_message(number) for number in range(count)]
    for data in messages:
        place.deliver(data)
    return messages


def fetched(place: ExchangePlace) -> list[Fetched]:
    source = place.open()
    return list(source.fetch(source.offered()))


def failures(got: Sequence[Fetched]) -> dict[int, type[TransportError]]:
    return {position: type(each.failure) for position, each in enumerate(got) if each.failure}


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("ErrorItemNotFound", Refused),
        ("ErrorContentConversionFailed", Refused),
        ("ErrorMimeContentInvalid", Refused),
        ("ErrorInternalServerError", Refused),
        ("ErrorAccessDenied", Refused),
        ("ErrorRightsManagementPermanentException", Refused),
        ("ErrorOfTomorrow", Refused),
        ("ErrorMessageSizeExceeded", TooLarge),
    ],
)
def test_a_message_that_is_withheld_is_refused_and_the_others_come(
    place: ExchangePlace, code: str, kind: type[TransportError]
) -> None:
    messages = fill(place, 5)
    place.misbehave(Misbehaviour.WITHHOLD, operation="GetItem", item="number 2", answer=code)
    got = fetched(place)
    assert failures(got) == {2: kind}
    assert got[2].failure is not None
    assert code in got[2].failure.reply
    assert contents(each for each in got if each.raw) == messages[:2] + messages[3:]


def test_a_message_that_vanishes_between_list_and_read_is_told_of(place: ExchangePlace) -> None:
    messages = fill(place, 3)
    source = place.open()
    offered = source.offered()
    place.outlook.destroy(place.outlook.find("number 1"))
    got = list(source.fetch(offered))
    assert failures(got) == {1: Refused}
    assert "no longer there" in str(got[1].failure)
    assert contents([got[0], got[2]]) == [messages[0], messages[2]]


def test_a_batch_refused_as_a_whole_is_asked_for_one_by_one(place: ExchangePlace) -> None:
    messages = fill(place, 3)
    place.misbehave(Misbehaviour.FAULT, operation="GetItem", answer="ErrorInternalServerError", times=2)
    got = fetched(place)
    assert failures(got) == {0: Refused}
    assert contents(got[1:]) == messages[1:]


@pytest.mark.parametrize("code", ["ErrorMailboxStoreUnavailable", "ErrorMailboxMoveInProgress"])
def test_a_trouble_of_the_server_is_held_against_no_message(place: ExchangePlace, code: str) -> None:
    fill(place, 3)
    place.misbehave(Misbehaviour.FAULT, operation="GetItem", answer=code)
    with pytest.raises(Unreachable, match="mailbox"):
        fetched(place)


def test_throttling_half_way_keeps_what_came_before(place: ExchangePlace) -> None:
    messages = fill(place, BATCH + 2)
    place.misbehave_after(1, Misbehaviour.THROTTLE, operation="GetItem")
    source = place.open()
    got = []
    with pytest.raises(Throttled):  # noqa: PT012 - each is kept before the next
        for each in source.fetch(source.offered()):
            got.append(bytes_of(each.raw))
    assert got == messages[:BATCH]


def test_a_message_that_outgrows_the_limit_is_refused_and_the_next_ones_come(place: ExchangePlace) -> None:
    place.deliver(a_message(0))
    place.deliver(a_message(1, "big " * 10_000))
    place.deliver(a_message(2))
    place.misbehave(Misbehaviour.DEVIATE, answer="sparse")
    source = place.open(largest=10_000)
    got = list(source.fetch(source.offered()))
    assert failures(got) == {1: TooLarge}
    assert contents([got[0], got[2]]) == [a_message(0), a_message(2)]


def test_big_messages_come_whole_and_cost_little_memory(place: ExchangePlace) -> None:
    big = a_message(1, "a line of a big message\r\n" * 400_000)
    for _ in range(4):
        place.deliver(big)
    source = place.open()
    offered = source.offered()
    tracemalloc.start()
    sizes = [each.raw.size for each in source.fetch(offered) if each.raw]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sizes == [len(big)] * 4
    # The server is in this process as well, and holds each answer several times over.
    assert peak < 12 * len(big)


def test_meeting_messages_reports_and_encrypted_mail_are_mail_like_any_other(place: ExchangePlace) -> None:
    kinds = {
        b"multipart/report; report-type=delivery-status; boundary=x": b"--x\r\n\r\n\r\n--x--\r\n",
        b"text/calendar; method=REQUEST": b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n",
        b"application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m": b"MIIB\r\n",
        b"application/x-microsoft-rpmsg-message": b"rpmsg\r\n",
        b"multipart/mixed; boundary=": b"--\r\nbroken",
    }
    messages = [
        b"Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: %b\r\n\r\n%b" % kind for kind in kinds.items()
    ]
    for data in messages:
        place.deliver(data)
    got = fetched(place)
    assert failures(got) == {}
    assert contents(got) == messages


def test_what_is_discarded_lies_in_deleted_items(place: ExchangePlace) -> None:
    fill(place, 2)
    source = place.open()
    source.discard(source.offered()[:1])
    assert place.count() == 2
    source.close()
    assert source.farewell is None
    assert place.outlook.subjects("deleteditems") == ["number 0"]


def test_what_could_not_be_removed_is_told_and_closing_raises_nothing(place: ExchangePlace) -> None:
    fill(place, 1)
    source = place.open()
    source.discard(source.offered())
    place.misbehave(Misbehaviour.FAULT, operation="DeleteItem", answer="ErrorAccessDenied")
    source.close()
    assert source.farewell is not None
    assert place.count() == 1


def test_an_answer_that_is_not_the_one_asked_for_is_refused(place: ExchangePlace) -> None:
    fill(place, 1)
    source = place.open()
    offered = source.offered()
    place.misbehave(Misbehaviour.BABBLE, operation="GetItem")
    with pytest.raises(Unreachable, match="page"):
        list(source.fetch(offered))


def test_an_answer_that_breaks_off_keeps_the_messages_that_were_whole(place: ExchangePlace) -> None:
    messages = fill(place, 6)
    place.misbehave(Misbehaviour.LOSE_ANSWER, operation="GetItem", after=3000, times=2)
    source = place.open()
    got = []
    with pytest.raises(Unreachable, match="broke"):  # noqa: PT012 - each is kept before the next
        for each in source.fetch(source.offered()):
            got.append(bytes_of(each.raw))
    assert 0 < len(got) < 6
    assert got == messages[: len(got)]


def test_an_answer_that_drips_is_given_up(place: ExchangePlace) -> None:
    fill(place, 3)
    place.account = place.with_account(timeout=0.4)
    source = place.open()
    offered = source.offered()
    place.misbehave(Misbehaviour.DRIP, operation="GetItem", amount=0.02, after=200)
    with pytest.raises(Unreachable, match="too slow"):
        list(source.fetch(offered))
