"""The history: e-mails that a store is filled with, each worked out from its number alone.

A store of N e-mails holds the numbers 0 to N-1, oldest first, spread evenly over two years. They come in
blocks of a thousand, and each block has the same four hundred conversations of one to ten e-mails, whose
places in the block lie apart. Beyond those, four conversations run through all blocks and grow with the
store. Tokens follow each user's own counter, which goes back to 0 after 999, so that in a large store a
token stands on several e-mails and that of a busy user on dozens.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from uuid import UUID

from bench.corpus import correspondents
from bench.languages import Language
from bench.steps.setup import KNOWN
from postroom.tracking.token import TokenRules, make_token

#: E-mails in a block, and conversations that begin and end in it.
BLOCK = 1_000
CONVERSATIONS = 400
#: Conversations without an end, and how many e-mails of each are in a block.
ENDLESS = 4
_ENDLESS_SHARE = 5
USERS = 300
#: One contact beside the corpus's writers for so many e-mails.
EMAILS_A_CONTACT = 20
#: The moment after the last e-mail; the corpus begins here.
END = datetime(2024, 1, 1, 6, 0, tzinfo=UTC)
SPAN = timedelta(days=730)

# How many conversations of a block have so many e-mails: 400 with 980 e-mails.
_LENGTHS = {1: 150, 2: 110, 3: 60, 4: 40, 5: 20, 7: 10, 10: 10}
#: Of the conversations of a block, so many have a token.
_WITH_TOKEN = 280
_RULES = TokenRules()
_MASK = (1 << 64) - 1


def mix(number: int, salt: int = 0) -> int:
    """Return 64 bits that look random, always the same for a number."""
    value = (number * 0x9E3779B97F4A7C15 + (salt + 1) * 0xD1B54A32D192ED03) & _MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)


def key_of(at: datetime, number: int, salt: int = 0) -> UUID:
    """Return the key that a row made at that time could have."""
    milliseconds = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    tail = mix(number, 100 + salt) >> 2
    return UUID(int=(milliseconds << 80) | (0x7 << 76) | ((number & 0xFFF) << 64) | (0b10 << 62) | tail)


@dataclass(frozen=True, slots=True)
class Writer:
    """Whom a conversation is held with."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """What the e-mails of one conversation share."""

    number: int
    writer: Writer
    subject: str
    reply_mark: str
    #: The user who writes to the customer, from 0.
    user: int
    #: The token that stands on it from our first e-mail on, or empty.
    token: str
    #: The 44 hexadecimal digits of its conversation index, or empty.
    base: str
    #: The first e-mail went out, not in.
    begun_by_us: bool
    #: The record it regards, or None.
    regarding: UUID | None


@dataclass(frozen=True, slots=True)
class StoredEmail:
    """One e-mail of the history."""

    number: int
    conversation: Conversation
    #: From 0, in the conversation.
    place: int
    key: UUID
    at: datetime
    message_id: str
    outgoing: bool
    subject: str
    #: Empty when the e-mail has none.
    token: str
    index: str


@dataclass(frozen=True, slots=True)
class _Plan:
    """What all blocks have in common: whose e-mail lies at each place."""

    #: The conversation at each place, below 0 for one without an end; and its e-mail's place in that.
    owners: Sequence[tuple[int, int]]
    #: The places of each conversation's e-mails.
    members: Sequence[Sequence[int]]
    #: The user of each conversation with a token, and how many before it in the block are his.
    users: Sequence[tuple[int, int]]
    #: How many conversations with a token a user has in a block.
    tokens: Sequence[int]


@lru_cache(maxsize=1)
def _plan() -> _Plan:
    rng = random.Random(20_240_229)
    lengths = [length for length, share in _LENGTHS.items() for _ in range(share)]
    rng.shuffle(lengths)
    labels = [number for number, length in enumerate(lengths) for _ in range(length)]
    labels += [-1 - number for number in range(ENDLESS) for _ in range(_ENDLESS_SHARE)]
    rng.shuffle(labels)
    owners: list[tuple[int, int]] = []
    members: list[list[int]] = [[] for _ in lengths]
    endless = [0] * ENDLESS
    for place, label in enumerate(labels):
        if label < 0:
            owners.append((label, endless[-1 - label]))
            endless[-1 - label] += 1
        else:
            owners.append((label, len(members[label])))
            members[label].append(place)
    # Few users write much and many write little.
    drawn = [int(USERS * ((place + 0.5) / _WITH_TOKEN) ** 2) for place in range(_WITH_TOKEN)]
    rng.shuffle(drawn)
    tokens = [0] * USERS
    users = []
    for user in drawn:
        users.append((user, tokens[user]))
        tokens[user] += 1
    return _Plan(owners, members, users, tokens)


class History:
    """The e-mails of one store."""

    def __init__(self, count: int) -> None:
        if count % BLOCK:
            raise ValueError(f"a history is made of blocks of {BLOCK} e-mails, not of {count}")
        self.count = count
        self.contacts = count // EMAILS_A_CONTACT
        self._step = SPAN / count
        self._conversation = lru_cache(maxsize=2 * CONVERSATIONS)(self._make_conversation)

    def email(self, number: int) -> StoredEmail:
        """Return the e-mail with this number."""
        block, at = divmod(number, BLOCK)
        owner, place = _plan().owners[at]
        conversation = self._conversation(block, owner)
        if owner < 0:
            place += block * _ENDLESS_SHARE
        made_at = END - self._step * (self.count - number)
        begun_by_us = conversation.begun_by_us
        outgoing = (place % 2 == 0) is begun_by_us
        has_token = bool(conversation.token) and (begun_by_us or place > 0)
        subject = conversation.subject
        if place:
            subject = f"{conversation.reply_mark}: {subject}"
        return StoredEmail(
            number=number,
            conversation=conversation,
            place=place,
            key=key_of(made_at, number),
            at=made_at,
            message_id=_message_id(number, conversation.writer.address, outgoing=outgoing),
            outgoing=outgoing,
            subject=f"{subject} {conversation.token}" if has_token else subject,
            token=conversation.token if has_token else "",
            # No mail program lets it grow for ever.
            index=_index_below(conversation, min(place, 8)),
        )

    def up_to(self, email: StoredEmail) -> list[StoredEmail]:
        """Return the e-mails of the conversation in this block up to this one, oldest first."""
        block, at = divmod(email.number, BLOCK)
        owner = _plan().owners[at][0]
        places: Sequence[int] = (at,) if owner < 0 else _plan().members[owner]
        return [self.email(block * BLOCK + place) for place in places if place <= at]

    def contact(self, number: int) -> Writer:
        """Return a contact who is no writer of the corpus."""
        return Writer(f"Client {number}", f"client{number:06d}@customer{number % 997:03d}.example")

    def _make_conversation(self, block: int, owner: int) -> Conversation:
        endless = owner < 0
        number = owner if endless else block * CONVERSATIONS + owner
        random_bits = mix(number, 1)
        language = _languages()[random_bits % len(_languages())]
        pattern = language.subjects[mix(number, 2) % len(language.subjects)]
        user, token = mix(number, 3) % USERS, ""
        if 0 <= owner < _WITH_TOKEN:
            user, before = _plan().users[owner]
            counter = block * _plan().tokens[user] + before
            token = make_token(_RULES, user + 1, counter % (_RULES.maximum + 1))
        has_index = endless or mix(number, 4) % 100 < 45
        regards = mix(number, 5) % 100 < 30
        return Conversation(
            number=number,
            writer=self._writer(number),
            subject=pattern.format(n=1_000 + mix(number, 6) % 98_999),
            reply_mark=language.reply_mark,
            user=user,
            token=token,
            base=f"01DA{mix(number, 7):016X}{mix(number, 8):016X}{mix(number, 9):016X}"[:44]
            if has_index
            else "",
            begun_by_us=mix(number, 10) % 3 == 0,
            regarding=key_of(END - SPAN, mix(number, 11) % (self.contacts + 1), 1) if regards else None,
        )

    def _writer(self, conversation: int) -> Writer:
        kind, which = mix(conversation, 12) % 100, mix(conversation, 13)
        people = correspondents()
        if conversation < 0:
            person = people[which % KNOWN]
            return Writer(person.name, person.address)
        if kind < 50:
            person = people[which % len(people)]
            return Writer(person.name, person.address)
        if kind < 85:
            return self.contact(which % self.contacts)
        return Writer(f"Visitor {conversation}", f"visitor{conversation:07d}@elsewhere.example")


def user_address(user: int) -> str:
    """Return the address of a user of ours."""
    return f"user{user:03d}@postroom.example"


@lru_cache(maxsize=1)
def _languages() -> Sequence[Language]:
    return [person.language for person in correspondents()]


def _message_id(number: int, address: str, *, outgoing: bool) -> str:
    domain = "postroom.example" if outgoing else address.partition("@")[2]
    return f"{number:07d}.{mix(number, 14):016x}@{domain}"


def _index_below(conversation: Conversation, depth: int) -> str:
    if not conversation.base:
        return ""
    answers = (f"{mix(conversation.number, 20 + step) >> 24:010X}" for step in range(depth))
    return conversation.base + "".join(answers)
