"""What a server profile may hold; each broken rule has its code and says what to do."""

from collections.abc import Iterator, Mapping
from typing import Any

from postroom.configuration.endpoints import Protocol, default_port
from postroom.configuration.exchange import is_exchange
from postroom.errors import InvalidRecord
from postroom.schema.choices import CredentialRetrieval, ServerType


def problems_of(profile: Mapping[str, Any]) -> list[InvalidRecord]:
    """Return every rule that a profile, as it would be stored, breaks."""
    return [*_location_problems(profile), *_exchange_only_problems(profile), *_credential_problems(profile)]


def _location_problems(profile: Mapping[str, Any]) -> Iterator[InvalidRecord]:
    for side in ("incoming", "outgoing"):
        column = f"{side}serverlocation"
        location = profile.get(column) or ""
        if profile.get("useautodiscover"):
            if location:
                yield InvalidRecord(
                    f"{column} must be empty when useautodiscover is on.", code=0x8005E205, column=column
                )
            continue
        if not location and not _may_be_empty(profile, side):
            code = 0x8005E24B if side == "incoming" else 0x8005E24C
            what = "the URL of Exchange Web Services" if is_exchange(profile) else "the host"
            yield InvalidRecord(f"{column} is required: name {what}.", code=code, column=column)
        if location and is_exchange(profile) and not _is_url(location):
            yield InvalidRecord(
                f"{column} must be a URL like https://mail.example.com/EWS/Exchange.asmx.",
                code=0x8005E20A,
                column=column,
            )
        if location and not is_exchange(profile) and not _is_host(location):
            yield InvalidRecord(
                f"{column} must be a host name or an address, without scheme, path, port or blanks.",
                code=0x8005E20A,
                column=column,
            )


def _may_be_empty(profile: Mapping[str, Any], side: str) -> bool:
    if profile.get("servertype") == ServerType.EXCHANGE_ONLINE or profile.get("defaultserverlocation"):
        return True
    if is_exchange(profile):
        # Exchange sends where it receives.
        return side == "outgoing"
    return side == "outgoing" and bool(profile.get("usesamesettingsforoutgoingconnections"))


def _is_url(location: str) -> bool:
    scheme, _, rest = location.strip().partition("://")
    return scheme.lower() in {"https", "http"} and bool(rest) and not any(c.isspace() for c in rest)


def _is_host(location: str) -> bool:
    bare = location.strip()
    if bare.count(":") > 1:  # an IPv6 address
        return all(c in "0123456789abcdefABCDEF:.[]%" for c in bare)
    return bare == location and not any(c in bare for c in "/ :@\\\t\r\n")


def _exchange_only_problems(profile: Mapping[str, Any]) -> Iterator[InvalidRecord]:
    if is_exchange(profile):
        return
    if profile.get("useautodiscover"):
        yield InvalidRecord(
            "useautodiscover is for Exchange servers only.", code=0x8005E204, column="useautodiscover"
        )
    for column in ("incominguseimpersonation", "outgoinguseimpersonation"):
        if profile.get(column):
            yield InvalidRecord(f"{column} is for Exchange servers only.", code=0x8005E236, column=column)
    if profile.get("outgoingautograntdelegateaccess"):
        yield InvalidRecord(
            "outgoingautograntdelegateaccess is impossible with SMTP.",
            code=0x8005E235,
            column="outgoingautograntdelegateaccess",
        )


def _credential_problems(profile: Mapping[str, Any]) -> Iterator[InvalidRecord]:
    if is_exchange(profile):
        for side in ("incoming", "outgoing"):
            if profile.get(f"{side}credentialretrieval") == CredentialRetrieval.ANONYMOUS:
                yield InvalidRecord(
                    "Exchange can't be used without credentials.",
                    code=0x8005E203,
                    column=f"{side}credentialretrieval",
                )


_PORTS = {
    "incomingportnumber": (Protocol.POP3, "incomingusessl"),
    "outgoingportnumber": (Protocol.SMTP, "outgoingusessl"),
}


def filled_in(profile: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ports that follow from type and encryption and were left open.

    >>> filled_in({"servertype": 1, "incomingusessl": True, "outgoingusessl": True})
    {'incomingportnumber': 995, 'outgoingportnumber': 587}
    """
    if profile.get("servertype") != ServerType.POP3_SMTP:
        return {}
    return {
        column: default_port(protocol, encrypted=profile.get(ssl) is not False)
        for column, (protocol, ssl) in _PORTS.items()
        if not profile.get(column)
    }


def left_open_by(before: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ports that a change of the encryption makes open again.

    Only one that was the usual port until now follows; one that somebody chose stays.

    >>> left_open_by({"incomingusessl": True, "incomingportnumber": 995}, {"incomingusessl": False})
    {'incomingportnumber': None}
    """
    return {
        column: None
        for column, (protocol, ssl) in _PORTS.items()
        if ssl in changes
        and column not in changes
        and before.get(column) == default_port(protocol, encrypted=before.get(ssl) is not False)
    }
