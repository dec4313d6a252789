"""The stored e-mails of the benchmarks and answers to them: the same for a number, and findable."""

from collections import Counter

import pytest
from bench.corpus import DECK_SIZE, generate
from bench.steps.answers import SHARES, Way, answers
from bench.steps.history import BLOCK, END, SPAN, History, StoredEmail

from postroom.mime.read import read
from postroom.tracking.conversation import index_base
from postroom.tracking.subject import USUAL, words_of
from postroom.tracking.token import DEFAULT_PREFIXES, tokens_in

SIZE = 5 * BLOCK


@pytest.fixture(scope="module")
def emails() -> list[StoredEmail]:
    history = History(SIZE)
    return [history.email(number) for number in range(SIZE)]


def test_an_email_is_the_same_whenever_it_is_asked_for(emails: list[StoredEmail]) -> None:
    assert [History(SIZE).email(number) for number in (4_321, 0, 4_321)] == [
        emails[n] for n in (4_321, 0, 4_321)
    ]


def test_keys_ids_and_times_follow_the_numbers_and_are_unique(emails: list[StoredEmail]) -> None:
    keys = [email.key for email in emails]
    assert keys == sorted(set(keys))
    assert len({email.message_id for email in emails}) == SIZE
    assert emails[0].at == END - SPAN
    assert [email.at for email in emails] == sorted(email.at for email in emails)


def test_some_conversations_grow_with_the_store_and_the_others_end(emails: list[StoredEmail]) -> None:
    lengths = Counter(email.conversation.number for email in emails)
    assert sorted(lengths.values())[-4:] == [25] * 4
    assert max(length for number, length in lengths.items() if number >= 0) == 10


def test_counters_wrap_so_that_a_large_store_has_a_token_in_several_conversations() -> None:
    history = History(1_000_000)
    # The busiest user's counter is back where it was after so many blocks.
    emails = [history.email(block * BLOCK + at) for block in range(0, 1_000, 125) for at in range(BLOCK)]
    holders: dict[str, set[int]] = {}
    for email in emails:
        if email.token:
            holders.setdefault(email.token, set()).add(email.conversation.number)
    assert max(len(numbers) for numbers in holders.values()) == 8
    assert len({token[:8] for token in holders}) > 150


def test_a_history_has_whole_blocks() -> None:
    with pytest.raises(ValueError, match="blocks of 1000"):
        History(1_500)


def test_each_share_of_a_deck_is_found_by_one_thing(emails: list[StoredEmail]) -> None:
    ids = {email.message_id for email in emails}
    tokens = {email.token for email in emails if email.token}
    bases = {email.conversation.base for email in emails if email.index}
    subjects = {words_of(email.subject, USUAL) for email in emails}
    found: Counter[Way] = Counter()
    for raw in answers(list(generate(DECK_SIZE)), History(SIZE)):
        message = read(raw)
        if message.in_reply_to in ids:
            found[Way.REPLY] += 1
        elif message.message_id in ids:
            found[Way.AGAIN] += 1
        elif tokens.intersection(tokens_in(message.subject, DEFAULT_PREFIXES)):
            found[Way.TOKEN] += 1
        elif index_base(message.conversation_index) in bases:
            found[Way.INDEX] += 1
        elif words_of(message.subject, USUAL) in subjects:
            found[Way.SUBJECT] += 1
    for way, share in SHARES.items():
        # Some subjects of the corpus are those of many e-mails.
        assert found[way] == share or (way is Way.SUBJECT and found[way] > share)


def test_the_other_messages_of_a_deck_keep_their_octets() -> None:
    cases = list(generate(DECK_SIZE))
    kept = sum(raw == case.raw for raw, case in zip(answers(cases, History(SIZE)), cases, strict=True))
    users = DECK_SIZE // 8
    assert DECK_SIZE - sum(SHARES.values()) - users <= kept < DECK_SIZE - sum(SHARES.values())
