"""What a receiving pass looks for in a mailbox: new mail, tracked folders, the category.

::

    folders on the server + tracked folders of the store -> rules in force -> look
    list of categories -> the tracking category, made where it is missing
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID
from xml.etree import ElementTree as ET

from sqlalchemy import Connection

from postroom.configuration.folder_tracking import tracks_by_category, tracks_by_folder
from postroom.mime.key import address_key
from postroom.passes.context import Context
from postroom.passes.judge import Opened
from postroom.ports.folders import Category, Folder, MailFolders
from postroom.ports.mail import Look, MailSource, Offered
from postroom.schema.choices import CategoryMark, SetBy, TrackingFolderState
from postroom.store import alerts, folders, marks
from postroom.store.folders import Onboarding, Rule
from postroom.store.mailboxes import Setup
from postroom.tracking import category
from postroom.tracking.category import Seen
from postroom.tracking.facts import Marked


@dataclass(frozen=True, slots=True)
class Search:
    """What a pass looks for, and what it means to find something in a place."""

    look: Look
    #: The rules in force, by the server's id of their folder.
    rules: Mapping[str, Rule] = field(default_factory=dict)

    def marked(self, offered: Offered) -> Marked | None:
        """Return how the user marked this message for tracking, if at all."""
        if rule := self.rules.get(offered.folder):
            return Marked(SetBy.FOLDER, rule.regarding, rule.regarding_table)
        if self.look.category and self.look.category in offered.categories:
            return Marked(SetBy.CATEGORY)
        return None

    def category_of(self, offered: Offered) -> CategoryMark:
        """Return how it stands with the category on a new message, should it be tracked."""
        if not self.look.category:
            return CategoryMark.NONE
        is_on = self.look.category in offered.categories
        return CategoryMark.ON if is_on else CategoryMark.TO_PUT_ON

    def seen(self, offered: Offered) -> Seen:
        """Return which of the two categories stand on this message."""
        return Seen(self.look.category in offered.categories, category.UNDELIVERABLE in offered.categories)

    def is_elsewhere(self, folder: str) -> bool:
        """Tell whether only marked messages are looked for in this folder."""
        return bool(folder) and folder not in self.look.folders


def wanted_of(offered: Iterable[Offered], setup: Setup) -> list[Offered]:
    """Return of what is offered what the organization wants looked at."""
    return [o for o in offered if not o.is_sent_copy or setup.reads_sent_items]


def as_marked(items: Sequence[Opened], search: Search) -> Iterator[Opened]:
    """Yield what was opened, with the marks that the user put on it on the server.

    What the mailbox itself wrote and the user put into a tracked folder is a sent e-mail there too.
    """
    for opened in items:
        marked, category_ = search.marked(opened.offered), search.category_of(opened.offered)
        if marked is None:
            opened.category = category_
            yield opened
            continue
        author = opened.message.author if opened.message else None
        own = author is not None and author.key == address_key(opened.receiver.address)
        offered = replace(opened.offered, is_sent_copy=opened.offered.is_sent_copy or own)
        yield replace(opened, offered=offered, marked=marked, category=category_)


def as_last_found(context: Context, setup: Setup) -> Search:
    """Return what was looked for the last time, without asking the server or changing anything."""
    with context.database.read() as connection:
        rules = folders.rules_of(connection, setup.mailbox_id)
        known = folders.category_of(connection, setup.mailbox_id)
    if not tracks_by_category(setup.mailbox, setup.profile or {}, setup.organization):
        known = None
    in_force = _in_force(setup, rules, {rule.id: rule.state for rule in rules})
    name = known.name if known else ""
    return Search(Look(tuple(in_force), sent_items=setup.reads_sent_items, category=name), in_force)


def prepare(context: Context, setup: Setup, source: MailSource) -> Search:
    """Return what to look for in the mailbox; sees to the state of its rules and to its category."""
    with context.database.read() as connection:
        kept = marks.read(connection, setup.mailbox_id)
        rules = folders.rules_of(connection, setup.mailbox_id)
    look = Look(sent_items=setup.reads_sent_items, marks=kept)
    if source.folders is None:
        return Search(look)
    in_force = _rules_in_force(context, setup, source.folders.tree(), rules)
    for rule in in_force.values():
        if rule.onboarding == Onboarding.NOT_BEGUN:
            # What lies there already is tracked too, so the folder is looked through from its beginning.
            kept.pop(rule.folder, None)
            _set_onboarding(context, rule, Onboarding.UNDER_WAY)
    name = _category(context, setup, source.folders)
    return Search(Look(tuple(in_force), sent_items=look.sent_items, category=name, marks=kept), in_force)


def note_onboarded(context: Context, search: Search) -> None:
    """Note of new rules that they have run over all that lies in their folders."""
    for rule in search.rules.values():
        if rule.onboarding != Onboarding.DONE:
            _set_onboarding(context, rule, Onboarding.DONE)


def _set_onboarding(context: Context, rule: Rule, onboarding: Onboarding) -> None:
    values = {"folderonboardingstatus": int(onboarding)}
    with context.database.write() as connection:
        context.records.update(connection, "mailboxtrackingfolder", rule.id, values, internal=True)


def _rules_in_force(
    context: Context, setup: Setup, tree: Sequence[Folder], rules: Sequence[Rule]
) -> dict[str, Rule]:
    """Return the rules whose folder is where it can be tracked, and note what has become of all."""
    by_id = {folder.id: folder for folder in tree}
    states = {rule.id: _state(by_id.get(rule.folder)) for rule in rules}
    changed = [rule for rule in rules if _differs(rule, states[rule.id], by_id.get(rule.folder))]
    hierarchy = _hierarchy(tree)
    if changed or hierarchy != setup.mailbox["folderhierarchy"]:
        with context.database.write() as connection:
            for rule in changed:
                _note(context, connection, setup, rule, states[rule.id], by_id.get(rule.folder))
            values = {"folderhierarchy": hierarchy}
            context.records.update(connection, "mailbox", setup.mailbox_id, values, internal=True)
    return _in_force(setup, rules, states)


def _in_force(
    setup: Setup, rules: Sequence[Rule], states: Mapping[UUID, TrackingFolderState]
) -> dict[str, Rule]:
    """Return the rules that count, by folder; of more than are allowed, the oldest."""
    if not tracks_by_folder(setup.mailbox, setup.profile or {}, setup.organization):
        return {}
    most = setup.organization.get("maxfolderbasedtrackingmappings") or len(rules)
    active = [rule for rule in rules if states[rule.id] is TrackingFolderState.ACTIVE]
    return {rule.folder: rule for rule in active[:most]}


def _state(folder: Folder | None) -> TrackingFolderState:
    if folder is None:
        return TrackingFolderState.MISSING
    inside = folder.in_inbox and not folder.is_inbox
    return TrackingFolderState.ACTIVE if inside else TrackingFolderState.OUTSIDE_INBOX


def _differs(rule: Rule, state: TrackingFolderState, folder: Folder | None) -> bool:
    return rule.state is not state or bool(folder and folder.name[:256] != rule.name)


def _note(
    context: Context,
    connection: Connection,
    setup: Setup,
    rule: Rule,
    state: TrackingFolderState,
    folder: Folder | None,
) -> None:
    """Note where a tracked folder is and what it is called; one that can't be tracked any more is told."""
    values: dict[str, object] = {"postroom_state": int(state)}
    if folder:
        values["exchangefoldername"] = folder.name[:256]
    context.records.update(connection, "mailboxtrackingfolder", rule.id, values, internal=True)
    if rule.state is state or state is TrackingFolderState.ACTIVE:
        return
    if state is TrackingFolderState.MISSING:
        marks.forget(connection, setup.mailbox_id, [rule.folder])
    alert = alerts.folder_not_tracked(state, str(rule.id))
    alerts.raise_alert(context.database, connection, setup.mailbox_id, alert, context.clock.now())


def _hierarchy(tree: Sequence[Folder]) -> str:
    """Return the folders from the inbox down as the text that the mailbox's column keeps."""
    root = ET.Element("Folders")
    made = {"": root}
    for folder in tree:
        if folder.in_inbox:
            parent = made.get(folder.parent, root)
            made[folder.id] = ET.SubElement(
                parent, "Folder", Id=folder.id, Name=_without_controls(folder.name)
            )
    return ET.tostring(root, encoding="unicode")


def _without_controls(name: str) -> str:
    return "".join(c for c in name if c.isprintable())


def _category(context: Context, setup: Setup, mailbox: MailFolders) -> str:
    """Return the name of the tracking category in this mailbox, or nothing where there is none to be.

    It is known by its id, so that people may rename it; where it was deleted it is made again.
    """
    with context.database.read() as connection:
        known = folders.category_of(connection, setup.mailbox_id)
    if not tracks_by_category(setup.mailbox, setup.profile or {}, setup.organization):
        if known:
            _take_category_away(context, setup, mailbox, known)
        return ""
    found = _find(mailbox.categories(), known) or _make(context, setup, mailbox)
    if found != known:
        with context.database.write() as connection:
            now, owner = context.clock.now(), setup.mailbox["ownerid"]
            folders.keep_category(connection, setup.mailbox_id, found, owner, now)
    return found.name


def _find(listed: Sequence[Category], known: Category | None) -> Category | None:
    by_id = next((c for c in listed if known and known.id and c.id == known.id), None)
    return by_id or next((c for c in listed if c.name.casefold() == category.TRACKED.casefold()), None)


def _make(context: Context, setup: Setup, mailbox: MailFolders) -> Category:
    made = mailbox.add_category(Category(category.TRACKED, color=category.COLOR))
    with context.database.write() as connection:
        now = context.clock.now()
        alerts.raise_alert(context.database, connection, setup.mailbox_id, alerts.CATEGORY_MADE, now)
    return made


def _take_category_away(context: Context, setup: Setup, mailbox: MailFolders, known: Category) -> None:
    """Take the category off the mailbox's list, as it no longer does anything; messages keep it."""
    mailbox.remove_category(known)
    with context.database.write() as connection:
        folders.forget_category(connection, setup.mailbox_id)
