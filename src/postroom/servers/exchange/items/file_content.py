"""The content of one attached file, fetched when somebody reads it."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from typing import Final

from postroom.errors import BadReply, StaleVersion, Throttled, TooLarge, TransportError, Unreachable
from postroom.servers.exchange.faults import CODES, Said, about_item, about_request
from postroom.servers.exchange.markup import tag
from postroom.servers.exchange.mimes import Given, MimeReader, Overgrown, SoapFault
from postroom.servers.exchange.session import Session

_PROBLEM: Final = "The attachment was not read"
_PIECE: Final = 1024 * 1024
_ROOM: Final = 64 * 1024
#: Codes that say that it is there no more.
_GONE: Final = frozenset({"ErrorInvalidAttachmentId", "ErrorItemNotFound", "ErrorInvalidIdMalformed"})


@dataclass(frozen=True, slots=True)
class ServerContent:
    """What is in a file on the server."""

    session: Session
    id: str
    #: Octets; of more than that, nothing is given.
    largest: int

    def chunks(self) -> Iterator[bytes]:
        """Yield the octets; `StaleVersion` when the file is gone, else raises `TransportError`."""
        raw = self._given().raw
        for start in range(0, raw.size if raw is not None else 0, _PIECE):
            assert raw is not None  # noqa: S101 - it has octets
            yield raw.read(start, start + _PIECE)

    def _given(self) -> Given:
        try:
            given = self._asked()
        except SoapFault as fault:
            raise about_request(fault.said, _PROBLEM) from fault
        except Overgrown as overgrown:
            raise TooLarge(f"{_PROBLEM}: it is larger than {self.largest} bytes.") from overgrown
        if not given.is_ok:
            raise _meant(given.said)
        return given

    def _asked(self) -> Given:
        session = self.session
        # source: MS-OXWSATT 3.1.4.3
        named = tag("m:AttachmentIds", tag("t:AttachmentId", Id=self.id))
        reader = MimeReader(session.mask, largest=self.largest, element="Content")
        with closing(reader), session.post(session.wrapped(tag("m:GetAttachment", named))) as reply:
            if not reply.is_soap:
                raise reply.failure()
            read = chain.from_iterable(map(reader.feed, reply.pieces(self.largest * 3 // 2 + _ROOM)))
            given = list(chain(read, reader.finish()))
        if not given:
            raise BadReply(f"{_PROBLEM}: the server's answer says nothing about it.")
        return given[0]


def _meant(said: Said) -> Exception:
    if said.code in _GONE:
        return StaleVersion(f"{_PROBLEM}: it is no longer there.")
    general = CODES.get(said.code, (TransportError, ""))[0]
    if issubclass(general, Throttled | Unreachable):
        return about_request(said, _PROBLEM)
    return about_item(said, _PROBLEM)
