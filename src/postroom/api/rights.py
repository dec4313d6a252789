"""Rights: who sees which rows and may write them, for every table in one place.

An administrator sees and writes all that the store lets anybody write. A reader sees the records of the CRM
and the configuration, and writes nothing. The owner of a mailbox sees what is his: activities that he owns or
takes part in, and what hangs on them; a member of queues sees what is theirs as well. Nobody else's mail is
shown to these, by whatever way it is asked for, because every statement takes its tables from `sight_of`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from postroom.api.odata.sight import EVERYTHING, Sight
from postroom.api.problems import denied
from postroom.schema import registry
from postroom.schema.choices import Participation, Role
from postroom.schema.ids import SYSTEM_USER_ID
from postroom.schema.table import TableInfo
from postroom.store.fetch import Viewer
from postroom.store.records.hooks import WriteKind

Clause = sa.ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a request."""

    #: The name of the key he came with.
    name: str
    role: Role
    user: UUID = SYSTEM_USER_ID
    queues: frozenset[UUID] = frozenset()

    @property
    def is_administrator(self) -> bool:
        """Say whether he may do everything."""
        return self.role is Role.ADMINISTRATOR

    @property
    def mine(self) -> list[UUID]:
        """Return the user and the queues whose mail is his business."""
        user = [] if self.user == SYSTEM_USER_ID else [self.user]
        return [*user, *sorted(self.queues)]


Rule = Callable[[Caller, sa.FromClause], Clause]


def sight_of(caller: Caller, viewer: Viewer | None = None) -> Sight:
    """Return what the caller sees of every table."""
    if caller.is_administrator:
        return Sight(EVERYTHING.limit, viewer)

    def limit(table: TableInfo, source: sa.FromClause) -> Clause | None:
        rule = READING.get(table.logical_name, _nobody)
        return None if rule is None else rule(caller, source)

    return Sight(limit, viewer)


def check_writable(caller: Caller, table: TableInfo, kind: WriteKind) -> None:
    """Refuse a caller who may not write rows of this table at all."""
    if caller.is_administrator:
        return
    writable = WRITING.get(table.logical_name, frozenset())
    if caller.role is Role.READER or kind not in writable:
        raise denied(f"The role {caller.role.label} may not {kind.value} {table.plural_label}.")


def check_changeable(caller: Caller, connection: sa.Connection, table: TableInfo, id_: UUID) -> None:
    """Refuse a caller who sees a row, but whose it is not to change or to delete."""
    rule = CHANGING.get(table.logical_name)
    if caller.is_administrator or rule is None:
        return
    source = table.table
    mine = sa.select(sa.literal(1)).where(source.c[table.primary_id] == id_, rule(caller, source))
    if connection.scalar(mine) is None:
        raise denied(f"This {table.label} is another's; you may read it, and not change it.")


def check_sender(caller: Caller, connection: sa.Connection, email: UUID) -> None:
    """Refuse an outgoing e-mail in the name of somebody whose mail is not the caller's business."""
    if caller.is_administrator:
        return
    party, mail = _table("activityparty"), _table("email")
    senders = connection.scalars(
        sa.select(party.c.partyid)
        .join(mail, mail.c.activityid == party.c.activityid)
        .where(
            party.c.activityid == email,
            party.c.participationtypemask == int(Participation.SENDER),
            mail.c.directioncode.is_(True),
        )
    ).all()
    if any(sender not in caller.mine for sender in senders):
        raise denied("An e-mail can be sent only in your own name or that of one of your queues.")


# What is seen ---------------------------------------------------------------------------------------------


def _table(name: str) -> sa.Table:
    return registry.by_logical_name(name).table


def _nobody(_caller: Caller, _source: sa.FromClause) -> Clause:
    return sa.false()


def _readers(caller: Caller, _source: sa.FromClause) -> Clause:
    return sa.true() if caller.role is Role.READER else sa.false()


def _owned(caller: Caller, source: sa.FromClause) -> Clause:
    return source.c["ownerid"].in_(caller.mine)


def _activity(caller: Caller, source: sa.FromClause) -> Clause:
    """Activities that he or his queues own or take part in."""
    party = _table("activityparty").alias()
    takes_part = source.c["activityid"].in_(
        sa.select(party.c.activityid).where(party.c.partyid.in_(caller.mine))
    )
    return sa.or_(_owned(caller, source), takes_part)


def _held(caller: Caller, source: sa.FromClause) -> Clause:
    """Activities that are his to change: his own, and those in which a queue of his takes part."""
    party = _table("activityparty").alias()
    in_queue = sa.select(party.c.activityid).where(party.c.partyid.in_(sorted(caller.queues)))
    return sa.or_(_owned(caller, source), source.c["activityid"].in_(in_queue))


def _of_activity(column: str, which: Rule = _activity) -> Rule:
    """Rows that hang on an activity that is seen, or that fits another rule."""

    def rule(caller: Caller, source: sa.FromClause) -> Clause:
        parts = []
        for info in registry.activities():
            activity = info.table.alias()
            seen = sa.select(activity.c.activityid).where(which(caller, activity))
            parts.append(source.c[column].in_(seen))
        return sa.or_(*parts)

    return rule


def _attached(caller: Caller, source: sa.FromClause) -> Clause:
    on_template = source.c["objecttypecode"] == "template"
    return sa.or_(on_template, _of_activity("objectid")(caller, source))


def _note(caller: Caller, source: sa.FromClause) -> Clause:
    """Notes on records of the CRM are the CRM's; those on activities follow the activity."""
    activities = [info.logical_name for info in registry.activities()]
    elsewhere = sa.or_(source.c["objecttypecode"].is_(None), source.c["objecttypecode"].not_in(activities))
    return sa.or_(elsewhere, _of_activity("objectid")(caller, source))


def _mailboxes(caller: Caller) -> sa.Select[Any]:
    mailbox = _table("mailbox").alias()
    return sa.select(mailbox.c.mailboxid).where(mailbox.c.regardingobjectid.in_(caller.mine))


def _mailbox(caller: Caller, source: sa.FromClause) -> Clause:
    return sa.or_(_readers(caller, source), source.c["regardingobjectid"].in_(caller.mine))


def _of_mailbox(caller: Caller, source: sa.FromClause) -> Clause:
    return source.c["mailboxid"].in_(_mailboxes(caller))


def _alert(caller: Caller, source: sa.FromClause) -> Clause:
    return source.c["regardingobjectid"].in_(_mailboxes(caller))


def _settings(caller: Caller, source: sa.FromClause) -> Clause:
    return source.c["systemuserid"].in_(caller.mine)


def _waiting(caller: Caller, source: sa.FromClause) -> Clause:
    """What waits in his queues, or is his to work on."""
    return sa.or_(source.c["queueid"].in_(caller.mine), source.c["workerid"].in_(caller.mine))


_ACTIVITIES: Final = tuple(table.logical_name for table in registry.activities())

#: What callers other than administrators see of each table: all of it where None stands, else by the rule;
#: of what is not named here nothing.
READING: Final[Mapping[str, Rule | None]] = {
    **dict.fromkeys(
        (
            "organization",
            "businessunit",
            "systemuser",
            "team",
            "teammembership",
            "queue",
            "account",
            "contact",
            "lead",
            "incident",
            "unresolvedaddress",
            "emailsearch",
            "template",
            "savedquery",
            "syncattributemappingprofile",
            "syncattributemapping",
            "principalsyncattributemap",
            "systemusersyncmappingprofiles",
            "teamsyncattributemappingprofiles",
        )
    ),
    "emailserverprofile": _readers,
    "postroom_circuit": _readers,
    "mailboxstatistics": lambda caller, source: sa.or_(_readers(caller, source), _of_mailbox(caller, source)),
    "mailbox": _mailbox,
    "tracelog": _alert,
    **dict.fromkeys(_ACTIVITIES, _activity),
    "activityparty": _of_activity("activityid"),
    "activitymimeattachment": _attached,
    "annotation": _note,
    "postroom_report": _of_activity("emailid"),
    **dict.fromkeys(
        (
            "mailboxtrackingfolder",
            "mailboxtrackingcategory",
            "postroom_ledger",
            "postroom_decision",
            "postroom_quarantine",
            "postroom_overwritten",
            "postroom_workload",
        ),
        _of_mailbox,
    ),
    **dict.fromkeys(
        (
            "userquery",
            "emailsignature",
            "exchangesyncidmapping",
            "bookableresourcebookingexchangesyncidmapping",
            "recurrencerule",
            "syncerror",
        ),
        _owned,
    ),
    "usersettings": _settings,
    "queueitem": _waiting,
    **dict.fromkeys(
        (
            "attachment",
            "emailhash",
            "subscriptionmanuallytrackedobject",
            "postroom_addresschoice",
            "postroom_mark",
            "postroom_wish",
            "postroom_blob",
            "postroom_sendjournal",
            "postroom_key",
            "postroom_audit",
            "postroom_deletion",
            "postroom_compatibility",
            "postroom_rowversion",
        ),
        _nobody,
    ),
}

#: Which rows of a table owners and members may change or delete, where it is not all that they see.
CHANGING: Final[Mapping[str, Rule]] = {
    **dict.fromkeys(_ACTIVITIES, _held),
    "activitymimeattachment": _of_activity("objectid", _held),
}

_EVERY = frozenset(WriteKind)

#: What owners of mailboxes and members of queues may do to rows that they see; what they have written they
#: must still see, or nothing is written.
WRITING: Final[Mapping[str, frozenset[WriteKind]]] = {
    **dict.fromkeys(
        (
            "account",
            "contact",
            "lead",
            "incident",
            "annotation",
            *_ACTIVITIES,
            "activitymimeattachment",
            "mailboxtrackingfolder",
            "mailboxtrackingcategory",
            "userquery",
            "emailsignature",
            "queueitem",
        ),
        _EVERY,
    ),
    "usersettings": frozenset({WriteKind.UPDATE}),
}
