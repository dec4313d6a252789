"""Messages out of an answer as it comes: Base64 decoded in pieces, big ones into files.

An answer that holds messages is never held as a whole: it is as long as all of them together, and a
server may announce less than it sends. Reading is by events, so that memory stays flat.
"""

import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from xml.parsers import expat

from postroom.errors import BadReply
from postroom.mime.message import Raw
from postroom.servers.connection import Mask
from postroom.servers.exchange.answer import SoapFault, read_answer
from postroom.servers.exchange.faults import Said
from postroom.servers.spool import SPOOL_OVER, Intake

#: Characters kept of a text that is no message.
_LONGEST_TEXT = 16 * 1024
#: Octets kept to read a fault from.
_LONGEST_FAULT = 256 * 1024
#: Characters of Base64 decoded at once.
_BUFFER = 256 * 1024


class Overgrown(Exception):  # noqa: N818 - a signal between this module and its callers
    """A message outgrew the limit; the rest of the answer was not read."""


@dataclass(slots=True)
class Given:
    """What the server said about one message, and its bytes where it gave them."""

    is_ok: bool
    said: Said
    raw: Raw | None = None


class MimeReader:
    """Reads an answer to GetItem; `feed` gives the messages that a piece completes.

    Another `element` than that of messages is read in the same way, such as the content of a file.
    """

    def __init__(
        self, mask: Mask, *, largest: int, spool_over: int = SPOOL_OVER, element: str = "MimeContent"
    ) -> None:
        self._mask = mask
        self._largest = largest
        self._spool_over = spool_over
        self._element = element
        self._head = b""
        self._is_fault = False
        self._done: list[Given] = []
        self._messages = 0
        self._texts: dict[str, str] = {}
        self._is_ok = False
        self._intake: Intake | None = None
        self._is_in_mime = False
        self._carry = ""
        self._open = ""
        self._value_name = ""
        self._parser = self._make_parser()

    def feed(self, piece: bytes) -> Iterator[Given]:
        """Take the next octets; raises `BadReply` for what is no answer, `Overgrown` at a limit."""
        if not self._messages and len(self._head) < _LONGEST_FAULT:
            self._head += piece
        try:
            self._parse(piece, is_last=False)
        finally:
            # What was complete before a message outgrew the limit is good.
            yield from self._taken()

    def finish(self) -> Iterator[Given]:
        """End the answer; raises `SoapFault` when it was one."""
        if self._is_fault or not self._messages:
            read_answer(self._head, self._mask)
        self._parse(b"", is_last=True)
        yield from self._taken()

    def close(self) -> None:
        """Give the memory back now: parser and reader hold each other, and would wait for the collector."""
        parser = self._parser
        parser.StartElementHandler = parser.EndElementHandler = None
        parser.CharacterDataHandler = parser.StartDoctypeDeclHandler = None
        self._intake = None

    def _taken(self) -> list[Given]:
        done, self._done = self._done, []
        return done

    def _parse(self, piece: bytes, *, is_last: bool) -> None:
        try:
            self._parser.Parse(piece, is_last)
        except expat.ExpatError as error:
            raise BadReply("The server's answer is no XML.", reply=str(error)) from error
        except (binascii.Error, ValueError) as error:
            raise BadReply("The server's answer holds a message that is no Base64.") from error

    def _make_parser(self) -> expat.XMLParserType:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.buffer_size = _BUFFER
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._data
        parser.StartDoctypeDeclHandler = _refuse_doctype
        return parser

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._open = local = name.rpartition(" ")[2]
        if local == self._element and not self._is_in_mime:
            self._is_in_mime, self._carry = True, ""
            self._intake = Intake(spool_over=self._spool_over)
        elif local.endswith("ResponseMessage"):
            self._messages += 1
            self._texts, self._intake = {}, None
            self._is_ok = attributes.get("ResponseClass") != "Error"
        elif local == "Fault":
            self._is_fault = True
        elif local == "Value":
            self._value_name = attributes.get("Name", "")

    def _data(self, text: str) -> None:
        if self._is_in_mime:
            self._decode(text)
        elif self._open in {"ResponseCode", "MessageText", "Value"}:
            name = self._value_name if self._open == "Value" else self._open
            self._texts[name] = (self._texts.get(name, "") + text)[:_LONGEST_TEXT]

    def _decode(self, text: str) -> None:
        assert self._intake is not None  # noqa: S101 - made where the element began
        if "\n" in text or " " in text:
            text = "".join(text.split())
        text = self._carry + text if self._carry else text
        whole = len(text) - len(text) % 4
        self._carry = text[whole:]
        self._intake.add(binascii.a2b_base64(text[:whole]))
        if self._intake.size > self._largest:
            raise Overgrown

    def _end(self, name: str) -> None:
        local = name.rpartition(" ")[2]
        self._open = ""
        if local == self._element and self._is_in_mime:
            self._is_in_mime = False
            if self._carry:
                self._decode("=" * (-len(self._carry) % 4))
        elif local.endswith("ResponseMessage"):
            raw = self._intake.finish() if self._intake is not None else None
            self._done.append(Given(self._is_ok, self._said(), raw))
            self._intake = None

    def _said(self) -> Said:
        milliseconds = self._texts.get("BackOffMilliseconds", "").strip()
        return Said(
            self._texts.get("ResponseCode", "").strip(),
            self._mask(self._texts.get("MessageText", "").strip()),
            float(milliseconds) / 1000 if milliseconds.isdecimal() else 0.0,
        )


def _refuse_doctype(*_: object) -> None:
    raise BadReply("The server's answer holds a document type, which no answer of Exchange has.")


__all__ = ["Given", "MimeReader", "Overgrown", "SoapFault"]
