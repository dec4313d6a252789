"""What the mail server behind a workload is called: one name for all on it."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from postroom.configuration.endpoints import incoming_server, outgoing_server
from postroom.configuration.exchange import exchange_server, is_exchange
from postroom.schema.choices import Workload

LONGEST = 300
_PORTS = {"https": 443, "http": 80}


def server_name(workload: Workload, mailbox: Mapping[str, Any], profile: Mapping[str, Any] | None) -> str:
    """Return host and port of the server that the workload asks, or nothing where none is known.

    An Exchange that Autodiscover has still to find goes by the domain that is asked for it.

    >>> profile = {"servertype": 1, "incomingserverlocation": "POP.example.com", "incomingusessl": True}
    >>> server_name(Workload.INCOMING, {}, profile)
    'pop.example.com:995'
    >>> online = {"servertype": 0, "incomingserverlocation": "https://mail.example.com/EWS/Exchange.asmx"}
    >>> server_name(Workload.ITEMS, {}, online)
    'mail.example.com:443'
    """
    if profile is None:
        return ""
    if is_exchange(profile):
        return _exchange(workload, mailbox, profile)[:LONGEST]
    if workload is Workload.ITEMS:
        return ""
    server = outgoing_server(profile) if workload is Workload.OUTGOING else incoming_server(profile)
    return f"{server.host.lower()}:{server.port}"[:LONGEST] if server.host else ""


def _exchange(workload: Workload, mailbox: Mapping[str, Any], profile: Mapping[str, Any]) -> str:
    server = exchange_server(profile, workload)
    url = server.url or (mailbox.get("ewsurl") or "" if server.autodiscovers else "")
    if not url:
        domain = (mailbox.get("emailaddress") or "").rpartition("@")[2]
        return f"autodiscover of {domain.lower()}" if domain else ""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 443)
    except ValueError:
        return ""
    return f"{parts.hostname}:{port}" if parts.hostname else ""
