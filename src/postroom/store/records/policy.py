"""Rules on the organization's settings for mail, and on who may choose which filter.

What may be is decided in `postroom.configuration`; here the rows are read.
"""

import sqlalchemy as sa

from postroom.configuration import filtering, likeness, subject_filter, switches, tokens
from postroom.schema.organization import Organization
from postroom.store import marking
from postroom.store.policy import marking_of
from postroom.store.records.hooks import Write, WriteKind


def check_organization(write: Write) -> None:
    """Refuse switches and settings that can't be used; what doesn't change is left alone."""
    changed = {name: value for name, value in write.values.items() if write.changes(name)}
    if switches.COLUMN in changed:
        write.problems.extend(switches.problems_of(changed[switches.COLUMN]))
    if subject_filter.COLUMN in changed:
        write.problems.extend(subject_filter.problems_of(changed[subject_filter.COLUMN]))
    if write.changes(*likeness.COLUMNS):
        write.problems.extend(likeness.problems_of(write.after))
    write.problems.extend(tokens.problems_of(changed))


#: What decides over the words under which subjects are kept.
_OF_WORDS = (
    "enablesmartmatching",
    "hashfilterkeywords",
    "hashmaxcount",
    "hashdeltasubjectcount",
    "trackingprefix",
    switches.COLUMN,
)


def keep_words(write: Write) -> None:
    """Keep the words of recent subjects when smart matching begins, and no more when it ends."""
    if not write.changes(*_OF_WORDS):
        return
    before, after = marking_of(write.before).smart, marking_of(write.after).smart
    if before != after:
        marking.keep_recent_words(write.connection, after, write.now)


def check_filtering(write: Write) -> None:
    """Refuse a filtering method that the organization's switches keep from users or queues."""
    if write.internal or write.kind is WriteKind.DELETE or not write.changes(filtering.COLUMN):
        return
    xml = write.connection.scalar(sa.select(Organization.orgdborgsettings))
    write.problems.extend(
        filtering.problems_of_choice(
            write.table.logical_name, write.values[filtering.COLUMN], switches.read_switches(xml)
        )
    )
