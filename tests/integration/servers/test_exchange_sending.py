"""Sending through the sandbox's Exchange: for whom, in whose name, and what is certain afterwards."""

from collections.abc import Iterator
from typing import Any

import pytest
from lxml import etree
from tests.support.exchange_place import PASSWORD, USER, ExchangePlace, exchange

from postroom.errors import Refused, SignInRejected, Throttled, TransportError, Unreachable
from postroom.ports.mail import Delivery, Outcome, Submission
from postroom.sandbox.exchange import Right
from postroom.sandbox.faults import Misbehaviour
from postroom.servers.exchange.sink import Copies, open_exchange_sink

pytestmark = pytest.mark.integration

BEN, CARLA, BOSS = "ben@example.com", "carla@example.com", "boss@example.com"


@pytest.fixture
def place() -> Iterator[ExchangePlace]:
    with exchange() as place:
        for address in (BEN, CARLA, BOSS):
            place.office.open_account(address, PASSWORD)
        yield place


def a_submission(
    *recipients: str, sender: str = USER, to: str = BEN, key: str = "k1", **more: Any
) -> Submission:
    head = f"From: {sender}\r\nTo: {to}\r\nMessage-ID: <{key}@example.com>\r\nSubject: {key}\r\n"
    return Submission(key, sender, recipients or (BEN,), (f"{head}\r\nhello\r\n".encode(),), **more)


def submit(place: ExchangePlace, *submissions: Submission, copies: Copies = Copies.KEPT) -> list[Delivery]:
    sink = open_exchange_sink(place.account, copies=copies, patience=(0.0, 0.0))
    try:
        return list(sink.submit(submissions))
    finally:
        sink.close()


def inbox_of(place: ExchangePlace, address: str) -> list[str]:
    return place.office.outlook(address).subjects()


def test_it_arrives_under_its_message_id_and_a_copy_lies_in_sent_items(place: ExchangePlace) -> None:
    (delivery,) = submit(place, a_submission())
    assert delivery.outcome is Outcome.ACCEPTED
    (arrived,) = place.office.outlook(BEN).items()
    assert arrived.text("message:InternetMessageId") == "<k1@example.com>"
    assert place.outlook.subjects("sentitems") == ["k1"]
    assert place.outlook.subjects("drafts") == []


def test_no_copy_is_kept_where_none_is_wanted(place: ExchangePlace) -> None:
    submit(place, a_submission(), copies=Copies.NONE)
    assert inbox_of(place, BEN) == ["k1"]
    assert place.outlook.subjects("sentitems") == []


def test_blind_recipients_get_it_and_nobody_reads_their_names(place: ExchangePlace) -> None:
    submit(place, a_submission(BEN, CARLA))
    assert inbox_of(place, BEN) == inbox_of(place, CARLA) == ["k1"]
    for address in (BEN, CARLA):
        (arrived,) = place.office.outlook(address).items()
        assert arrived.mime is not None
        assert CARLA.encode() not in arrived.mime.replace(b"for " + CARLA.encode(), b"")


def test_who_stands_in_the_header_and_is_no_recipient_gets_nothing(place: ExchangePlace) -> None:
    submit(place, a_submission(BEN, to=f"{BEN}, {CARLA}"))
    assert inbox_of(place, BEN) == ["k1"]
    assert inbox_of(place, CARLA) == []


def test_a_delegate_sends_on_behalf_of_another(place: ExchangePlace) -> None:
    place.office.allow_delegate(BOSS, USER, Right.SEND_ON_BEHALF)
    (delivery,) = submit(place, a_submission(sender=BOSS))
    assert delivery.outcome is Outcome.ACCEPTED
    (arrived,) = place.office.outlook(BEN).items()
    assert f"From: {BOSS}".encode() in (arrived.mime or b"")
    (copy,) = place.outlook.items("sentitems")
    author, sender = (etree.tostring(copy.fields[f"message:{name}"]).decode() for name in ("From", "Sender"))
    assert BOSS in author
    assert USER in sender


def test_a_sender_that_the_mailbox_may_not_use_is_refused_for_that_message_only(place: ExchangePlace) -> None:
    deliveries = submit(place, a_submission(sender=BOSS, key="k1"), a_submission(key="k2"))
    assert [each.outcome for each in deliveries] == [Outcome.REFUSED, Outcome.ACCEPTED]
    assert isinstance(deliveries[0].failure, Refused)
    assert "Send on Behalf" in str(deliveries[0].failure)
    assert "ErrorSendAsDenied" in deliveries[0].reply


@pytest.mark.parametrize(
    ("code", "outcome", "kind"),
    [
        ("ErrorServerBusy", Outcome.DEFERRED, Throttled),
        ("ErrorSubmissionQuotaExceeded", Outcome.DEFERRED, Throttled),
        ("ErrorQuotaExceeded", Outcome.DEFERRED, Throttled),
        ("ErrorMailboxStoreUnavailable", Outcome.DEFERRED, Unreachable),
        ("ErrorImpersonateUserDenied", Outcome.DEFERRED, SignInRejected),
        ("ErrorMessageSizeExceeded", Outcome.REFUSED, Refused),
        ("ErrorInvalidRecipients", Outcome.REFUSED, Refused),
    ],
)
def test_a_refusal_says_whether_to_try_again(
    place: ExchangePlace, code: str, outcome: Outcome, kind: type[TransportError]
) -> None:
    place.misbehave(Misbehaviour.FAULT, operation="CreateItem", answer=code, times=1)
    deliveries = submit(place, a_submission(key="k1"), a_submission(key="k2"))
    assert deliveries[0].outcome is outcome
    assert isinstance(deliveries[0].failure, kind)
    expected = Outcome.ACCEPTED if outcome is Outcome.REFUSED else Outcome.DEFERRED
    assert deliveries[1].outcome is expected
    assert len(inbox_of(place, BEN)) == (outcome is Outcome.REFUSED)


def test_a_lost_answer_is_looked_for_in_sent_items(place: ExchangePlace) -> None:
    place.misbehave(Misbehaviour.LOSE_ANSWER, operation="CreateItem", times=1)
    deliveries = submit(place, a_submission(key="k1"), a_submission(key="k2"))
    assert [each.outcome for each in deliveries] == [Outcome.ACCEPTED] * 2
    assert "Sent Items" in deliveries[0].reply
    assert inbox_of(place, BEN) == ["k1", "k2"]


def test_a_message_that_is_not_in_sent_items_after_its_answer_was_lost_is_uncertain(
    place: ExchangePlace,
) -> None:
    place.misbehave(Misbehaviour.CLOSE, operation="CreateItem", times=1)
    deliveries = submit(place, a_submission(key="k1"), a_submission(key="k2"))
    assert [each.outcome for each in deliveries] == [Outcome.UNCERTAIN, Outcome.DEFERRED]
    assert inbox_of(place, BEN) == []


def test_a_trouble_inside_the_server_is_a_doubt(place: ExchangePlace) -> None:
    place.misbehave(Misbehaviour.FAULT, operation="CreateItem", answer="ErrorInternalServerError", times=1)
    (delivery,) = submit(place, a_submission())
    assert delivery.outcome is Outcome.UNCERTAIN


@pytest.mark.parametrize("times", [1, 2])
def test_a_server_that_never_got_the_message_defers_it(place: ExchangePlace, times: int) -> None:
    place.account = place.with_account(url="http://127.0.0.1:1/EWS/Exchange.asmx")
    deliveries = submit(place, *(a_submission(key=f"k{number}") for number in range(times)))
    assert {each.outcome for each in deliveries} == {Outcome.DEFERRED}
    assert "Nothing listens" in str(deliveries[0].failure)


def test_a_page_in_between_has_sent_nothing(place: ExchangePlace) -> None:
    place.misbehave(Misbehaviour.BABBLE, operation="CreateItem", times=1)
    deliveries = submit(place, a_submission(key="k1"), a_submission(key="k2"))
    assert [each.outcome for each in deliveries] == [Outcome.DEFERRED] * 2
    assert inbox_of(place, BEN) == []


def test_ews_switched_off_defers_and_says_so(place: ExchangePlace) -> None:
    place.misbehave(Misbehaviour.SWITCHED_OFF)
    (delivery,) = submit(place, a_submission())
    assert delivery.outcome is Outcome.DEFERRED
    assert "EWSEnabled" in str(delivery.failure)


def test_sent_items_say_what_was_sent(place: ExchangePlace) -> None:
    submit(place, *(a_submission(key=f"k{number}") for number in range(30)))
    sink = open_exchange_sink(place.account)
    asked = [f"k{number}@example.com" for number in range(25, 35)]
    assert set(sink.found_sent(asked) or ()) == set(asked[:5])
    assert sink.found_sent([]) == set()
    assert open_exchange_sink(place.account, copies=Copies.NONE).found_sent(asked) is None


def test_content_that_cannot_be_read_defers_its_message_only(place: ExchangePlace) -> None:
    class Broken:
        def __iter__(self) -> Iterator[bytes]:
            raise OSError("the disk is gone")

    broken = Submission("k1", USER, (BEN,), Broken())
    deliveries = submit(place, broken, a_submission(key="k2"))
    assert [each.outcome for each in deliveries] == [Outcome.DEFERRED, Outcome.ACCEPTED]
