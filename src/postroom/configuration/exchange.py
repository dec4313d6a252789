"""What a profile says about an Exchange server: where it is, opened as whom, whose tokens."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from postroom.configuration.endpoints import timeout_seconds
from postroom.configuration.permission import EXCHANGE_TYPES
from postroom.schema.choices import (
    AuthenticationProtocol,
    ExchangeVersion,
    ServerAuthority,
    ServerType,
    Workload,
)

#: Where each cloud's Exchange is, and who gives its tokens.
# source: ENTRA-CLIENT-CREDENTIALS
_ONLINE = {
    ServerAuthority.PUBLIC: ("https://outlook.office365.com", "https://login.microsoftonline.com"),
    ServerAuthority.US_GOVERNMENT: ("https://outlook.office365.us", "https://login.microsoftonline.us"),
    ServerAuthority.CHINA: ("https://partner.outlook.cn", "https://login.chinacloudapi.cn"),
}

_VERSIONS = {
    ExchangeVersion.EXCHANGE_2007: "Exchange2007_SP1",
    ExchangeVersion.EXCHANGE_2007_SP1: "Exchange2007_SP1",
    ExchangeVersion.EXCHANGE_2010: "Exchange2010",
    ExchangeVersion.EXCHANGE_2010_SP1: "Exchange2010_SP1",
    ExchangeVersion.EXCHANGE_2010_SP2: "Exchange2010_SP2",
}
_NEWEST = "Exchange2013_SP1"


class SignIn(Enum):
    """How a user name and a password are shown to Exchange."""

    AUTO = "auto"
    NTLM = "ntlm"
    BASIC = "basic"


@dataclass(frozen=True, slots=True)
class ExchangeServer:
    """One direction of an Exchange profile: where to ask, and in what capacity."""

    #: The address of Exchange Web Services; empty when Autodiscover has to find it.
    url: str
    autodiscovers: bool
    #: Where alone Autodiscover is asked; empty for the places that follow from an address.
    autodiscover_url: str
    sign_in: SignIn
    impersonates: bool
    #: Who gives tokens for which tenant, and what they are good for.
    authority: str
    tenant: str
    scope: str
    version: str
    timeout: float
    connections: int
    trusted_authority: str


def is_exchange(profile: Mapping[str, Any]) -> bool:
    """Say whether the profile's servers are spoken to by Exchange Web Services, in both directions."""
    return profile.get("servertype") in EXCHANGE_TYPES


def exchange_server(profile: Mapping[str, Any], workload: Workload) -> ExchangeServer:
    """Return the Exchange server that the profile uses for this workload."""
    side = "outgoing" if workload is Workload.OUTGOING else "incoming"
    cloud, authority = _cloud(profile)
    autodiscovers = bool(profile.get("useautodiscover"))
    default = (profile.get("defaultserverlocation") or "").strip()
    return ExchangeServer(
        "" if autodiscovers else _location(profile, side, default, cloud),
        autodiscovers,
        default if autodiscovers else "",
        _sign_in(profile, side),
        bool(profile.get(f"{credential_side(profile, side)}useimpersonation")),
        (profile.get("postroom_tokenauthority") or authority).strip(),
        (profile.get("exchangeonlinetenantid") or "").strip(),
        f"{(profile.get('aadresourceid') or cloud).rstrip('/')}/.default",
        _version(profile),
        timeout_seconds(profile),
        profile.get("maxconcurrentconnections") or 10,
        profile.get("postroom_trustedauthority") or "",
    )


def credential_side(profile: Mapping[str, Any], side: str) -> str:
    """Return the direction whose settings for signing in hold for this one.

    >>> credential_side({"usesamesettingsforoutgoingconnections": True}, "outgoing")
    'incoming'
    """
    return "incoming" if profile.get("usesamesettingsforoutgoingconnections") else side


def _cloud(profile: Mapping[str, Any]) -> tuple[str, str]:
    code = profile.get("serverauthority")
    return (
        _ONLINE.get(code if code is not None else ServerAuthority.PUBLIC) or _ONLINE[ServerAuthority.PUBLIC]
    )


def _location(profile: Mapping[str, Any], side: str, default: str, cloud: str) -> str:
    for column in (f"{side}serverlocation", "incomingserverlocation"):
        if location := (profile.get(column) or "").strip():
            return location
    online = profile.get("servertype") == ServerType.EXCHANGE_ONLINE
    return default or (f"{cloud}/EWS/Exchange.asmx" if online else "")


def _sign_in(profile: Mapping[str, Any], side: str) -> SignIn:
    protocol = profile.get(f"{credential_side(profile, side)}authenticationprotocol")
    if protocol == AuthenticationProtocol.BASIC:
        return SignIn.BASIC
    # What is negotiated between a password and Exchange is NTLM; tickets are for those who log on to Windows.
    if protocol in {AuthenticationProtocol.NTLM, AuthenticationProtocol.NEGOTIATE}:
        return SignIn.NTLM
    return SignIn.AUTO


def _version(profile: Mapping[str, Any]) -> str:
    code = profile.get("exchangeversion")
    return _NEWEST if code is None else _VERSIONS.get(ExchangeVersion(code), _NEWEST)
