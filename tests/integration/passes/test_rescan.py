"""Looking once more at mail that was not tracked: what changes, what is left alone, what breaks."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.support.company import Company
from tests.support.ledgers import (
    ANN,
    CARL,
    SALES,
    STRANGER,
    check_log,
    decisions_of,
    everything_in,
    from_carl,
    from_stranger,
    look_again,
    reasons_of,
    set_filter,
    source_of,
    take_in,
    the_email,
)
from tests.support.mail import a_message

from postroom.errors import Refused, TransportError, Unreachable
from postroom.passes import access
from postroom.passes.context import Context
from postroom.passes.credentials import Hindered
from postroom.passes.judge import Judged
from postroom.passes.receive import receive
from postroom.passes.rescan import Found, Mode, rescan
from postroom.passes.wish import untrack
from postroom.ports.mail import Fetched, Offered
from postroom.schema.choices import Reason
from postroom.servers.memory import MemoryMailbox
from postroom.store.mailboxes import Setup

LONG = timedelta(days=3650)


def on(day: int) -> list[tuple[str, str]]:
    """Return the header that says when it arrived, in February 2026."""
    return [("Received", f"from x by y; {day} Feb 2026 10:00:00 +0000")]


def strangers(count: int, **more: Any) -> list[bytes]:
    return [from_stranger(f"{number}@stranger.example", **more) for number in range(count)]


def know_the_stranger(company: Company) -> None:
    company.create("contact", lastname="Sam", emailaddress1=STRANGER)


def scan(company: Company, mode: Mode = Mode.APPLY, address: str = ANN, **more: Any) -> Found:
    """Rescan everything; what ended it early stands in the result."""
    return rescan(company.context, company.mailbox(address), company.clock.now() - LONG, mode, **more)


#: The message by which a mailbox was tested; it lies there and is looked at, too.
TEST = 1


def test_a_preview_says_what_would_be_and_writes_nothing(company: Company) -> None:
    take_in(company, ANN, *strangers(3), from_carl(), b"no mail at all", from_stranger("0@stranger.example"))
    know_the_stranger(company)
    told: list[Judged] = []
    before = everything_in(company)
    found = scan(company, Mode.PREVIEW, on_batch=told.extend)
    assert everything_in(company) == before
    # The second copy of a message that would be tracked is a duplicate.
    assert (found.seen, found.tracked, found.gone) == (4 + TEST, 3, 0)
    assert [j.verdict.reason for j in told][TEST:] == [Reason.SENDER_MATCH] * 3 + [Reason.DUPLICATE]
    assert scan(company).tracked == 3
    check_log(company)


def test_a_preview_of_the_forward_mailbox_opens_its_items_and_writes_nothing(company: Company) -> None:
    forward, bob = "forward@corp.example", "bob@corp.example"
    company.ids["bob"] = company.add_user(bob, "Bob Boss", incomingemaildeliverymethod=3)
    company.add_forward_mailbox(forward)
    company.enable(forward)
    inner = [(f"{n}.eml", data, "message/rfc822") for n, data in enumerate(strangers(2))]
    take_in(company, forward, a_message(sender=bob, to=(forward,), attachments=inner))
    set_filter(company, 0, "bob")
    before = everything_in(company)
    found = scan(company, Mode.PREVIEW, forward)
    assert (found.seen, found.tracked, found.gone) == (2, 2, 0)
    assert everything_in(company) == before
    assert scan(company, Mode.APPLY, forward).tracked == 2
    check_log(company)


def test_mail_is_tracked_once_its_sender_has_a_record(company: Company) -> None:
    take_in(company, ANN, *strangers(3))
    know_the_stranger(company)
    assert look_again(company) == 3
    assert reasons_of(company) == [Reason.SENDER_MATCH] * 3
    assert {row["messageid"] for row in company.rows("email")} == {
        f"{number}@stranger.example" for number in range(3)
    }
    check_log(company)


def test_mail_is_tracked_once_the_filter_accepts_it(company: Company) -> None:
    take_in(company, ANN, *strangers(2))
    set_filter(company, 0)
    assert look_again(company) == 2
    assert reasons_of(company) == [Reason.ACCEPT_ALL] * 2


def test_answers_find_the_mail_that_is_tracked_in_the_same_rescan(company: Company) -> None:
    child = from_stranger(
        "child@stranger.example", sender="other@x.example", in_reply_to="0@stranger.example"
    )
    take_in(company, ANN, *strangers(1), child)
    know_the_stranger(company)
    assert look_again(company) == 2
    parent = the_email(company, messageid="0@stranger.example")
    assert the_email(company, messageid="child@stranger.example")["parentactivityid"] == parent["activityid"]


def test_the_date_given_takes_the_place_of_the_start_date(company: Company) -> None:
    company.update(
        "mailbox", company.mailbox(ANN), processemailreceivedafter=company.clock.now() - timedelta(days=1)
    )
    take_in(company, ANN, from_carl("old@x", headers=on(5)), from_carl("newer@x", headers=on(15)))
    assert reasons_of(company) == [Reason.TOO_OLD] * 2
    since = company.clock.now().replace(month=2, day=10)
    found = rescan(company.context, company.mailbox(ANN), since, Mode.APPLY)
    assert (found.tracked, the_email(company)["messageid"]) == (1, "newer@x")
    assert sorted(reasons_of(company)) == [Reason.SENDER_MATCH, Reason.TOO_OLD]
    assert look_again(company) == 1
    check_log(company)


def test_mail_without_a_trace_of_its_arrival_counts_by_when_it_was_judged(company: Company) -> None:
    take_in(company, ANN, *strangers(1))
    set_filter(company, 0)
    company.clock.at += timedelta(days=2)
    later = company.clock.now() - timedelta(days=1)
    assert rescan(company.context, company.mailbox(ANN), later, Mode.APPLY).seen == 0
    assert look_again(company) == 1


def test_what_is_tracked_doubled_or_in_quarantine_is_left_alone(company: Company) -> None:
    take_in(company, SALES, from_stranger("both@x", to=(ANN, SALES)))
    take_in(company, ANN, from_carl(), from_carl(), from_stranger("both@x", to=(ANN, SALES)), b"no mail")
    set_filter(company, 0)
    before = [(row["postroom_decisionid"], row["reason"]) for row in decisions_of(company)]
    waiting = company.rows("postroom_quarantine")
    # Only the message of the test is looked at.
    assert (scan(company).seen, scan(company).tracked) == (TEST, 0)
    assert [(row["postroom_decisionid"], row["reason"]) for row in decisions_of(company)] == before
    assert company.rows("postroom_quarantine") == waiting
    check_log(company)


def test_applying_twice_does_nothing_the_second_time(company: Company) -> None:
    take_in(company, ANN, *strangers(2), from_carl())
    set_filter(company, 1)
    take_in(company, ANN, from_carl("untracked@x"))
    know_the_stranger(company)
    set_filter(company, 2)
    assert look_again(company) == 3
    emails = sorted(row["activityid"] for row in company.rows("email"))
    versions = sorted(row["versionnumber"] for row in company.rows("email"))
    assert look_again(company) == 0
    assert sorted(row["activityid"] for row in company.rows("email")) == emails
    assert sorted(row["versionnumber"] for row in company.rows("email")) == versions
    check_log(company)


def test_what_stays_untracked_keeps_one_decision_with_the_reason_of_now(company: Company) -> None:
    take_in(company, ANN, *strangers(2))
    set_filter(company, 4)
    for _ in range(2):
        assert look_again(company) == 0
        assert reasons_of(company) == [Reason.FILTER_NONE] * 2
        check_log(company)


def test_receiving_goes_on_as_before_afterwards(company: Company) -> None:
    take_in(company, ANN, *strangers(2))
    set_filter(company, 0)
    look_again(company)
    assert receive(company.context, company.mailbox(ANN)).items == 0
    company.server.renumber(ANN)
    assert receive(company.context, company.mailbox(ANN)).failure is None
    assert len(company.rows("email")) == 2
    check_log(company)


def test_what_is_gone_from_the_server_is_counted_and_keeps_its_decision(company: Company) -> None:
    take_in(company, ANN, *strangers(3))
    gone = company.server.list(ANN)[1]
    company.server.delete(ANN, [gone.uidl])
    set_filter(company, 0)
    found = scan(company)
    assert (found.tracked, found.gone) == (2, 1)
    assert sorted(reasons_of(company)) == [Reason.NO_CORRELATION_MATCH, Reason.ACCEPT_ALL, Reason.ACCEPT_ALL]
    check_log(company)


def test_equal_mails_without_ids_are_tracked_each(company: Company) -> None:
    data = from_stranger(message_id="")
    take_in(company, ANN, data, data, data)
    set_filter(company, 0)
    assert scan(company, Mode.PREVIEW).tracked == 3
    assert look_again(company) == 3
    assert (len(company.rows("email")), look_again(company)) == (3, 0)
    check_log(company)


def test_what_is_left_of_equal_mails_without_ids_is_tracked_and_the_removed_one_keeps_its_decision(
    company: Company,
) -> None:
    data = from_stranger(message_id="")
    take_in(company, ANN, data, data)
    _, gone, _ = company.server.list(ANN)
    company.server.delete(ANN, [gone.uidl])
    set_filter(company, 0)
    assert scan(company, Mode.PREVIEW).tracked == 1
    found = scan(company)
    assert (found.seen, found.tracked, found.gone) == (1 + TEST, 1, 1)
    assert sorted(reasons_of(company)) == [Reason.NO_CORRELATION_MATCH, Reason.ACCEPT_ALL]
    assert the_email(company)
    check_log(company)


def test_mail_of_a_queue_that_is_removed_once_it_is_tracked_is_removed_by_the_next_pass(
    company: Company,
) -> None:
    company.update("queue", company.ids["sales"], incomingemailfilteringmethod=4)
    company.update("mailbox", company.mailbox(SALES), processanddeleteemails=True)
    take_in(company, SALES, from_stranger(to=(SALES,)))
    company.update("queue", company.ids["sales"], incomingemailfilteringmethod=0)
    assert look_again(company, SALES) == 1
    assert len(company.server.list(SALES)) == 1 + TEST
    assert [row["queueid"] for row in company.rows("queueitem")] == [company.ids["sales"]]
    receive(company.context, company.mailbox(SALES))
    assert len(company.server.list(SALES)) == TEST


def test_untracked_mail_stays_untracked(company: Company) -> None:
    take_in(company, ANN, from_carl())
    untrack(company.context, the_email(company)["activityid"])
    assert scan(company, Mode.PREVIEW).tracked == 0
    assert look_again(company) == 0
    assert reasons_of(company) == [Reason.UNTRACKED_BY_PERSON]


def test_a_mailbox_that_may_not_be_processed_is_not_opened(company: Company) -> None:
    def never(context: Context, setup: Setup) -> Any:
        raise AssertionError("the server was asked")

    company.update("mailbox", company.mailbox(ANN), emailrouteraccessapproval=0)
    with pytest.raises(Hindered, match="approved"):
        scan(company, Mode.PREVIEW, opener=never)


def in_batches(company: Company, size: int) -> None:
    company.context = replace(company.context, mail=replace(company.context.mail, batch_size=size))


@pytest.fixture
def memory(company: Company) -> MemoryMailbox:
    """Ann's mailbox in memory, with seven messages of a stranger that were seen and not tracked."""
    mailbox = MemoryMailbox()
    for data in strangers(7):
        mailbox.deliver(data)
    take_in(company, ANN, opener=source_of(mailbox))
    set_filter(company, 0)
    return mailbox


@pytest.mark.parametrize("size", [2, 200])
@pytest.mark.parametrize("breaks_after", [0, 1, 5])
def test_a_session_that_breaks_keeps_what_came_before_and_changes_nothing_else(
    company: Company, memory: MemoryMailbox, size: int, breaks_after: int
) -> None:
    in_batches(company, size)
    memory.breaks_after = breaks_after
    found = scan(company, opener=source_of(memory))
    assert isinstance(found.failure, Unreachable)
    assert (found.seen, found.tracked) == (breaks_after, breaks_after)
    assert len(company.rows("email")) == breaks_after
    reasons = reasons_of(company)
    assert reasons.count(Reason.NO_CORRELATION_MATCH) == 7 - breaks_after
    check_log(company)
    again = scan(company, opener=source_of(memory))
    assert (again.failure, again.tracked) == (None, 7 - breaks_after)
    assert len(company.rows("email")) == 7
    check_log(company)


def test_a_message_that_is_not_given_keeps_its_decision(company: Company, memory: MemoryMailbox) -> None:
    third = list(memory.messages)[2]
    memory.withheld.add(third)
    found = scan(company, opener=source_of(memory))
    assert (found.failure, found.tracked) == (None, 6)
    (decision,) = decisions_of(company, tracked=False)
    assert (decision["serverid"], decision["reason"]) == (third, Reason.NO_CORRELATION_MATCH)
    check_log(company)


def test_a_server_that_can_t_be_reached_changes_nothing(company: Company, memory: MemoryMailbox) -> None:
    memory.refusal = Refused("closed for today")
    before = everything_in(company)
    with pytest.raises(TransportError, match="closed for today"):
        scan(company, opener=source_of(memory))
    assert everything_in(company) == before


class Traced:
    """A session that remembers how it ended and can't be made to remove anything."""

    def __init__(self, source: Any, ended: list[str]) -> None:
        self._source, self._ended = source, ended

    folders = None

    def find(self, server_ids: Collection[str]) -> Sequence[Offered]:
        return list(self._source.find(server_ids))

    def fetch(self, wanted: Iterable[Offered]) -> Iterator[Fetched]:
        yield from self._source.fetch(wanted)

    def discard(self, done: Sequence[Offered]) -> None:
        raise AssertionError("a rescan removes nothing")

    def close(self) -> None:
        self._ended.append("closed")
        self._source.close()

    def abort(self) -> None:
        self._ended.append("aborted")
        self._source.abort()


@pytest.mark.parametrize("falls_over", [False, True])
def test_the_session_is_always_ended(company: Company, memory: MemoryMailbox, falls_over: bool) -> None:
    ended: list[str] = []

    def opener(context: Context, setup: Setup) -> Traced:
        return Traced(source_of(memory)(context, setup), ended)

    def on_batch(judged: Sequence[Judged]) -> None:
        if falls_over:
            raise KeyboardInterrupt

    run: Callable[[], Found] = lambda: scan(company, opener=opener, on_batch=on_batch)  # noqa: E731
    if falls_over:
        with pytest.raises(KeyboardInterrupt):
            run()
    else:
        run()
    assert ended == ["aborted" if falls_over else "closed"]
    # What was told of was kept before.
    assert len(company.rows("email")) == 7


def test_the_default_way_to_open_a_mailbox_is_the_one_of_receiving(company: Company) -> None:
    take_in(company, ANN, *strangers(1))
    set_filter(company, 0)
    assert scan(company, opener=access.open_source).tracked == 1


def test_other_people_s_mail_is_left_alone(company: Company) -> None:
    take_in(company, ANN, *strangers(1))
    company.update("queue", company.ids["sales"], incomingemailfilteringmethod=4)
    take_in(company, SALES, a_message(sender=CARL, to=(SALES,), message_id="sales@x"))
    before = decisions_of(company, SALES)
    set_filter(company, 0)
    company.update("queue", company.ids["sales"], incomingemailfilteringmethod=0)
    look_again(company, ANN)
    assert decisions_of(company, SALES) == before
