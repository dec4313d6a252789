"""Where a profile's servers are and how to speak to them: host, port, encryption."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from postroom.schema.choices import ConnectionSecurity, ServerType


class Protocol(Enum):
    """A mail protocol that Postroom can speak to a server."""

    POP3 = "pop3"
    SMTP = "smtp"


class Encryption(Enum):
    """How a connection is protected."""

    NONE = "none"
    #: TLS from the first byte.
    IMPLICIT = "implicit"
    #: Begun in the clear and raised by STLS or STARTTLS.
    UPGRADE = "upgrade"


@dataclass(frozen=True, slots=True)
class Server:
    """One end of a profile: what to connect to."""

    protocol: Protocol
    host: str
    port: int
    encryption: Encryption
    #: Seconds that any wait for the server may last.
    timeout: float
    #: PEM of a private authority to trust beside the public ones, or empty.
    trusted_authority: str = ""


#: The port that a protocol uses by default, with and without encryption.
DEFAULT_PORTS = {
    (Protocol.POP3, True): 995,
    (Protocol.POP3, False): 110,
    (Protocol.SMTP, True): 587,
    (Protocol.SMTP, False): 25,
}

# Ports whose number says how TLS begins. On any other port POP3 is taken to be implicit and
# SMTP to use STARTTLS, which is what most servers do; the profile may say otherwise.
_ENCRYPTION_BY_PORT = {
    (Protocol.POP3, 110): Encryption.UPGRADE,
    (Protocol.POP3, 995): Encryption.IMPLICIT,
    (Protocol.SMTP, 25): Encryption.UPGRADE,
    (Protocol.SMTP, 587): Encryption.UPGRADE,
    (Protocol.SMTP, 465): Encryption.IMPLICIT,
}
_ENCRYPTION_ELSEWHERE = {Protocol.POP3: Encryption.IMPLICIT, Protocol.SMTP: Encryption.UPGRADE}

# Any call to a mail server ends after this many seconds unless the profile says less.
LONGEST_WAIT_SECONDS = 100.0


def default_port(protocol: Protocol, *, encrypted: bool) -> int:
    """Return the port that the protocol uses when the profile names none.

    >>> default_port(Protocol.POP3, encrypted=True)
    995
    """
    return DEFAULT_PORTS[protocol, encrypted]


def encryption_for(protocol: Protocol, port: int, *, encrypted: bool, mode: ConnectionSecurity) -> Encryption:
    """Return how the connection is protected.

    >>> encryption_for(Protocol.SMTP, 465, encrypted=True, mode=ConnectionSecurity.AUTOMATIC).name
    'IMPLICIT'
    """
    if not encrypted:
        return Encryption.NONE
    if mode is ConnectionSecurity.IMPLICIT_TLS:
        return Encryption.IMPLICIT
    if mode is ConnectionSecurity.UPGRADE:
        return Encryption.UPGRADE
    return _ENCRYPTION_BY_PORT.get((protocol, port), _ENCRYPTION_ELSEWHERE[protocol])


def incoming_server(profile: Mapping[str, Any]) -> Server:
    """Return the server that a POP3 profile reads from."""
    return _server(profile, Protocol.POP3, "incoming")


def outgoing_server(profile: Mapping[str, Any]) -> Server:
    """Return the server that the profile sends through; POP3 and IMAP profiles send by SMTP."""
    return _server(profile, Protocol.SMTP, "outgoing")


def _server(profile: Mapping[str, Any], protocol: Protocol, side: str) -> Server:
    encrypted = profile.get(f"{side}usessl") is not False
    port = profile.get(f"{side}portnumber") or default_port(protocol, encrypted=encrypted)
    mode = ConnectionSecurity(profile.get(f"postroom_{side}tls") or 0)
    return Server(
        protocol,
        _location(profile, side),
        port,
        encryption_for(protocol, port, encrypted=encrypted, mode=mode),
        timeout_seconds(profile),
        profile.get("postroom_trustedauthority") or "",
    )


def _location(profile: Mapping[str, Any], side: str) -> str:
    """Return the host; one that sends through its incoming server may leave the other empty."""
    same = profile.get("usesamesettingsforoutgoingconnections")
    places = (f"{side}serverlocation", "incomingserverlocation" if same else "", "defaultserverlocation")
    location = next((profile[place].strip() for place in places if profile.get(place)), "")
    # Who copies an IPv6 address from a URL copies its brackets too.
    return location.removeprefix("[").removesuffix("]")


def timeout_seconds(profile: Mapping[str, Any]) -> float:
    """Return how long a wait for the profile's servers may last."""
    limit = profile.get("timeoutmailboxconnectionafteramount")
    if not profile.get("timeoutmailboxconnection", True) or not limit:
        return LONGEST_WAIT_SECONDS
    return min(float(limit) / 1000, LONGEST_WAIT_SECONDS)


def speaks_pop3(servertype: int | None) -> bool:
    """Tell whether mail is read by POP3 from servers of this type."""
    return servertype == ServerType.POP3_SMTP
