"""Polling: whether mailboxes have anything for a receiving pass to do."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from postroom.errors import PostroomError
from postroom.passes import access
from postroom.passes.access import SourceOpener
from postroom.passes.context import Context
from postroom.ports.mail import Look
from postroom.schema.choices import Workload
from postroom.store import ledger, mailboxes
from postroom.store.mailboxes import Setup

#: So many mailboxes in a row that could not be looked into make it pointless to try the rest.
_ENOUGH = 3


def poll(
    context: Context, ids: Sequence[UUID], *, opener: SourceOpener = access.open_source
) -> Iterator[tuple[UUID, bool]]:
    """Yield of each mailbox whether a pass is needed; where anything is unusual, one is."""
    with context.database.read() as connection:
        setups = mailboxes.read_setups(connection, ids)
        unsettled = ledger.unsettled(connection, ids)
    lost = 0
    for id in ids:
        setup = setups.get(id)
        if setup is None or id in unsettled or lost >= _ENOUGH:
            yield id, True
            continue
        news = _has_news(context, setup, opener)
        lost = lost + 1 if news is None else 0
        yield id, news is not False


def _has_news(context: Context, setup: Setup, opener: SourceOpener) -> bool | None:
    """Say whether the server has a message that is not in the ledger; None where that can't be seen."""
    if access.kept_back(setup, Workload.INCOMING):
        return True
    try:
        source = opener(context, setup)
    except PostroomError:
        # The pass meets the same, and says what it was.
        return None
    try:
        pages = list(source.pages(Look()))
    except PostroomError:
        source.abort()
        return None
    source.close()
    offered = {each.server_id for page in pages for each in page.offered}
    if not all(page.is_whole for page in pages):
        return True
    if not offered:
        return False
    if setup.deletes_after_processing:
        return True
    with context.database.read() as connection:
        return not offered <= ledger.seen_ids(connection, setup.mailbox_id)
