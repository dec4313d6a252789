"""What a receiving pass settles before its first batch."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from postroom.configuration.attachments import AttachmentRules, attachment_rules
from postroom.passes.judge import IsGone
from postroom.passes.rows import Setting
from postroom.store import mailboxes
from postroom.store.mailboxes import Setup
from postroom.store.policy import policy_of
from postroom.store.records import SYSTEM_USER_ID
from postroom.tracking.facts import Policy
from postroom.tracking.resolution import Ownership

_IN_DATABASE = 262_144


@dataclass(frozen=True, slots=True)
class Terms:
    """The organization's rules and what is the same for every message of the pass."""

    policy: Policy
    rules: AttachmentRules
    setting: Setting
    #: Says whether the server no longer has a message that was recorded.
    is_gone: IsGone
    #: Some recorded message is no longer offered: the server may have renumbered it.
    some_gone: bool
    #: Some message could not be fetched before: what was decided of it then is out of date.
    some_broken: bool
    #: Octets up to which an attachment lies in the database.
    blob_threshold: int


def terms_of(
    connection: Connection,
    setup: Setup,
    now: datetime,
    is_gone: IsGone,
    *,
    some_gone: bool = True,
    some_broken: bool = False,
) -> Terms:
    """Return the terms of a pass over this mailbox."""
    organization = dict(setup.organization)
    mailbox = setup.mailbox
    policy = policy_of(organization)
    return Terms(
        policy,
        attachment_rules(organization),
        Setting(
            now,
            setup.mailbox_id,
            SYSTEM_USER_ID,
            mailboxes.units_of_users(connection),
            Ownership(mailbox["ownerid"] or SYSTEM_USER_ID, mailbox["owneridtype"] or "systemuser"),
            policy.token_prefixes,
        ),
        is_gone,
        some_gone,
        some_broken,
        _or(organization.get("postroom_largeblobthreshold"), _IN_DATABASE),
    )


def _or(value: int | None, otherwise: int) -> int:
    return otherwise if value is None else value
