"""Whose credentials open a mailbox: the mailbox's own, the profile's, or an application's."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from postroom.configuration.exchange import credential_side, is_exchange
from postroom.configuration.permission import Obstacle
from postroom.schema.choices import AuthenticationProtocol, CredentialRetrieval, Workload


@dataclass(frozen=True, slots=True)
class CredentialPlace:
    """Where user name and password stand; `table` is None when the server asks for none."""

    table: str | None
    user_column: str = ""
    password_column: str = ""


NO_CREDENTIALS = CredentialPlace(None)
#: An application's id and secret, for which an authority gives tokens.
APPLICATION = CredentialPlace("emailserverprofile", "oauthclientid", "oauthclientsecret")

# Items are opened as mail is read.
_SIDE = {Workload.INCOMING: "incoming", Workload.OUTGOING: "outgoing", Workload.ITEMS: "incoming"}


def credentials_for(
    workload: Workload, mailbox: Mapping[str, Any], profile: Mapping[str, Any]
) -> CredentialPlace | Obstacle:
    """Return where the credentials stand, or what keeps them from being used."""
    side = _SIDE[workload]
    if is_exchange(profile):
        return _for_exchange(mailbox, profile, credential_side(profile, side))
    if side == "outgoing" and _sends_as_it_receives(profile):
        # One set of credentials for both directions; host and port remain the profile's own.
        side = "incoming"
    retrieval = profile.get(f"{side}credentialretrieval") or 0
    if retrieval == CredentialRetrieval.USER_OR_QUEUE:
        return _of_the_mailbox(mailbox)
    if retrieval == CredentialRetrieval.PROFILE:
        return _of_the_profile(profile, side)
    if retrieval == CredentialRetrieval.ANONYMOUS and workload is Workload.OUTGOING:
        return NO_CREDENTIALS
    return Obstacle(
        "InvalidCredentialTypeForNonExchangeIncomingConnection",
        0x8005E214,
        "POP3 and SMTP servers take a user name and a password; the profile asks for something else.",
        "Set the credential retrieval to 0 (user or queue) or 1 (profile); 4 (anonymous) serves for sending.",
    )


def _for_exchange(
    mailbox: Mapping[str, Any], profile: Mapping[str, Any], side: str
) -> CredentialPlace | Obstacle:
    retrieval = profile.get(f"{side}credentialretrieval") or 0
    if retrieval == CredentialRetrieval.ENTRA_OAUTH:
        return _of_the_application(profile)
    if profile.get(f"{side}authenticationprotocol") == AuthenticationProtocol.OAUTH:
        return Obstacle(
            "InvalidCredentialTypeForExchange",
            0x8005E203,
            "OAuth takes an application's id and secret; the profile names a user and a password.",
            f"Set {side}credentialretrieval to 7 (OAuth), or {side}authenticationprotocol to 0.",
        )
    if retrieval == CredentialRetrieval.USER_OR_QUEUE:
        return _of_the_mailbox(mailbox)
    if retrieval == CredentialRetrieval.PROFILE:
        return _of_the_profile(profile, side)
    return Obstacle(
        "InvalidCredentialTypeForExchange",
        0x8005E203,
        "Exchange can't be opened with the kind of credentials that the profile names: server-to-server "
        "and managed identities exist in Microsoft's own cloud only, Windows' own sign-in on Windows only.",
        f"Set {side}credentialretrieval to 7 (OAuth with an application of your tenant), 1 (the name and "
        "password of a service account in the profile) or 0 (user or queue).",
    )


def _of_the_application(profile: Mapping[str, Any]) -> CredentialPlace | Obstacle:
    if not profile.get("oauthclientid") or not profile.get("isoauthclientsecretset"):
        return Obstacle(
            "SpecifyOAuthClient",
            0x8005E251,
            "The profile has no OAuth client id or no secret.",
            "Set oauthclientid and oauthclientsecret on the profile.",
        )
    if not profile.get("exchangeonlinetenantid"):
        return Obstacle(
            "SpecifyTenant",
            0x8005E251,
            "The profile does not say which tenant the mailboxes are in.",
            "Set exchangeonlinetenantid on the profile.",
        )
    return APPLICATION


def _sends_as_it_receives(profile: Mapping[str, Any]) -> bool:
    """Tell whether sending uses the credentials of receiving.

    A relay that asks for no credentials, and credentials of the profile's own for sending, go
    before the general wish: nobody enters them without meaning them.
    """
    if not profile.get("usesamesettingsforoutgoingconnections"):
        return False
    retrieval = profile.get("outgoingcredentialretrieval")
    has_own = retrieval == CredentialRetrieval.PROFILE and profile.get("isoutgoingpasswordset")
    return not (has_own or retrieval == CredentialRetrieval.ANONYMOUS)


def _of_the_mailbox(mailbox: Mapping[str, Any]) -> CredentialPlace | Obstacle:
    if not mailbox.get("allowemailconnectortousecredentials"):
        return Obstacle(
            "CannotUseUserCredentials",
            0x8005E229,
            "The mailbox doesn't allow its credentials to be used for e-mail processing.",
            "Set allowemailconnectortousecredentials on the mailbox.",
        )
    if not mailbox.get("username") or not mailbox.get("ispasswordset"):
        return Obstacle(
            "MailboxCredentialNotSpecified",
            0x8005E209,
            "The mailbox has no user name or no password.",
            "Set username and password on the mailbox.",
        )
    return CredentialPlace("mailbox", "username", "password")


def _of_the_profile(profile: Mapping[str, Any], side: str) -> CredentialPlace | Obstacle:
    if not profile.get(f"{side}username") or not profile.get(f"is{side}passwordset"):
        return Obstacle(
            f"Specify{side.capitalize()}UserName",
            0x8005E251 if side == "incoming" else 0x8005E252,
            f"The profile has no {side} user name or no {side} password.",
            f"Set {side}username and {side}password on the profile.",
        )
    return CredentialPlace("emailserverprofile", f"{side}username", f"{side}password")
