"""Messages of the corpus turned into answers to e-mails of a store.

Of each 200, the numbers in `SHARES` are given something by which a stored e-mail is found, and lose
everything else by which one could be; the others stay as they are. Each keeps its body and, but for the
sender's address of those that come from whom the e-mail was exchanged with, its other headers.
"""

import base64
import random
import re
from collections.abc import Callable, Iterator, Sequence
from email.header import Header
from enum import Enum, auto

from bench.corpus import DECK_SIZE, MAILBOX_ADDRESS, Case, Kind
from bench.steps.history import USERS, History, StoredEmail, mix, user_address


class Way(Enum):
    """By what the store finds the e-mail that a message belongs to."""

    #: In-Reply-To and References, with the token and the index of the conversation where it has them.
    REPLY = auto()
    TOKEN = auto()
    INDEX = auto()
    #: The words of the subject and the people.
    SUBJECT = auto()
    #: The same Message-ID: the store holds this very message.
    AGAIN = auto()
    AS_IT_IS = auto()


#: How many of 200 messages go which way; about a third answers by In-Reply-To.
SHARES = {Way.REPLY: 66, Way.TOKEN: 24, Way.INDEX: 24, Way.SUBJECT: 16, Way.AGAIN: 2}

_FOR_ANSWERS = {Kind.PLAIN, Kind.ALTERNATIVE, Kind.ATTACHMENTS, Kind.CALENDAR}
# Half of what is answered is among the newest twentieth.
_RECENT = 20
# Smart matching looks back 90 days of two years.
_WITHIN_WINDOW = 10
# To every eighth message a user is a recipient too.
_ONE_TO_USERS = 8
# With a token or an index alone, so many of four come from whom the e-mail was exchanged with.
_FROM_WRITER = 3
# Every sixth index is that of one of the conversations that grow with the store.
_ONE_TO_ENDLESS = 6
_LINKS = ("in-reply-to", "references", "thread-index")


def answers(cases: Sequence[Case], history: History) -> Iterator[bytes]:
    """Yield the messages turned into answers to e-mails of this history, in the proportions of a deck."""
    ways = [way for way, share in SHARES.items() for _ in range(share * len(cases) // DECK_SIZE)]
    able = [case.number for case in cases if case.kind in _FOR_ANSWERS]
    ways += [Way.AS_IT_IS] * (len(able) - len(ways))
    random.Random(cases[0].number).shuffle(ways)
    chosen = dict(zip(able, ways, strict=True))
    for case in cases:
        yield _turned(case, chosen.get(case.number, Way.AS_IT_IS), history)


def _turned(case: Case, way: Way, history: History) -> bytes:
    head, blank, body = case.raw.partition(b"\r\n\r\n")
    head += b"\r\n"
    if case.number % _ONE_TO_USERS == 0:
        recipient = user_address(mix(case.number, 70) % USERS)
        head = head.replace(
            f"<{MAILBOX_ADDRESS}>\r\n".encode(), f"<{MAILBOX_ADDRESS}>, {recipient}\r\n".encode(), 1
        )
    if turn := _TURNS.get(way):
        email = _answered(case.number, way, history)
        if way in (Way.REPLY, Way.SUBJECT) or mix(case.number, 71) % 4 < _FROM_WRITER:
            head = head.replace(case.sender.encode(), email.conversation.writer.address.encode())
        head = turn(_without(head, *_LINKS), email, history)
    return head + blank[2:] + body


def _answered(number: int, way: Way, history: History) -> StoredEmail:
    """Return the e-mail that a message answers: the next after a random one that the way is possible for."""
    count = history.count
    back = mix(number, 72) % count
    if way is Way.SUBJECT:
        back //= _WITHIN_WINDOW
    elif mix(number, 73) % 2:
        back //= _RECENT
    place = count - 1 - back
    suits = _SUITS[way]
    if way is Way.INDEX and mix(number, 75) % _ONE_TO_ENDLESS == 0:
        suits = _is_endless
    while not suits(email := history.email(place)):
        place = (place + 1) % count
    return email


def _is_endless(email: StoredEmail) -> bool:
    return email.conversation.number < 0


_SUITS: dict[Way, Callable[[StoredEmail], bool]] = {
    Way.REPLY: lambda email: True,
    Way.TOKEN: lambda email: bool(email.token),
    Way.INDEX: lambda email: bool(email.index),
    Way.SUBJECT: lambda email: True,
    Way.AGAIN: lambda email: not email.outgoing,
}


def _as_reply(head: bytes, email: StoredEmail, history: History) -> bytes:
    named = [f"<{above.message_id}>" for above in history.up_to(email)[-12:]]
    lines = [f"In-Reply-To: <{email.message_id}>", "References: " + "\r\n ".join(named)]
    head = _with_lines(head, *lines)
    if email.index:
        head = _as_next_of_index(head, email, history)
    return _with_token(head, email, history) if email.token else head


def _with_token(head: bytes, email: StoredEmail, _: History) -> bytes:
    return _field("subject").sub(lambda m: m[0][:-2] + f" {email.token}\r\n".encode(), head, count=1)


def _as_next_of_index(head: bytes, email: StoredEmail, _: History) -> bytes:
    index = bytes.fromhex(email.index) + mix(email.number, 74).to_bytes(8)[:5]
    return _with_lines(head, "Thread-Index: " + base64.b64encode(index).decode())


def _with_its_subject(head: bytes, email: StoredEmail, _: History) -> bytes:
    subject = f"{email.conversation.reply_mark}: {email.conversation.subject}"
    encoded = Header(subject, "utf-8" if not subject.isascii() else "us-ascii").encode(linesep="\r\n")
    return _field("subject").sub(lambda _: f"Subject: {encoded}\r\n".encode(), head, count=1)


def _with_its_id(head: bytes, email: StoredEmail, _: History) -> bytes:
    line = f"Message-ID: <{email.message_id}>\r\n".encode()
    return _field("message-id").sub(lambda _: line, head, count=1)


_TURNS: dict[Way, Callable[[bytes, StoredEmail, History], bytes]] = {
    Way.REPLY: _as_reply,
    Way.TOKEN: _with_token,
    Way.INDEX: _as_next_of_index,
    Way.SUBJECT: _with_its_subject,
    Way.AGAIN: _with_its_id,
}


def _field(name: str) -> re.Pattern[bytes]:
    # A field and the lines that continue it.
    return re.compile(rb"(?ims)^" + name.encode() + rb":.*?\r\n(?![ \t])")


def _without(head: bytes, *names: str) -> bytes:
    for name in names:
        head = _field(name).sub(b"", head)
    return head


def _with_lines(head: bytes, *lines: str) -> bytes:
    return head + "".join(f"{line}\r\n" for line in lines).encode()
