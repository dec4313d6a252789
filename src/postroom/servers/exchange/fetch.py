"""Messages fetched in batches, bounded by number and octets, one ahead of its reader.

No message stands in the way of another: one that the server refuses is given as refused, and when
a whole batch fails because of one that nobody knows, its messages are asked for one by one.
"""

import itertools
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field

from postroom.errors import BadReply, Refused, Throttled, TooLarge, TransportError, Unreachable
from postroom.ports.mail import Fetched, Offered
from postroom.servers.exchange.faults import CODES, Said, about_item, about_request
from postroom.servers.exchange.markup import item_ids, shape, tag
from postroom.servers.exchange.mimes import Given, MimeReader, Overgrown, SoapFault
from postroom.servers.exchange.session import Session

#: Messages asked for at once, and the octets that they may have together as the server announces them.
BATCH = 64
BATCH_OCTETS = 4 * 1024 * 1024
#: What a message counts for that the server announces no size of.
UNKNOWN_SIZE = 512 * 1024
#: A message bigger than this goes to a file. Two batches are in memory, and servers lie about sizes.
SPOOL_OVER = 1024 * 1024
#: An answer may be longer than its messages in Base64 by so much for each.
_ROOM_PER_MESSAGE = 64 * 1024

_PROBLEM = "The messages were not given"


@dataclass(slots=True)
class _Batch:
    """Messages asked for together."""

    wanted: list[Offered]
    got: list[Fetched] = field(default_factory=list)
    #: Why the rest of them did not come.
    failure: TransportError | None = None


class Fetcher:
    """Fetches messages of one session."""

    def __init__(self, session: Session, *, largest: int, spool_over: int = SPOOL_OVER) -> None:
        self._session = session
        self._largest = largest
        self._spool_over = spool_over

    def fetch(self, wanted: Iterable[Offered]) -> Iterator[Fetched]:
        """Yield each message in the order asked for; raises when the session breaks."""
        batches = _batches(wanted, self._largest)
        # One thread for all batches: each new one would begin a heap of its own, and keep it.
        worker = ThreadPoolExecutor(1, "fetch")
        try:
            ahead = self._begun(worker, next(batches, None))
            while ahead is not None:
                done = ahead.result()
                ahead = self._begun(worker, next(batches, None)) if done.failure is None else None
                yield from done.got
                if done.failure is not None:
                    raise done.failure
        finally:
            worker.shutdown(wait=False, cancel_futures=True)

    def _begun(self, worker: ThreadPoolExecutor, batch: _Batch | None) -> "Future[_Batch] | None":
        """Begin to fetch the batch beside what its reader does with the one before."""
        return None if batch is None else worker.submit(self._filled, batch)

    def _filled(self, batch: _Batch) -> _Batch:
        asked = iter(self._asked([each for each in batch.wanted if self._may_be_asked(each)]))
        try:
            for each in batch.wanted:
                batch.got.append(next(asked) if self._may_be_asked(each) else self._too_large(each))
        except TransportError as failure:
            batch.failure = failure
        return batch

    def _may_be_asked(self, offered: Offered) -> bool:
        return offered.size <= self._largest

    def _asked(self, wanted: list[Offered]) -> Iterator[Fetched]:
        """Yield what the server gives, going on behind messages that break an answer off."""
        rest = wanted
        while rest:
            came = 0
            try:
                for fetched in self._answer(rest):
                    came += 1
                    yield fetched
            except Overgrown:
                yield self._too_large(rest[came])
                came += 1
            except SoapFault as fault:
                yield from self._one_by_one(rest[came:], fault)
                return
            rest = rest[came:]

    def _answer(self, wanted: list[Offered]) -> Iterator[Fetched]:
        """Yield the messages of one answer as they come."""
        session = self._session
        # Each message is bounded on its own; this bounds what is around them.
        most = len(wanted) * (self._largest * 3 // 2 + _ROOM_PER_MESSAGE)
        reader = MimeReader(session.mask, largest=self._largest, spool_over=self._spool_over)
        waiting = iter(wanted)
        with closing(reader), session.post(session.wrapped(_request(wanted))) as reply:
            if not reply.is_soap:
                raise reply.failure()
            read = itertools.chain.from_iterable(map(reader.feed, reply.pieces(most)))
            for given in itertools.chain(read, reader.finish()):
                offered = next(waiting, None)
                if offered is not None:
                    yield _fetched(offered, given)
        for offered in waiting:
            yield Fetched(offered, None, BadReply(f"{_of(offered)}: the server's answer leaves it out."))

    def _one_by_one(self, wanted: list[Offered], fault: SoapFault) -> Iterator[Fetched]:
        """Yield each message, asked for alone, after they were refused together."""
        _raise_if_general(fault.said)
        if len(wanted) == 1:
            yield Fetched(wanted[0], None, about_item(fault.said, _of(wanted[0])))
            return
        for offered in wanted:
            yield from self._asked([offered])

    def _too_large(self, offered: Offered) -> Fetched:
        return Fetched(
            offered,
            None,
            TooLarge(
                f"The message is bigger than the limit of {self._largest} octets and was not taken; "
                f"the server announced {offered.size} octets."
            ),
        )


def _batches(wanted: Iterable[Offered], largest: int) -> Iterator[_Batch]:
    """Cut what is wanted into batches; those that won't be asked for count nothing."""
    batch: list[Offered] = []
    octets = 0
    for offered in wanted:
        size = (offered.size or UNKNOWN_SIZE) if offered.size <= largest else 0
        if batch and (len(batch) >= BATCH or octets + size > BATCH_OCTETS):
            yield _Batch(batch)
            batch, octets = [], 0
        batch.append(offered)
        octets += size
    if batch:
        yield _Batch(batch)


def _request(wanted: list[Offered]) -> str:
    # source: MS-OXWSCORE 3.1.4.4
    wanted_shape = shape(before=tag("t:IncludeMimeContent", "true"))
    return tag("m:GetItem", wanted_shape, item_ids(each.server_id for each in wanted))


def _fetched(offered: Offered, given: Given) -> Fetched:
    if given.is_ok and given.raw is not None:
        return Fetched(offered, given.raw)
    if given.is_ok:
        return Fetched(offered, None, Refused(f"{_of(offered)}: the server keeps no message of it."))
    if CODES.get(given.said.code, (TransportError, ""))[0] in {Throttled, Unreachable}:
        _raise_if_general(given.said)
    return Fetched(offered, None, about_item(given.said, _of(offered)))


def _raise_if_general(said: Said) -> None:
    """Raise what a code means when it is not about messages but about the mailbox or the server."""
    kind = CODES.get(said.code, (TransportError, ""))[0]
    if said.code != "ErrorInternalServerError" and issubclass(kind, Throttled | Unreachable):
        raise about_request(said, _PROBLEM)


def _of(offered: Offered) -> str:
    return f"Message {offered.number} was not given"
