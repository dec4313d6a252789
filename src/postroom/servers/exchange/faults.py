"""What an Exchange server's refusals mean: one table from codes and statuses to errors.

Codes come in two places: as the answer about one item, and as a SOAP fault about the whole request.
The same table serves both; `about_item` says what a code means for a single item, so that no item
is ever taken for a reason to stop its mailbox.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from postroom.errors import (
    BadReply,
    Refused,
    SignInRejected,
    Throttled,
    TooLarge,
    TransportError,
    Unreachable,
)

#: Seconds to stay away when the server names none, and the most that it is believed.
COME_BACK_AFTER = 300.0
LONGEST_BACK_OFF = 3600.0

_USE_PRIMARY = "use the mailbox's primary address, and sign in with the user principal name"

#: Response codes: class and what to do. Others keep the server's own words.
# source: MS-OXWSCDATA 2.2.5.24
CODES: Mapping[str, tuple[type[TransportError], str]] = {
    # The mailbox or the right to open it.
    "ErrorNonExistentMailbox": (SignInRejected, f"there is no such mailbox; {_USE_PRIMARY}"),
    "ErrorMissingEmailAddress": (SignInRejected, f"there is no such mailbox; {_USE_PRIMARY}"),
    "ErrorInvalidSmtpAddress": (SignInRejected, f"the address is none that Exchange knows; {_USE_PRIMARY}"),
    "ErrorNoRespondingCASInDestinationSite": (Unreachable, "no server of the mailbox's site answers"),
    "ErrorMailboxConfiguration": (SignInRejected, "the mailbox is not set up well; ask its administrator"),
    "ErrorInvalidLicense": (SignInRejected, "the account has no licence for a mailbox; assign one"),
    "ErrorAccountDisabled": (SignInRejected, "the account is disabled; enable it in the directory"),
    "ErrorPasswordExpired": (SignInRejected, "the password has expired; set a new one in the profile"),
    "ErrorPasswordChangeRequired": (SignInRejected, "the password must be changed before it serves"),
    "ErrorImpersonationDenied": (
        SignInRejected,
        "the service account may not impersonate; give it the role ApplicationImpersonation",
    ),
    "ErrorImpersonateUserDenied": (
        SignInRejected,
        "the service account may not impersonate this mailbox; widen the scope of its role "
        "ApplicationImpersonation or of the application's access policy",
    ),
    "ErrorImpersonationFailed": (SignInRejected, "impersonation failed; check the service account's rights"),
    "ErrorAccessDenied": (
        SignInRejected,
        "the account has no access; give it full access to the mailbox, or the right to impersonate",
    ),
    "ErrorTokenSerializationDenied": (SignInRejected, "the account may not act for others"),
    "ErrorExchangeConfigurationException": (Unreachable, "the server is not set up well at present"),
    # Come back later.
    "ErrorServerBusy": (Throttled, "the server asks to come back later"),
    "ErrorTooManyObjectsOpened": (Throttled, "too many of the account's connections are open"),
    "ErrorExceededConnectionCount": (Throttled, "too many of the account's connections are open"),
    "ErrorExceededSubscriptionCount": (Throttled, "too many of the account's subscriptions are open"),
    "ErrorExceededFindCountLimit": (Throttled, "the search found more than the server gives at once"),
    "ErrorSubmissionQuotaExceeded": (Throttled, "the mailbox has sent as much as it may for now"),
    "ErrorMessageRateQuotaExceeded": (Throttled, "the mailbox has sent as much as it may for now"),
    "ErrorTimeoutExpired": (Throttled, "the server ran out of time"),
    "ErrorBatchProcessingStopped": (Throttled, "the server stopped half-way"),
    "ErrorQuotaExceeded": (Throttled, "the mailbox is full; make room in it or raise its quota"),
    # The server is not well.
    "ErrorMailboxStoreUnavailable": (Unreachable, "the mailbox's database is not available"),
    "ErrorMailboxMoveInProgress": (Unreachable, "the mailbox is being moved to another database"),
    "ErrorMailboxFailover": (Unreachable, "the mailbox's database is moving to another server"),
    "ErrorConnectionFailed": (Unreachable, "the server lost its connection to the mailbox's database"),
    "ErrorConnectionFailedTransientError": (Unreachable, "the server lost its connection to the database"),
    "ErrorInternalServerTransientError": (Unreachable, "the server has a passing trouble"),
    "ErrorInternalServerError": (Unreachable, "the server has a trouble that it does not name"),
    "ErrorADUnavailable": (Unreachable, "the directory does not answer"),
    "ErrorADOperation": (Unreachable, "the directory does not answer"),
    "ErrorIncorrectSchemaVersion": (BadReply, "the server takes our request for one of another version"),
    "ErrorProxyRequestNotAllowed": (Unreachable, "the server could not pass the request on"),
    # One item, one message.
    "ErrorItemNotFound": (Refused, "it is no longer there"),
    "ErrorAttachmentSizeLimitExceeded": (TooLarge, "an attachment is bigger than the server takes"),
    "ErrorMessageSizeExceeded": (TooLarge, "it is bigger than the server gives or takes"),
    "ErrorContentConversionFailed": (Refused, "the server could not write it as a message"),
    "ErrorMimeContentConversionFailed": (Refused, "the server could not write it as a message"),
    "ErrorMimeContentInvalid": (Refused, "the server could not read it as a message"),
    "ErrorMimeContentInvalidBase64String": (Refused, "the server could not read it as a message"),
    "ErrorUnsupportedMimeConversion": (Refused, "the server has no such message for it"),
    "ErrorItemCorrupt": (Refused, "it is damaged on the server"),
    "ErrorCorruptData": (Refused, "it is damaged on the server"),
    "ErrorPropertyUpdate": (Refused, "a property of it can't be changed"),
    "ErrorIrresolvableConflict": (Refused, "somebody changed it at the same time"),
    "ErrorSendAsDenied": (
        Refused,
        "the account may not send for this sender; give it Full access, Send As or Send on Behalf",
    ),
    "ErrorInvalidRecipients": (Refused, "a recipient is none that the server knows"),
    "ErrorMissingRecipients": (Refused, "the message has no recipients"),
    "ErrorNoFolderToMoveTo": (Refused, "the folder to move to is gone"),
    "ErrorMoveCopyFailed": (Refused, "the server could not move it"),
    "ErrorFolderNotFound": (Refused, "the folder is no longer there"),
    "ErrorInvalidIdMalformed": (Refused, "its id is none of this server's"),
    "ErrorInvalidIdNotAnItemAttachmentId": (Refused, "its id is none of this server's"),
    "ErrorInvalidId": (Refused, "its id is none of this server's"),
    "ErrorInvalidIdStoreObjectIdTooLong": (Refused, "its id is none of this server's"),
    "ErrorInvalidIdXml": (Refused, "its id is none of this server's"),
    "ErrorInvalidSyncStateData": (Refused, "the server has lost count of changes"),
    "ErrorSyncFolderNotFound": (Refused, "the folder is no longer there"),
    "ErrorInvalidOperation": (Refused, "the server can't do that"),
    "ErrorInvalidRequest": (Refused, "the server can't do that"),
    "ErrorSchemaValidation": (Refused, "the server does not understand the request"),
}

#: Codes that may pass if the same is asked for in an older version of the protocol.
OLDER_VERSION = frozenset(
    {
        "ErrorInvalidServerVersion",
        "ErrorInvalidSchemaVersionForMailboxVersion",
        "ErrorIncorrectSchemaVersion",
    }
)

EWS_IS_OFF = (
    "Exchange Online refuses Exchange Web Services: the tenant has EWS off, or this application is not on "
    "its list of allowed applications. Ask an administrator of the tenant to set EWSEnabled and to put the "
    "application's id on EwsAllowedAppIDs, or move the server profile to Microsoft Graph."
)
_SPEAKS_OF_EWS = re.compile(r"\bEWS\b|Exchange Web Services|EwsEnabled|EwsAllowed", re.IGNORECASE)
_CLOUD_HOSTS = ("outlook.office365.com", "outlook.office.com", "partner.outlook.cn", "office365.us")


@dataclass(frozen=True, slots=True)
class Said:
    """What the server said about a request or an item."""

    code: str
    #: Its own words, fit to be shown.
    text: str = ""
    #: Seconds that it wants us to stay away; 0 when it named none.
    back_off: float = 0.0

    @property
    def reply(self) -> str:
        """Return code and words as they are shown to people."""
        return f"{self.code}: {self.text}" if self.text else self.code


def about_request(said: Said, problem: str) -> TransportError:
    """Return what a code means for the request as a whole; `problem` begins the sentence.

    >>> about_request(Said("ErrorServerBusy", back_off=7.0), "The folders were not listed").retry_after
    7.0
    """
    kind, reason = CODES.get(said.code, (Unreachable, f"the server answered {said.code or 'no code'}"))
    return _made(kind, f"{problem}: {reason}.", said)


def about_item(said: Said, problem: str) -> TransportError:
    """Return what a code means for one item among others.

    What would close the mailbox when said of all of it only closes this item; what is a passing
    trouble of the server when said of a request is, said of one item, a damaged item.
    """
    kind, reason = CODES.get(said.code, (Refused, f"the server answered {said.code or 'no code'}"))
    if issubclass(kind, SignInRejected) or said.code == "ErrorInternalServerError":
        kind = Refused
    return _made(kind, f"{problem}: {reason}.", said)


def _made(kind: type[TransportError], sentence: str, said: Said) -> TransportError:
    if kind is Throttled:
        return Throttled(sentence, reply=said.reply, retry_after=believed(said.back_off))
    return kind(sentence, reply=said.reply)


def believed(seconds: float) -> float:
    """Return for how long to stay away when the server names that many seconds; 0 names none."""
    return min(seconds, LONGEST_BACK_OFF) if seconds > 0 else COME_BACK_AFTER


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that is no SOAP: status, headers in lower case, the first of its text."""

    place: str
    user: str
    #: Signed in with a token that an application was given.
    is_by_token: bool
    status: int
    headers: Mapping[str, str]
    text: str = ""

    @property
    def reply(self) -> str:
        """Return what is worth showing of it."""
        hints = (
            self.headers.get(name, "")
            for name in ("x-ms-diagnostics", "x-caserrorcode", "www-authenticate", "retry-after")
        )
        return " ".join(filter(None, (f"HTTP {self.status}", _plain(self.text), *hints)))


def about_status(answer: Answer) -> TransportError:
    """Return what an HTTP status without SOAP in it means."""
    place, status = answer.place, answer.status
    if status == 401:
        return SignInRejected(_unauthorized(answer), reply=answer.reply)
    if status == 403:
        return SignInRejected(_forbidden(answer), reply=answer.reply)
    if status in {429, 503}:
        seconds = believed(_seconds(answer.headers.get("retry-after", "")))
        return Throttled(f"{place} asks to come back later.", reply=answer.reply, retry_after=seconds)
    if status in {404, 405, 410}:
        return Unreachable(
            f"There are no Exchange Web Services at {place}; correct the location in the server profile, "
            "or let it be found by Autodiscover.",
            reply=answer.reply,
        )
    if status == 413:
        return TooLarge(f"The request is bigger than {place} takes.", reply=answer.reply)
    if 300 <= status < 400:
        return Unreachable(
            f"{place} sends us elsewhere, where no password was sent; correct the location in the profile.",
            reply=f"HTTP {status} to {answer.headers.get('location', 'nowhere')}",
        )
    if status == 200:
        return Unreachable(
            f"{place} answered with a page instead of Exchange Web Services; perhaps a proxy, or a page to "
            "sign in at, stands between.",
            reply=answer.reply,
        )
    if status >= 500:
        return Unreachable(f"{place} has a trouble of its own (HTTP {status}).", reply=answer.reply)
    return BadReply(f"{place} answered with HTTP {status}, which is no answer here.", reply=answer.reply)


def _unauthorized(answer: Answer) -> str:
    if answer.is_by_token:
        return (
            f"{answer.place} refused the token of application {answer.user}; check tenant, application and "
            "its permission full_access_as_app with an administrator's consent."
        )
    return (
        f"{answer.place} refused user {answer.user}; check name and password (the name is the user principal "
        "name), and that the server offers the authentication protocol of the profile for EWS."
    )


def _forbidden(answer: Answer) -> str:
    hints = " ".join((answer.text, answer.headers.get("x-ms-diagnostics", "")))
    if _SPEAKS_OF_EWS.search(hints) or any(host in answer.place for host in _CLOUD_HOSTS):
        return EWS_IS_OFF
    return (
        f"{answer.place} lets user {answer.user} not use Exchange Web Services; check the account's licence, "
        "Set-CASMailbox -EwsEnabled, and the access rules of the server."
    )


def _seconds(value: str) -> float:
    return float(value) if value.strip().isdecimal() else 0.0


def _plain(said: str) -> str:
    """Return what a page of HTML says, in one line."""
    return " ".join(re.sub(r"<(script|style).*?</\1>|<[^>]*>", " ", said, flags=re.DOTALL).split())[:300]
