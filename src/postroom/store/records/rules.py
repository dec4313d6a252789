"""Which rules hold for which table: the table of hooks, and what callers may not write."""

from collections.abc import Mapping

from postroom.schema import registry
from postroom.schema.targets import EMAIL_ENABLED, PARTIES
from postroom.store.records.activities import (
    count_attachments,
    fill_attachment,
    fill_queue_item,
    note_who_set_regarding,
    refuse_changes_when_closed,
    remember_untracking,
)
from postroom.store.records.addresses import keep_index
from postroom.store.records.calendar import (
    check_times,
    follow_instance,
    make_exception,
    note_completion,
)
from postroom.store.records.deletions import TRACKED, note_deletion
from postroom.store.records.folders import check_tracked_folder
from postroom.store.records.hooks import Hook, Hooks, WriteKind
from postroom.store.records.mail import (
    check_mailbox,
    check_profile,
    follow_mailbox,
    make_mailbox,
    relate_to_mailbox,
    say_what_hinders,
    stop_loops,
    try_anew,
)
from postroom.store.records.parties import check_parties, keep_parties, mark_deleted
from postroom.store.records.people import build_full_name, keep_settings
from postroom.store.records.policy import check_filtering, check_organization, keep_words
from postroom.store.records.series import follow_series, keep_rule, part_with_instances, settle_rule

_ACTIVITIES = tuple(table.logical_name for table in registry.activities())

_CORRESPONDENCE = ("phonecall", "letter", "fax")
_TIMED = ("appointment", "task", *_CORRESPONDENCE, "serviceappointment")

_BEFORE: tuple[tuple[Hook, tuple[str, ...]], ...] = (
    (
        refuse_changes_when_closed,
        (
            *("email", "appointment", "recurringappointmentmaster"),
            *(*_CORRESPONDENCE, "serviceappointment"),
        ),
    ),
    (check_times, _TIMED),
    (note_completion, _TIMED),
    (make_exception, ("appointment",)),
    (settle_rule, ("recurringappointmentmaster",)),
    (part_with_instances, ("recurringappointmentmaster",)),
    (note_who_set_regarding, ("email",)),
    (check_parties, _ACTIVITIES),
    (build_full_name, ("contact", "lead", "systemuser")),
    (fill_attachment, ("activitymimeattachment",)),
    (fill_queue_item, ("queueitem",)),
    (check_profile, ("emailserverprofile",)),
    (check_mailbox, ("mailbox",)),
    (check_tracked_folder, ("mailboxtrackingfolder",)),
    (check_organization, ("organization",)),
    (check_filtering, ("usersettings", "queue")),
)
_AFTER: tuple[tuple[Hook, tuple[str, ...]], ...] = (
    (keep_settings, ("systemuser",)),
    (keep_index, EMAIL_ENABLED),
    (keep_parties, _ACTIVITIES),
    (follow_instance, ("appointment",)),
    (keep_rule, ("recurringappointmentmaster",)),
    (follow_series, ("recurringappointmentmaster",)),
    (mark_deleted, PARTIES),
    (count_attachments, ("activitymimeattachment",)),
    (make_mailbox, ("systemuser", "queue")),
    (follow_mailbox, ("mailbox",)),
    (try_anew, ("mailbox", "emailserverprofile")),
    (say_what_hinders, ("mailbox", "emailserverprofile", "organization")),
    (stop_loops, ("email",)),
    (relate_to_mailbox, ("email",)),
    (remember_untracking, ("email",)),
    (keep_words, ("organization",)),
    (note_deletion, TRACKED),
)


def _by_table(rows: tuple[tuple[Hook, tuple[str, ...]], ...]) -> Mapping[str, tuple[Hook, ...]]:
    names = {name for _, tables in rows for name in tables}
    return {name: tuple(hook for hook, tables in rows if name in tables) for name in names}


#: What the store itself sees to, whoever writes.
DEFAULT_HOOKS = Hooks(before=_by_table(_BEFORE), after=_by_table(_AFTER))

_NOT_SUPPORTED = 0x80040203
_EVERY_KIND = tuple(WriteKind)
_KEPT_BY_US = (
    "emailsearch",
    "emailhash",
    "mailboxstatistics",
    "activityparty",
    "principalsyncattributemap",
    *(table.logical_name for table in registry.tables() if table.logical_name.startswith("postroom_")),
)

#: Writes that a caller may not make directly, with the code of the refusal.
WRITTEN_ONLY_BY_US: Mapping[tuple[str, WriteKind], int] = {
    **{(table, kind): _NOT_SUPPORTED for table in _KEPT_BY_US for kind in _EVERY_KIND},
    ("organization", WriteKind.CREATE): _NOT_SUPPORTED,
    ("organization", WriteKind.DELETE): _NOT_SUPPORTED,
    ("usersettings", WriteKind.CREATE): _NOT_SUPPORTED,
    ("usersettings", WriteKind.DELETE): _NOT_SUPPORTED,
    # The rule of a series is changed through the series.
    ("recurrencerule", WriteKind.CREATE): 0x8004E110,
    ("recurrencerule", WriteKind.UPDATE): 0x8004E110,
    ("recurrencerule", WriteKind.DELETE): 0x8004E111,
}
