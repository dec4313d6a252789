"""The envelope: addresses made safe for a command line, and the MAIL and RCPT commands."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from postroom.errors import Refused
from postroom.ports.mail import Submission, is_safe_address
from postroom.servers.smtp.content import Measure

# IDNA takes these for the full stop as well.
# source: RFC3490 3.1
_FULL_STOPS = re.compile("[\u3002\uff0e\uff61]")


@dataclass(frozen=True, slots=True)
class Envelope:
    """The commands that open one transaction, and the recipients they name."""

    mail: bytes
    #: One command per recipient, in the order of `recipients`.
    rcpt: tuple[bytes, ...]
    recipients: tuple[str, ...]
    #: Recipients that this server can't be asked for: address, 0, reason.
    refused: tuple[tuple[str, int, str], ...] = ()


def encode_domain(domain: str) -> str:
    """Return the domain as it stands in the DNS: ASCII, labels of other scripts in Punycode.

    Labels are written as IDNA 2008 has them: the German sharp s stays a letter of its own, so
    that mail can't go to a domain that merely looks folded. Raises `ValueError` when a label is
    empty or too long.

    >>> encode_domain("bücher.example"), encode_domain("faß.de"), encode_domain("EXAMPLE.com")
    ('xn--bcher-kva.example', 'xn--fa-hia.de', 'EXAMPLE.com')
    """
    if domain.isascii():
        return domain
    labels = _FULL_STOPS.sub(".", unicodedata.normalize("NFKC", domain).lower()).split(".")
    return ".".join(_encode_label(label) for label in labels)


def _encode_label(label: str) -> str:
    made = label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii")
    if not 0 < len(made) < 64:
        raise ValueError(label)
    return made


def encode_address(address: str) -> str:
    """Return the address for a command line, its domain in ASCII; raise `Refused` when it is unsafe.

    >>> encode_address("info@bücher.example")
    'info@xn--bcher-kva.example'
    >>> encode_address("a@x>\\r\\nRCPT TO:<b@y")
    Traceback (most recent call last):
    postroom.errors.Refused: the address 'a@x>\\r\\nRCPT TO:<b@y' holds blanks, brackets or control characters
    """
    if not is_safe_address(address):
        raise Refused(f"the address {address!r} holds blanks, brackets or control characters")
    if address.isascii():
        return address
    local, at, domain = address.rpartition("@")
    try:
        encoded = f"{local}{at}{encode_domain(domain)}"
        encoded.encode("utf-8")
    except ValueError as exc:
        raise Refused(f"the address {address!r} can't be written for a mail server") from exc
    return encoded


def make_envelope(submission: Submission, content: Measure, offers: Mapping[str, str]) -> Envelope:
    """Return the commands for this submission; raise `Refused` when it can't be put to this server.

    `offers` are the extensions of the server's EHLO, in lower case, with their parameters.
    """
    sender = encode_address(submission.sender)
    named = [(address, encode_address(address)) for address in submission.recipients]
    if not named or not all(encoded for _, encoded in named):
        raise Refused("a message needs recipients, and each recipient an address")
    _check_size(content.size, offers)
    allowed = named
    refused: tuple[tuple[str, int, str], ...] = ()
    if "smtputf8" not in offers:
        if not sender.isascii():
            raise Refused(_needs_smtputf8(submission.sender))
        allowed = [pair for pair in named if pair[1].isascii()]
        refused = tuple((name, 0, _needs_smtputf8(name)) for name, encoded in named if not encoded.isascii())
        if not allowed:
            raise Refused(refused[0][2])
    receipt = submission.delivery_receipt and "dsn" in offers
    # source: RFC3461 4.1
    options = b" NOTIFY=SUCCESS,FAILURE,DELAY" if receipt else b""
    is_international = not (content.has_ascii_headers and sender.isascii() and _are_ascii(allowed))
    return Envelope(
        mail=_mail_command(sender, content, offers, receipt=receipt, international=is_international),
        rcpt=tuple(b"RCPT TO:<%b>%b\r\n" % (encoded.encode(), options) for _, encoded in allowed),
        recipients=tuple(name for name, _ in allowed),
        refused=refused,
    )


def _are_ascii(named: Sequence[tuple[str, str]]) -> bool:
    return all(encoded.isascii() for _, encoded in named)


def _mail_command(
    sender: str, content: Measure, offers: Mapping[str, str], *, receipt: bool, international: bool
) -> bytes:
    options = b""
    if "size" in offers:
        options += b" SIZE=%d" % content.size
    if not content.is_ascii and "8bitmime" in offers:
        # Without the offer the octets go out as they are: servers that take only seven bits
        # are rarer than those that forget to say so.
        options += b" BODY=8BITMIME"
    if international and "smtputf8" in offers:
        options += b" SMTPUTF8"
    if receipt:
        options += b" RET=HDRS"
    return b"MAIL FROM:<%b>%b\r\n" % (sender.encode(), options)


def _check_size(size: int, offers: Mapping[str, str]) -> None:
    """Refuse what the server has already said it won't take, before a hundred megabytes travel."""
    # source: RFC1870 4
    limit = offers.get("size", "")
    if limit.isdecimal() and 0 < int(limit) < size:
        raise Refused(f"the message has {size} octets and the server takes at most {limit}")


def _needs_smtputf8(address: str) -> str:
    return f"the server does not take addresses beyond ASCII (SMTPUTF8), such as {address}"
