"""What a pass does on the server at its end: categories, undeliverable mail, removal."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from postroom.errors import Refused, TransportError
from postroom.passes.context import Context
from postroom.passes.search import Search
from postroom.ports.folders import Category, MailFolders, Recategorized
from postroom.ports.mail import MailSource, Offered, Page
from postroom.schema.choices import CategoryMark
from postroom.store import ledger
from postroom.store.ledger import Recorded
from postroom.store.mailboxes import Setup
from postroom.tracking import category

#: Messages whose categories are changed in one pass; the next goes on.
_MOST = 1000
#: The folder of the mailbox for what could not be taken in.
UNDELIVERABLE_FOLDER = "Undeliverable"


def tidy(
    context: Context, setup: Setup, search: Search, source: MailSource, page: Page | None
) -> TransportError | None:
    """Leave the mailbox as the pass wants it, and end the session; return what could not be done.

    Everything that is to be done stands in the store before, so that what fails is done by the next pass.
    """
    failure = None
    if source.folders is not None:
        try:
            if search.look.category:
                put_categories(context, setup, search.look.category, source.folders)
            if (setup.profile or {}).get("moveundeliveredemails"):
                move_undelivered(context, setup, source.folders)
        except TransportError as error:
            failure = error
    discard(context, setup, source, page)
    return failure


def put_categories(context: Context, setup: Setup, tracked: str, folders: MailFolders) -> None:
    """Bring the categories on messages in line with what became of them; all else on them stays."""
    with context.database.read() as connection:
        work = ledger.category_work(connection, setup.mailbox_id, _MOST)
    if not work:
        return
    if any(w.category is CategoryMark.TO_MARK_UNDELIVERABLE for w in work):
        _make_undeliverable_category(folders)
    failed = folders.recategorize([_change(w, tracked) for w in work])
    gone = [i for i, why in failed.items() if isinstance(why, Refused)]
    with context.database.write() as connection:
        for mark, became in _AFTERWARDS.items():
            done = [w.ledger_id for w in work if w.category is mark and w.server_id not in failed]
            ledger.set_category(connection, done, became)
        # What the server does not let us change never will be changed by asking again.
        left = [w.ledger_id for w in work if w.server_id in gone]
        ledger.set_category(connection, left, CategoryMark.NONE)


_AFTERWARDS = {
    CategoryMark.TO_PUT_ON: CategoryMark.ON,
    CategoryMark.TO_TAKE_OFF: CategoryMark.NONE,
    CategoryMark.TO_MARK_UNDELIVERABLE: CategoryMark.UNDELIVERABLE,
}


def _change(work: Recorded, tracked: str) -> Recategorized:
    both = frozenset({tracked, category.UNDELIVERABLE})
    if work.category is CategoryMark.TO_PUT_ON:
        return Recategorized(work.server_id, add=frozenset({tracked}), remove=both - {tracked})
    if work.category is CategoryMark.TO_TAKE_OFF:
        return Recategorized(work.server_id, remove=both)
    undeliverable = frozenset({category.UNDELIVERABLE})
    return Recategorized(work.server_id, add=undeliverable, remove=both - undeliverable)


def _make_undeliverable_category(folders: MailFolders) -> None:
    names = {c.name.casefold() for c in folders.categories()}
    if category.UNDELIVERABLE.casefold() not in names:
        folders.add_category(Category(category.UNDELIVERABLE, color=category.COLOR))


def move_undelivered(context: Context, setup: Setup, folders: MailFolders) -> None:
    """Move what lies in quarantine to the mailbox's folder for it, where people see it."""
    known = setup.mailbox["undeliverablefolder"] or ""
    with context.database.read() as connection:
        waiting = ledger.quarantined_outside(connection, setup.mailbox_id, known)
    if not waiting:
        return
    folder = folders.ensure(UNDELIVERABLE_FOLDER)
    moved: Mapping[str, str | TransportError] = {}
    elsewhere = [server_id for server_id, where in waiting.items() if where != folder]
    if elsewhere:
        moved = folders.move(elsewhere, folder)
    with context.database.write() as connection:
        if folder != known:
            values = {"undeliverablefolder": folder}
            context.records.update(connection, "mailbox", setup.mailbox_id, values, internal=True)
        new_ids = {old: new for old, new in moved.items() if isinstance(new, str)}
        ledger.note_moved(connection, setup.mailbox_id, new_ids, folder)
        gone = [old for old, new in moved.items() if isinstance(new, Refused)]
        ledger.mark_gone(connection, setup.mailbox_id, gone, context.clock.now())


def discard(context: Context, setup: Setup, source: MailSource, page: Page | None) -> None:
    """Remove recorded mail where the mailbox says so, and end the session in good order."""
    done: list[Offered] = []
    if setup.deletes_after_processing:
        done = _removable(context, setup.mailbox_id, page)
        source.discard(done)
    source.close()
    if done:
        with context.database.write() as connection:
            now = context.clock.now()
            ledger.mark_discarded(connection, setup.mailbox_id, [o.server_id for o in done], now)


def _removable(context: Context, mailbox: UUID, page: Page | None) -> list[Offered]:
    """Return the messages that the store holds wholly: of the whole that was offered, or of the inbox."""
    with context.database.read() as connection:
        if page is not None and page.is_whole:
            here: Sequence[Offered] = [o for o in page.offered if not o.is_sent_copy]
        else:
            here = [Offered(i, 0, 0) for i in sorted(ledger.ids_in(connection, mailbox, ""))]
        removable = ledger.removable_ids(connection, mailbox, [o.server_id for o in here])
    return [o for o in here if o.server_id in removable]
