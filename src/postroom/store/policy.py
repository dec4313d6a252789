"""From the organization's row to the policy of tracking, and to the marks on what leaves."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from postroom.configuration.switch import Switch
from postroom.configuration.switches import Switches, read_switches
from postroom.schema.choices import FilteringMethod, FullNameConvention
from postroom.store.marking import Marking
from postroom.tracking.facts import Policy
from postroom.tracking.subject import DEFAULT_FILTER, USUAL, SmartRules
from postroom.tracking.token import TokenRules, read_prefixes

# The others put a comma behind a last name that stands first, and so does who follows them.
_LAST_NAME_FIRST = frozenset({FullNameConvention.LAST_SPACE_FIRST, FullNameConvention.LAST_FIRST})


def policy_of(organization: Mapping[str, Any]) -> Policy:
    """Return the organization's switches that bear on tracking."""
    switches = read_switches(organization.get("orgdborgsettings"))
    on = switches.is_on
    headers = not on(Switch.IGNORE_CONVERSATION_INDEX_AND_IN_REPLY_TO_FOR_CORRELATION)
    forced = switches.number(Switch.FORCE_FILTERING_METHOD_FOR_USER_MAILBOXES)
    return Policy(
        correlation=_flag(organization, "emailcorrelationenabled", otherwise=True),
        correlate_by_reply=headers and _flag(organization, "postroom_correlatebyreply", otherwise=True),
        correlate_by_token=_flag(organization, "postroom_usetrackingtoken", otherwise=True),
        correlate_by_index=headers and _flag(organization, "postroom_correlatebyindex", otherwise=True),
        smart_matching=matches_smartly(organization, switches),
        forwards_as_replies=not on(Switch.DO_NOT_CORRELATE_FORWARDED_EMAILS_AS_REPLIES),
        ignore_internal=_flag(organization, "ignoreinternalemail", otherwise=False),
        ignore_internal_needs_sent_copy=on(Switch.IGNORE_INTERNAL_EMAIL_DETECTION_ENHANCEMENT),
        keep_internal_to_queues=on(Switch.DO_NOT_IGNORE_INTERNAL_EMAIL_TO_QUEUES),
        ignore_internal_from_queues=on(Switch.IGNORE_INTERNAL_EMAIL_FROM_QUEUES),
        own_filter_only=on(Switch.USE_FILTERING_METHOD_OF_SYNCING_MAILBOX_ONLY_FOR_CORRELATION),
        unresolve_ambiguous_sender=on(Switch.UNRESOLVE_SENDER_IN_CASE_OF_MULTIPLE_MATCH),
        unresolve_ambiguous_recipient=_flag(
            organization, "unresolveemailaddressifmultiplematch", otherwise=False
        ),
        resolve_inactive=on(Switch.RESOLVE_FOR_INACTIVE_ENTITIES),
        forced_user_filtering=None if forced == -1 else FilteringMethod(forced),
        queue_item_for_recipients=on(Switch.CREATE_QUEUE_ITEMS_FOR_ACCEPTING_QUEUE_RECIPIENTS),
        queue_item_for_receiver=on(Switch.CREATE_QUEUE_ITEM_FOR_SYNCHRONIZING_MAILBOX),
        queue_item_for_duplicates=on(Switch.CREATE_ADDITIONAL_QUEUE_ITEMS_FOR_ALREADY_TRACKED_EMAIL),
        track_reports=_flag(organization, "postroom_trackreports", otherwise=False),
        auto_create=on(Switch.AUTO_CREATE_CONTACT_ON_PROMOTE),
        last_name_first=organization.get("fullnameconventioncode") in _LAST_NAME_FIRST,
        test_message_prefix=test_message_prefix(organization.get("organizationid")),
        token_prefixes=read_prefixes(organization.get("trackingprefix")),
        smart=smart_rules_of(organization),
    )


def matches_smartly(organization: Mapping[str, Any], switches: Switches) -> bool:
    """Tell whether subjects and people are compared, and so kept as hashes."""
    wanted = _flag(organization, "enablesmartmatching", otherwise=False)
    return wanted and not (
        switches.is_on(Switch.DISABLE_SMART_MATCHING)
        or switches.is_on(Switch.DISABLE_SMART_MATCHING_EMAIL_HASH_CREATION)
    )


def smart_rules_of(organization: Mapping[str, Any]) -> SmartRules:
    """Return the organization's settings of smart matching."""
    usual = USUAL
    expression = organization.get("hashfilterkeywords")
    return SmartRules(
        filter=DEFAULT_FILTER if expression is None else expression,
        most=_number(organization, "hashmaxcount", usual.most),
        delta=_number(organization, "hashdeltasubjectcount", usual.delta),
        people=_number(organization, "hashminaddresscount", usual.people),
        threshold=_number(organization, "postroom_smartmatchthreshold", usual.threshold),
        prefixes=read_prefixes(organization.get("trackingprefix")),
    )


def marking_of(organization: Mapping[str, Any]) -> Marking:
    """Return what the organization wants put on e-mails that leave."""
    switches = read_switches(organization.get("orgdborgsettings"))
    return Marking(
        token_rules_of(organization),
        read_prefixes(organization.get("trackingprefix")),
        switches.number(Switch.MAXIMUM_SUBJECT_LENGTH_ON_MAIL_SERVER),
        smart_rules_of(organization) if matches_smartly(organization, switches) else None,
    )


def token_rules_of(organization: Mapping[str, Any]) -> TokenRules | None:
    """Return how tokens are made for what is sent, or None where the organization wants none."""
    if not _flag(organization, "postroom_usetrackingtoken", otherwise=True):
        return None
    usual = TokenRules()
    return TokenRules(
        read_prefixes(organization.get("trackingprefix"))[0],
        _number(organization, "trackingtokeniddigits", usual.user_digits),
        _number(organization, "maximumtrackingnumber", usual.maximum),
    )


def test_message_prefix(organization: UUID | None) -> str:
    """Return how the Message-IDs of this installation's test messages begin.

    The organization's key is part of it: another Postroom's test message is ordinary mail here.
    """
    return f"postroom-test.{organization.hex}." if organization else ""


def _flag(organization: Mapping[str, Any], column: str, *, otherwise: bool) -> bool:
    value = organization.get(column)
    return otherwise if value is None else bool(value)


def _number(organization: Mapping[str, Any], column: str, otherwise: int) -> int:
    value = organization.get(column)
    return otherwise if value is None else int(value)
