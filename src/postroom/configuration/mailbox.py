"""What a mailbox may hold, what it gets when it is made, and what a change takes back."""

from collections.abc import Iterator, Mapping
from typing import Any

from postroom.errors import InvalidRecord
from postroom.schema.choices import (
    AccessApproval,
    ActiveState,
    IncomingDeliveryMethod,
    ItemDeliveryMethod,
    OutgoingDeliveryMethod,
    RunStatus,
)

_QUEUE_INCOMING = frozenset(
    {IncomingDeliveryMethod.NONE, IncomingDeliveryMethod.SERVER_SIDE, IncomingDeliveryMethod.FORWARD_MAILBOX}
)
_QUEUE_OUTGOING = frozenset({OutgoingDeliveryMethod.NONE, OutgoingDeliveryMethod.SERVER_SIDE})
_FORWARD_INCOMING = frozenset({IncomingDeliveryMethod.NONE, IncomingDeliveryMethod.SERVER_SIDE})

#: The e-mail column of each table that owns a mailbox.
ADDRESS_COLUMN = {"systemuser": "internalemailaddress", "queue": "emailaddress"}

#: Columns that a user or queue shares with its mailbox.
MIRRORED = ("incomingemaildeliverymethod", "outgoingemaildeliverymethod", "emailrouteraccessapproval")

_STATUSES = ("incomingemailstatus", "outgoingemailstatus", "actstatus")

#: A change of one of these means that the test's result is about something else now.
_TESTED_IN = ("emailserverprofile", "incomingemaildeliverymethod", "emailaddress")
_TESTED_OUT = ("emailserverprofile", "outgoingemaildeliverymethod", "emailaddress")
_CREDENTIALS = ("username", "password", "allowemailconnectortousecredentials", "isforwardmailbox")


def problems_of(mailbox: Mapping[str, Any]) -> list[InvalidRecord]:
    """Return every rule that a mailbox, as it would be stored, breaks."""
    if mailbox.get("isforwardmailbox"):
        return list(_forward_problems(mailbox))
    if not mailbox.get("regardingobjectid"):
        return list(_orphan_problems())
    if mailbox.get("regardingobjecttypecode") == "queue":
        return list(_queue_problems(mailbox))
    return list(_user_problems(mailbox))


def _orphan_problems() -> Iterator[InvalidRecord]:
    yield InvalidRecord(
        "The mailbox of a user or queue is made with its user or queue; "
        "only a forward mailbox is made by itself (isforwardmailbox true).",
        column="isforwardmailbox",
    )


def _forward_problems(mailbox: Mapping[str, Any]) -> Iterator[InvalidRecord]:
    if mailbox.get("regardingobjectid"):
        yield InvalidRecord(
            "A forward mailbox belongs to no user or queue: leave regardingobjectid empty.",
            code=0x8005E207,
            column="regardingobjectid",
        )
    if not mailbox.get("emailaddress"):
        yield InvalidRecord(
            "A forward mailbox needs an emailaddress.", code=0x8005E211, column="emailaddress"
        )
    if _given(mailbox, "incomingemaildeliverymethod", _FORWARD_INCOMING):
        yield InvalidRecord(
            "The incoming method of a forward mailbox is 0 (none) or 2 (server-side synchronization).",
            code=0x8005E212,
            column="incomingemaildeliverymethod",
        )
    if mailbox.get("outgoingemaildeliverymethod") not in (None, OutgoingDeliveryMethod.NONE):
        yield InvalidRecord(
            "A forward mailbox can't send: its outgoing method is 0 (none).",
            code=0x8005E213,
            column="outgoingemaildeliverymethod",
        )


def _queue_problems(mailbox: Mapping[str, Any]) -> Iterator[InvalidRecord]:
    for column, allowed in (
        ("incomingemaildeliverymethod", _QUEUE_INCOMING),
        ("outgoingemaildeliverymethod", _QUEUE_OUTGOING),
    ):
        if _given(mailbox, column, allowed):
            yield InvalidRecord(
                "A queue's mailbox can't use the desktop client: "
                f"{column} is one of {sorted(map(int, allowed))}.",
                code=0x8005E210,
                column=column,
            )


def _user_problems(mailbox: Mapping[str, Any]) -> Iterator[InvalidRecord]:
    if mailbox.get("processanddeleteemails"):
        yield InvalidRecord(
            "Only queue and forward mailboxes may delete mail after processing; "
            "a user's own mail is never deleted.",
            code=0x8005E233,
            column="processanddeleteemails",
        )


def _given(mailbox: Mapping[str, Any], column: str, allowed: frozenset[Any]) -> bool:
    value = mailbox.get(column)
    return value is not None and value not in allowed


def for_owner(table: str, owner: Mapping[str, Any], organization: Mapping[str, Any]) -> dict[str, Any]:
    """Return the mailbox that a new user or queue gets.

    A user or queue whose delivery method is server-side synchronization is related to the
    organization's default profile by itself.
    """
    incoming = owner.get("incomingemaildeliverymethod")
    outgoing = owner.get("outgoingemaildeliverymethod")
    mailbox = {
        "name": owner.get("fullname") or owner.get("name") or owner.get(ADDRESS_COLUMN[table]) or table,
        "emailaddress": owner.get(ADDRESS_COLUMN[table]),
        "isforwardmailbox": False,
        "regardingobjectid": owner[f"{table}id"],
        "regardingobjecttypecode": table,
        "incomingemaildeliverymethod": incoming,
        "outgoingemaildeliverymethod": outgoing,
        "actdeliverymethod": ItemDeliveryMethod.NONE,
        "emailrouteraccessapproval": owner.get("emailrouteraccessapproval") or AccessApproval.EMPTY,
    }
    if is_disabled(table, owner):
        mailbox["statecode"] = ActiveState.INACTIVE
    if wants_service(incoming, outgoing):
        mailbox["emailserverprofile"] = organization.get("defaultemailserverprofileid")
    return mailbox


def is_disabled(table: str, owner: Mapping[str, Any]) -> bool:
    """Tell whether a user or queue is out of service, and its mailbox with it."""
    if table == "systemuser":
        return bool(owner.get("isdisabled"))
    return owner.get("statecode") == ActiveState.INACTIVE


def wants_service(incoming: int | None, outgoing: int | None) -> bool:
    """Tell whether one of the delivery methods is server-side synchronization."""
    return incoming == IncomingDeliveryMethod.SERVER_SIDE or outgoing == OutgoingDeliveryMethod.SERVER_SIDE


def taken_back_by(before: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a change of the configuration resets on the mailbox.

    Address, profile, delivery method, credentials and forward flag make the test out of date:
    its status goes back to Not run and the workload is off until the next test. New credentials
    have that done by itself. A new address waits for approval again. What the same change sets
    to another value itself is meant so, and is not reset.
    """
    changed = {c for c, value in changes.items() if value != before.get(c)} | ({"password"} & changes.keys())
    reset: dict[str, Any] = {}
    if changed.intersection(_TESTED_IN + _CREDENTIALS):
        reset |= {"incomingemailstatus": RunStatus.NOT_RUN, "enabledforincomingemail": False}
    if changed.intersection(_TESTED_OUT + _CREDENTIALS):
        reset |= {"outgoingemailstatus": RunStatus.NOT_RUN, "enabledforoutgoingemail": False}
    if reset:
        reset |= {"mailboxstatus": RunStatus.NOT_RUN}
    if changed.intersection(_CREDENTIALS) and any(before.get(status) for status in _STATUSES):
        # Whoever enters new credentials for a mailbox that was tested before wants it to go on.
        reset |= {"testemailconfigurationscheduled": True}
    if "emailaddress" in changed and before.get("emailaddress"):
        reset["emailrouteraccessapproval"] = AccessApproval.PENDING
    if before.get("ewsurl") and changed & {"emailaddress", "emailserverprofile"}:
        # Where the mailbox was found says nothing about another one, or another system.
        reset |= {"ewsurl": None, "lastautodiscoveredon": None}
    return {name: value for name, value in reset.items() if name not in changed}


def overall(incoming: int, outgoing: int, act: int) -> RunStatus:
    """Return the status of the whole mailbox from its three workloads.

    >>> overall(1, 0, 0).name, overall(1, 2, 0).name, overall(0, 0, 0).name
    ('SUCCESS', 'FAILURE', 'NOT_RUN')
    """
    statuses = (incoming, outgoing, act)
    if RunStatus.FAILURE in statuses:
        return RunStatus.FAILURE
    return RunStatus.SUCCESS if RunStatus.SUCCESS in statuses else RunStatus.NOT_RUN
