"""May this mailbox be processed? If not: what stands in the way, and what cures it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from postroom.schema.choices import (
    AccessApproval,
    IncomingDeliveryMethod,
    ItemDeliveryMethod,
    OutgoingDeliveryMethod,
    ServerType,
    Workload,
)

ACTIVE = 0

EXCHANGE_TYPES = frozenset(
    {ServerType.EXCHANGE_SERVER, ServerType.EXCHANGE_HYBRID, ServerType.EXCHANGE_ONLINE}
)


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One thing that keeps a mailbox from being processed."""

    #: The name administrators know from alerts and support articles.
    name: str
    #: Dataverse's error code.
    code: int
    sentence: str
    cure: str


def obstacle_to(
    workload: Workload,
    mailbox: Mapping[str, Any],
    profile: Mapping[str, Any] | None,
    organization: Mapping[str, Any],
    *,
    for_test: bool = False,
) -> Obstacle | None:
    """Return the first thing that keeps the workload from running, or None.

    With `for_test` an untested mailbox passes: testing is what enables it.
    """
    return (
        _about_the_mailbox(mailbox)
        or _about_the_profile(profile)
        or _about_the_method(workload, mailbox)
        or _about_the_server(workload, profile or {})
        or _about_approval(mailbox, organization)
        or (None if for_test else _about_the_test(workload, mailbox))
    )


def _about_the_mailbox(mailbox: Mapping[str, Any]) -> Obstacle | None:
    if mailbox.get("statecode") != ACTIVE:
        return Obstacle(
            "MailboxDisabled",
            0x8005E219,
            "The mailbox is inactive.",
            "Activate the mailbox; check its user or queue.",
        )
    if not mailbox.get("emailaddress"):
        return Obstacle(
            "InvalidEmailAddressInMailbox",
            0x8005E221,
            "The mailbox has no e-mail address.",
            "Give its user, queue or forward mailbox an address.",
        )
    return None


def _about_the_profile(profile: Mapping[str, Any] | None) -> Obstacle | None:
    name = "InvalidIncomingEmailServerProfile"
    if profile is None:
        return Obstacle(
            name, 0x8005E222, "The mailbox has no server profile.", "Set a profile, or make one the default."
        )
    if profile.get("statecode") != ACTIVE:
        return Obstacle(
            name,
            0x8005E228,
            f"The server profile “{profile.get('name')}” is inactive.",
            "Activate the profile.",
        )
    return None


def _about_the_method(workload: Workload, mailbox: Mapping[str, Any]) -> Obstacle | None:
    if workload is Workload.INCOMING:
        return _about_incoming(mailbox)
    if workload is Workload.OUTGOING:
        return _about_outgoing(mailbox)
    return _about_items(mailbox)


def _about_items(mailbox: Mapping[str, Any]) -> Obstacle | None:
    if mailbox.get("regardingobjecttypecode") != "systemuser":
        return Obstacle(
            "ACTNotSupportedForThisMailbox",
            0x8005E247,
            "Appointments, contacts and tasks are synchronized for users only, not for queues.",
            "Set actdeliverymethod to 2 (none) on this mailbox.",
        )
    if mailbox.get("actdeliverymethod") != ItemDeliveryMethod.SERVER_SIDE:
        return Obstacle(
            "InvalidACTDeliveryMethod",
            0x8005E224,
            "The method for appointments, contacts and tasks is not server-side synchronization.",
            "Set actdeliverymethod to 1 and test the mailbox.",
        )
    return None


def _about_incoming(mailbox: Mapping[str, Any]) -> Obstacle | None:
    method = mailbox.get("incomingemaildeliverymethod")
    if method == IncomingDeliveryMethod.SERVER_SIDE:
        return None
    if method == IncomingDeliveryMethod.FORWARD_MAILBOX:
        return Obstacle(
            "IncomingDeliveryIsForwardMailbox",
            0x8005E223,
            "This mailbox's mail arrives through the forward mailbox; it is not opened itself.",
            "Nothing to do; or set the incoming method to server-side synchronization.",
        )
    return Obstacle(
        "InvalidIncomingDeliveryExpectingEmailConnector",
        0x8005E224,
        "The incoming method is not server-side synchronization.",
        "Set incomingemaildeliverymethod to 2 and test the mailbox.",
    )


def _about_outgoing(mailbox: Mapping[str, Any]) -> Obstacle | None:
    if mailbox.get("isforwardmailbox"):
        return Obstacle(
            "OutgoingNotAllowedForForwardMailbox",
            0x8005E225,
            "A forward mailbox can't send.",
            "Send from a user or queue.",
        )
    if mailbox.get("outgoingemaildeliverymethod") == OutgoingDeliveryMethod.SERVER_SIDE:
        return None
    return Obstacle(
        "InvalidOutgoingDeliveryExpectingEmailConnector",
        0x8005E226,
        "The outgoing method is not server-side synchronization.",
        "Set outgoingemaildeliverymethod to 2 and test the mailbox.",
    )


def _about_the_server(workload: Workload, profile: Mapping[str, Any]) -> Obstacle | None:
    servertype = profile.get("servertype")
    if workload is Workload.ITEMS and servertype not in EXCHANGE_TYPES:
        return Obstacle(
            "MailboxUnsupportedServerType",
            0x8005E247,
            "Appointments, contacts and tasks can't be synchronized over POP3 and SMTP.",
            "Use an Exchange profile for this workload.",
        )
    if servertype == ServerType.POP3_SMTP or servertype in EXCHANGE_TYPES:
        return None
    if servertype == ServerType.IMAP_SMTP and workload is Workload.OUTGOING:
        return None
    return Obstacle(
        "UnsupportedEmailServer",
        0x8005E242,
        "This release speaks to Exchange, POP3 and SMTP servers; the profile names another kind.",
        "Use a profile of type 0 (Exchange) or 1 (POP3/SMTP).",
    )


def approval_required(mailbox: Mapping[str, Any], organization: Mapping[str, Any]) -> bool:
    """Tell whether the organization processes this mailbox only once its address is approved."""
    if mailbox.get("regardingobjecttypecode") == "queue":
        return bool(organization.get("requireapprovalforqueueemail"))
    return bool(organization.get("requireapprovalforuseremail"))


def _about_approval(mailbox: Mapping[str, Any], organization: Mapping[str, Any]) -> Obstacle | None:
    approved = mailbox.get("emailrouteraccessapproval") == AccessApproval.APPROVED
    if approved or not approval_required(mailbox, organization):
        return None
    return Obstacle(
        "UnapprovedMailbox",
        0x8005E220,
        "The mailbox's address is not approved.",
        f"postroom mailbox approve {mailbox.get('emailaddress')}",
    )


_ENABLED = {
    Workload.INCOMING: "enabledforincomingemail",
    Workload.OUTGOING: "enabledforoutgoingemail",
    Workload.ITEMS: "enabledforact",
}


def _about_the_test(workload: Workload, mailbox: Mapping[str, Any]) -> Obstacle | None:
    if mailbox.get(_ENABLED[workload]):
        return None
    return Obstacle(
        "MailboxNotEnabled",
        0x8005E219,
        "The mailbox has not passed its test for this workload.",
        f"postroom mailbox test {mailbox.get('emailaddress')}",
    )
