"""Looking into a mailbox on the sandbox's Exchange: what is found, at what cost, whatever happens."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from tests.contracts.mail_source import contents
from tests.support.exchange_place import ExchangePlace, a_message, exchange, look

from postroom.errors import SignInRejected, Throttled, Unreachable
from postroom.ports.clock import ManualClock, SystemClock
from postroom.ports.mail import Look, Offered, Page
from postroom.sandbox.exchange.item import Item
from postroom.sandbox.faults import Misbehaviour
from postroom.servers.exchange.folders import FRESH_FOR
from postroom.servers.exchange.mark import TRUSTED_FOR, Mark
from postroom.servers.exchange.source import open_exchange
from postroom.servers.exchange.sync import STEP

pytestmark = pytest.mark.integration

CATEGORY = "Tracked to Dynamics 365"


@pytest.fixture
def place() -> Iterator[ExchangePlace]:
    with exchange() as place:
        yield place


def ids(pages: list[Page]) -> list[str]:
    return [offered.server_id for page in pages for offered in page.offered]


def all_of(pages: list[Page]) -> list[Offered]:
    return [offered for page in pages for offered in page.offered]


def age(item: Item, place: ExchangePlace) -> None:
    """Let the folder's last change lie in the past, so that it is settled at once."""
    folder = place.outlook.mailbox.folders[item.folder_id]
    folder.content_at -= timedelta(minutes=1)


def test_a_second_look_offers_nothing_and_costs_one_request(place: ExchangePlace) -> None:
    first = place.deliver(a_message(1))
    found = place.office.find_item(first)
    assert found is not None
    age(found, place)
    marks: dict[str, str] = {}
    assert ids(look(place.open(), marks, sent_items=True, category=CATEGORY)) == [first]
    before = len(place.requests)
    assert look(place.open(), marks, sent_items=True, category=CATEGORY) == []
    assert place.requests[before:] == ["FindFolder"]


def test_a_folder_read_in_the_second_of_its_last_change_is_asked_once_more(place: ExchangePlace) -> None:
    place.deliver(a_message(1))
    marks: dict[str, str] = {}
    look(place.open(), marks)
    place.outlook.categorize(place.outlook.find("number 1"), CATEGORY)
    (changed,) = all_of(look(place.open(), marks))
    assert changed.categories == {CATEGORY}


def test_what_arrives_after_the_first_look_says_so(place: ExchangePlace) -> None:
    place.deliver(a_message(1))
    marks: dict[str, str] = {}
    assert [o.is_arrival for o in all_of(look(place.open(), marks))] == [False]
    second = place.deliver(a_message(2))
    (arrival,) = all_of(look(place.open(), marks))
    assert (arrival.server_id, arrival.is_arrival) == (second, True)


def test_mail_moved_back_into_the_inbox_is_offered_however_old_it_is(place: ExchangePlace) -> None:
    old = place.outlook.put(a_message(1), "junkemail")
    place.outlook.edit(old, "item:DateTimeReceived", "2019-01-01T00:00:00Z")
    marks: dict[str, str] = {}
    assert look(place.open(), marks)
    place.outlook.move(old, "inbox")
    (arrival,) = all_of(look(place.open(), marks))
    assert arrival.is_arrival


def test_what_is_gone_is_named(place: ExchangePlace) -> None:
    first = place.deliver(a_message(1))
    marks: dict[str, str] = {}
    look(place.open(), marks)
    place.outlook.delete(place.outlook.find("number 1"))
    assert [list(page.gone) for page in look(place.open(), marks)] == [[first]]


def test_big_folders_come_in_pages_and_a_look_goes_on_where_it_ended(place: ExchangePlace) -> None:
    for number in range(STEP + 10):
        place.deliver(a_message(number))
    marks: dict[str, str] = {}
    first = next(iter(place.open().pages(Look())))
    marks.update(first.marks)
    rest = look(place.open(), marks)
    assert (len(first.offered), len(ids(rest))) == (STEP, 10)
    assert not {o.server_id for o in first.offered} & set(ids(rest))


def test_what_was_changed_is_listed_once_among_all_that_is_there(place: ExchangePlace) -> None:
    for number in range(STEP + 10):
        place.deliver(a_message(number))
    for item in place.outlook.items():
        place.outlook.categorize(item, CATEGORY)
    offered = place.open().offered()
    assert len({each.server_id for each in offered}) == len(offered) == STEP + 10


@pytest.mark.parametrize("spoiled", ["", "nonsense", '{"state": 7}', "[]", "null", "{" * 2000])
def test_a_mark_that_is_none_means_from_the_beginning(place: ExchangePlace, spoiled: str) -> None:
    first = place.deliver(a_message(1))
    assert ids(look(place.open(), {"": spoiled})) == [first]


def test_a_state_that_the_server_has_forgotten_means_from_the_beginning(place: ExchangePlace) -> None:
    first = place.deliver(a_message(1))
    marks: dict[str, str] = {}
    look(place.open(), marks)
    second = place.deliver(a_message(2))
    place.misbehave(Misbehaviour.FORGET, times=1)
    assert set(ids(look(place.open(), marks))) == {first, second}
    assert ids(look(place.open(), marks)) == []


def test_new_ids_for_all_are_new_offers_and_the_old_ones_are_gone(place: ExchangePlace) -> None:
    first = place.deliver(a_message(1))
    marks: dict[str, str] = {}
    look(place.open(), marks)
    place.renumber()
    pages = look(place.open(), marks)
    assert first not in ids(pages)
    assert len(ids(pages)) == 1
    assert place.open().find([first]) == []


@pytest.mark.parametrize("code", ["ErrorInvalidOperation", "ErrorInternalServerError", "ErrorOfTomorrow"])
def test_a_server_that_knows_no_changes_is_asked_for_all_it_has(place: ExchangePlace, code: str) -> None:
    first = place.deliver(a_message(1))
    place.misbehave(Misbehaviour.FAULT, operation="SyncFolderItems", answer=code)
    marks: dict[str, str] = {}
    assert ids(look(place.open(), marks)) == [first]
    second = place.deliver(a_message(2))
    assert set(ids(look(place.open(), marks))) == {first, second}


def test_a_tree_that_may_not_be_seen_leaves_the_inbox(place: ExchangePlace) -> None:
    first = place.deliver(a_message(1))
    place.misbehave(Misbehaviour.FAULT, operation="FindFolder", answer="ErrorAccessDenied")
    marks: dict[str, str] = {}
    source = place.open()
    assert ids(look(source, marks)) == [first]
    assert next(iter(source.folders.tree())).name == "Inbox"


def test_one_look_at_the_folders_is_enough_for_their_tree_and_for_what_is_new(place: ExchangePlace) -> None:
    found = place.office.find_item(place.deliver(a_message(1)))
    assert found is not None
    age(found, place)
    marks: dict[str, str] = {}
    look(place.open(), marks, sent_items=True, category=CATEGORY)
    before = len(place.requests)
    source = open_exchange(place.account, marks=marks)
    assert [folder.name for folder in source.folders.tree() if folder.is_inbox] == ["Inbox"]
    assert look(source, marks, sent_items=True, category=CATEGORY) == []
    assert place.requests[before:] == ["FindFolder"]


def test_what_comes_after_the_tree_was_looked_at_is_found_by_the_next_look(place: ExchangePlace) -> None:
    marks: dict[str, str] = {}
    look(place.open(), marks)
    source = open_exchange(place.account, marks=marks)
    source.folders.tree()
    late = place.deliver(a_message(1))
    found = ids(look(source, marks)) + ids(look(source, marks))
    assert found == [late]


def test_an_old_look_at_the_folders_is_not_good_for_what_is_new(place: ExchangePlace) -> None:
    clock = ManualClock(SystemClock().now())
    marks: dict[str, str] = {}
    look(open_exchange(place.account, now=clock.now), marks)
    source = open_exchange(place.account, now=clock.now, marks=marks)
    source.folders.tree()
    late = place.deliver(a_message(1))
    clock.at += FRESH_FOR
    assert ids(look(source, marks)) == [late]


def test_remembered_folders_that_are_gone_are_asked_for_again(place: ExchangePlace) -> None:
    source = open_exchange(place.account, marks={"": Mark(folder="gone").written(), "sent": "rubbish"})
    assert [folder.name for folder in source.folders.tree() if folder.is_inbox] == ["Inbox"]


def test_a_folder_is_asked_again_after_an_hour_whatever_it_looks_like(place: ExchangePlace) -> None:
    clock = ManualClock(SystemClock().now())
    marks: dict[str, str] = {}
    look(open_exchange(place.account, now=clock.now), marks)
    assert look(open_exchange(place.account, now=clock.now), marks) == []
    clock.at += TRUSTED_FOR
    assert look(open_exchange(place.account, now=clock.now), marks)
    clock.at -= timedelta(days=1)
    assert look(open_exchange(place.account, now=clock.now), marks), "a clock set back is no reason to wait"


def test_tracked_folders_sent_items_and_categorized_mail_are_found_where_they_lie(
    place: ExchangePlace,
) -> None:
    tracked = place.outlook.make_folder("Projects", "inbox")
    place.outlook.make_folder("Elsewhere")
    place.outlook.put(a_message(1), "Inbox/Projects")
    place.send(a_message(2))
    marked = place.outlook.put(a_message(3), "Elsewhere")
    place.outlook.put(a_message(4), "Elsewhere")
    place.outlook.categorize(marked, CATEGORY.upper(), "Private")
    marks: dict[str, str] = {}
    found = all_of(look(place.open(), marks, folders=(tracked.id,), sent_items=True, category=CATEGORY))
    assert [(o.folder == tracked.id, o.is_sent_copy, bool(o.categories)) for o in found] == [
        (True, False, False),
        (False, True, False),
        (False, False, True),
    ]
    other = place.outlook.put(a_message(5), "Elsewhere")
    place.outlook.categorize(other, CATEGORY)
    again = all_of(look(place.open(), marks, folders=(tracked.id,), sent_items=True, category=CATEGORY))
    assert other.id in {o.server_id for o in again}


def test_a_draft_with_the_category_is_no_mail_yet(place: ExchangePlace) -> None:
    draft = place.outlook.put(a_message(1), "drafts")
    with place.office.lock:
        draft.is_draft = True
    place.outlook.categorize(draft, CATEGORY)
    assert ids(look(place.open(), {}, category=CATEGORY)) == []


def test_a_tracked_folder_that_is_gone_does_not_hold_up_the_others(place: ExchangePlace) -> None:
    first = place.deliver(a_message(1))
    folder = place.outlook.make_folder("Projects", "inbox")
    marks: dict[str, str] = {}
    look(place.open(), marks, folders=(folder.id,))
    place.outlook.delete_folder("Inbox/Projects")
    marks.pop("")
    assert first in ids(look(place.open(), marks, folders=(folder.id,)))


def test_what_is_no_mail_is_passed_over(place: ExchangePlace) -> None:
    mail = place.deliver(a_message(1))
    kinds = ("Contact", "Task", "CalendarItem", "DistributionList")
    for kind in kinds:
        mailbox = place.outlook.mailbox
        with place.office.lock:
            mailbox.keep(mailbox.new_item(kind, mailbox.get_standard("inbox")))
    assert ids(look(place.open(), {})) == [mail]


@pytest.mark.parametrize("which", ["dates", "sparse", "extra", "routing", "boundaries", ""])
def test_forms_that_programs_stumble_over_are_read(place: ExchangePlace, which: str) -> None:
    for number in range(3):
        place.deliver(a_message(number))
    place.misbehave(Misbehaviour.DEVIATE, answer=which)
    source = place.open()
    offered = source.offered()
    assert all(o.received_at is not None for o in offered)
    assert contents(source.fetch(offered)) == [a_message(number) for number in range(3)]


@pytest.mark.parametrize("answer", ["", "503"])
def test_throttling_is_told_with_its_time(place: ExchangePlace, answer: str) -> None:
    place.misbehave(Misbehaviour.THROTTLE, amount=42, answer=answer)
    with pytest.raises(Throttled) as caught:
        look(place.open(), {})
    assert caught.value.retry_after == 42


def test_a_kept_connection_that_was_closed_is_opened_again(place: ExchangePlace) -> None:
    look(place.open(), {})
    place.misbehave(Misbehaviour.CLOSE, times=1)
    assert look(place.open(), {})


def test_a_server_that_hangs_up_on_everybody_is_not_reached(place: ExchangePlace) -> None:
    place.misbehave(Misbehaviour.CLOSE)
    with pytest.raises(Unreachable, match="broke"):
        look(place.open(), {})


def test_a_server_that_says_nothing_is_given_up(place: ExchangePlace) -> None:
    place.account = place.with_account(timeout=0.2)
    place.misbehave(Misbehaviour.HANG)
    with pytest.raises(Unreachable, match=r"said nothing for 0\.2 s"):
        look(place.open(), {})


def test_a_page_is_no_answer_and_may_go_away(place: ExchangePlace) -> None:
    place.misbehave(Misbehaviour.BABBLE)
    with pytest.raises(Unreachable, match="a page instead of Exchange Web Services"):
        look(place.open(), {})


def test_exchange_online_without_ews_is_recognised(place: ExchangePlace) -> None:
    place.misbehave(Misbehaviour.SWITCHED_OFF)
    with pytest.raises(SignInRejected, match="EWSEnabled") as caught:
        look(place.open(), {})
    assert "EWS is disabled" in caught.value.reply


def test_an_older_server_is_spoken_to_in_its_own_version(place: ExchangePlace) -> None:
    place.misbehave(Misbehaviour.FAULT, answer="ErrorInvalidServerVersion", times=2)
    first = place.deliver(a_message(1))
    assert ids(look(place.open(), {})) == [first]
