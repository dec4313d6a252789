"""The mail configuration's rules at every write: profiles, mailboxes, owners.

What may be and what follows is decided in `postroom.configuration`; here the rows are read and written.
"""

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from postroom.configuration import mailbox as rules
from postroom.configuration import profile as profile_rules
from postroom.schema.choices import AccessApproval, ActiveState, Cause, EmailStatus
from postroom.schema.mailbox import Mailbox
from postroom.schema.organization import Organization
from postroom.store import circuits, hindrances, outbox
from postroom.store.records.hooks import Write, WriteKind
from postroom.store.replies import loop_problems

_MAILBOX = Mailbox.__table__

#: Columns of a mailbox that its user or queue has too.
_SHARED = rules.MIRRORED
_METHODS = ("incomingemaildeliverymethod", "outgoingemaildeliverymethod")


def check_profile(write: Write) -> None:
    """Fill in ports and the start date, and refuse what the kind of server can't do."""
    if write.kind is WriteKind.DELETE:
        return
    if write.kind is WriteKind.CREATE:
        # Mail that was there before the profile is left alone, unless somebody says otherwise; an
        # explicit null takes in everything.
        write.values.setdefault("processemailsreceivedafter", write.now)
    else:
        write.values |= profile_rules.left_open_by(write.before, write.values)
    write.values |= profile_rules.filled_in(write.after)
    write.problems.extend(profile_rules.problems_of(write.after))


def make_mailbox(write: Write) -> None:
    """Give a new user or queue its mailbox; keep the mailbox in step with a changed one."""
    if write.kind is WriteKind.CREATE:
        _create_for_owner(write)
    elif write.kind is WriteKind.UPDATE:
        _follow_owner(write)


def _create_for_owner(write: Write) -> None:
    table = write.table.logical_name
    organization = dict(write.connection.execute(sa.select(Organization.__table__)).mappings().first() or {})
    owner = {**write.after, f"{table}id": write.id}
    values = rules.for_owner(table, owner, organization)
    values |= _owner_of_mailbox(write)
    mailbox = write.records.create(write.connection, "mailbox", values, by=write.by, internal=True)
    _set_default_mailbox(write, mailbox)


def _owner_of_mailbox(write: Write) -> dict[str, Any]:
    if write.table.logical_name == "systemuser":
        return {"ownerid": write.id, "owneridtype": "systemuser"}
    return {"ownerid": write.after["ownerid"], "owneridtype": write.after["owneridtype"]}


def _set_default_mailbox(write: Write, mailbox: UUID) -> None:
    table = write.table.table
    key = table.c[write.table.primary_id]
    write.connection.execute(sa.update(table).where(key == write.id).values(defaultmailbox=mailbox))
    write.values["defaultmailbox"] = mailbox


def _follow_owner(write: Write) -> None:
    mailbox = _mailbox_of(write.connection, write.id)
    if mailbox is None:
        return
    after = write.after
    wanted = {name: after.get(name) for name in _SHARED}
    wanted["emailaddress"] = after.get(rules.ADDRESS_COLUMN[write.table.logical_name])
    gone = rules.is_disabled(write.table.logical_name, after)
    if gone != rules.is_disabled(write.table.logical_name, write.before):
        wanted["statecode"] = int(ActiveState.INACTIVE if gone else ActiveState.ACTIVE)
    changes = {name: value for name, value in wanted.items() if value != mailbox[name]}
    # Only a new wish for the service brings the default profile: one that was taken away stays away.
    if write.changes(*_METHODS) and rules.wants_service(*(after.get(name) for name in _METHODS)):
        changes |= _default_profile(write.connection, mailbox)
    if changes:
        write.records.update(
            write.connection, "mailbox", mailbox["mailboxid"], changes, by=write.by, internal=True
        )


def _default_profile(connection: sa.Connection, mailbox: dict[str, Any]) -> dict[str, Any]:
    if mailbox["emailserverprofile"]:
        return {}
    default = connection.scalar(sa.select(Organization.__table__.c.defaultemailserverprofileid))
    return {"emailserverprofile": default} if default else {}


def _mailbox_of(connection: sa.Connection, owner: UUID) -> dict[str, Any] | None:
    query = sa.select(_MAILBOX).where(_MAILBOX.c.regardingobjectid == owner)
    row = connection.execute(query).mappings().first()
    return None if row is None else dict(row)


def check_mailbox(write: Write) -> None:
    """Refuse what this kind of mailbox can't be, and take back what a change makes out of date."""
    if write.kind is WriteKind.DELETE:
        _refuse_to_orphan(write)
        return
    write.problems.extend(rules.problems_of(write.after))
    if write.kind is WriteKind.UPDATE:
        _check_activation(write)
        write.values |= rules.taken_back_by(write.before, write.values)
    if write.changes("emailrouteraccessapproval"):
        _note_approval(write)


def _note_approval(write: Write) -> None:
    approved = write.values["emailrouteraccessapproval"] == AccessApproval.APPROVED
    write.values |= {
        "emailaddressapprovedby": write.by if approved else None,
        "emailaddressapprovedon": write.now if approved else None,
    }


def _refuse_to_orphan(write: Write) -> None:
    if write.before["regardingobjectid"] and not write.internal:
        write.refuse("The mailbox of a user or queue can't be deleted; deactivate it.", code=0x8005E200)


def _check_activation(write: Write) -> None:
    activated = write.changes("statecode") and write.values["statecode"] == ActiveState.ACTIVE
    table, owner = write.before["regardingobjecttypecode"], write.before["regardingobjectid"]
    if not activated or not owner or write.internal:
        return
    record = write.records.find(write.connection, table, owner)
    if record and rules.is_disabled(table, record):
        write.refuse(
            "The mailbox can't be activated while its user or queue is disabled; enable that first.",
            code=0x8005E230,
            column="statecode",
        )


def follow_mailbox(write: Write) -> None:
    """Keep a user or queue in step with what was changed on its mailbox."""
    if write.kind is not WriteKind.UPDATE or not write.after["regardingobjectid"]:
        return
    table, owner = write.after["regardingobjecttypecode"], write.after["regardingobjectid"]
    record = write.records.find(write.connection, table, owner)
    if record is None:
        return
    wanted = {name: write.after[name] for name in _SHARED}
    wanted[rules.ADDRESS_COLUMN[table]] = write.after["emailaddress"]
    changes = {name: value for name, value in wanted.items() if value != record[name]}
    if changes:
        write.records.update(write.connection, table, owner, changes, by=write.by, internal=True)


#: An e-mail that is found in Sending is given back to those that wait to leave.
_ON_THEIR_WAY = (EmailStatus.PENDING_SEND, EmailStatus.SENDING)

#: What decides over a profile's mailboxes, and over all of them.
_OF_PROFILE = (
    "statecode",
    "servertype",
    "name",
    "usesamesettingsforoutgoingconnections",
    *(
        f"{side}{what}"
        for side in ("incoming", "outgoing")
        for what in ("credentialretrieval", "username", "password")
    ),
)
_OF_ORGANIZATION = ("requireapprovalforuseremail", "requireapprovalforqueueemail")


_BOTH = ("incoming", "outgoing")
#: What a profile says about how to sign in, and about where its servers are.
_SIGN_IN = (
    *(f"{side}credentialretrieval" for side in _BOTH),
    *(f"{side}username" for side in _BOTH),
    *(f"{side}password" for side in _BOTH),
    *(f"{side}useimpersonation" for side in _BOTH),
    *(f"{side}authenticationprotocol" for side in _BOTH),
    "usesamesettingsforoutgoingconnections",
    "oauthclientid",
    "oauthclientsecret",
    "exchangeonlinetenantid",
)
_PLACES = (
    *(f"{side}serverlocation" for side in _BOTH),
    *(f"{side}portnumber" for side in _BOTH),
    *(f"{side}usessl" for side in _BOTH),
    "defaultserverlocation",
    "useautodiscover",
    "serverauthority",
)
#: What a mailbox says about which server it is on.
_PLACE_OF_MAILBOX = ("emailserverprofile", "emailaddress", "ewsurl")


def try_anew(write: Write) -> None:
    """Have tried at once what was changed: nobody waits for a server that he is no longer on.

    What was stopped because the profile's sign-in was rejected is switched on again when that is changed.
    """
    if write.kind is not WriteKind.UPDATE:
        return
    if write.table.logical_name == "mailbox":
        if write.changes(*_PLACE_OF_MAILBOX):
            circuits.free_of_circuits(write.connection, [write.id], write.now)
        return
    if not write.changes(*_SIGN_IN, *_PLACES):
        return
    concerned = hindrances.mailboxes_of(write.connection, write.id)
    if write.changes(*_PLACES):
        circuits.free_of_circuits(write.connection, concerned, write.now)
    mended = (Cause.SIGN_IN, Cause.CONFIGURATION)
    circuits.put_back_in_service(write.connection, concerned, write.now, causes=mended)
    circuits.try_now(write.connection, write.id, write.now)


def say_what_hinders(write: Write) -> None:
    """Write on the workloads of every mailbox concerned what keeps it from being processed."""
    if write.kind is not WriteKind.DELETE and (concerned := _mailboxes_concerned(write)):
        hindrances.write_down(write.connection, concerned, write.now)


def _mailboxes_concerned(write: Write) -> list[UUID]:
    table = write.table.logical_name
    if table == "mailbox":
        return [write.id]
    if write.kind is WriteKind.CREATE:
        return []
    if table == "emailserverprofile" and write.changes(*_OF_PROFILE):
        return hindrances.mailboxes_of(write.connection, write.id)
    if table == "organization" and write.changes(*_OF_ORGANIZATION):
        return list(write.connection.scalars(sa.select(_MAILBOX.c.mailboxid)))
    return []


def stop_loops(write: Write) -> None:
    """Refuse an automatic reply that is to leave by this write and could go round in a circle."""
    if write.changes("statuscode") and write.values["statuscode"] in _ON_THEIR_WAY:
        write.problems.extend(loop_problems(write.connection, write.id, write.after, write.now))


def relate_to_mailbox(write: Write) -> None:
    """Give an e-mail that waits to leave the mailbox that must send it."""
    if write.kind is not WriteKind.DELETE and write.after.get("statuscode") == EmailStatus.PENDING_SEND:
        outbox.relate_pending(write.connection)
