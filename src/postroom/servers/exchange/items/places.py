"""Places: the folders whose items are synchronized, as one glance shows them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from postroom.errors import BadReply
from postroom.reconcile.item import Kind
from postroom.servers.exchange.glance import Seen, see_folders, see_known
from postroom.servers.exchange.session import Session

#: The folders in which items of each kind are made, by the names that every mailbox knows.
# source: DATAVERSE-EMAIL folders that are synchronized
HOMES: Final[Mapping[Kind, str]] = {
    Kind.APPOINTMENT: "calendar",
    Kind.CONTACT: "contacts",
    Kind.TASK: "tasks",
}
_CALENDAR_CLASS: Final = "ipf.appointment"
_PROBLEM: Final = "The folders of calendar, contacts and tasks were not found"


@dataclass(frozen=True, slots=True)
class Places:
    """The folders that are synchronized at one moment."""

    #: The folder of each kind, by its element's kind.
    homes: Mapping[Kind, str]
    #: How each folder that is read was seen, homes and the calendar's subfolders.
    seen: Mapping[str, Seen]
    #: What lies in each of them.
    kinds: Mapping[str, Kind]


def look_at(session: Session, homes: Mapping[Kind, str]) -> Places:
    """Return the folders as they are now; `homes` are the ids remembered from before, where they are."""
    seen = see_folders(session, homes.values())
    if set(homes) != set(HOMES) or not set(homes.values()) <= set(seen):
        found = dict(zip(HOMES, see_known(session, tuple(HOMES.values()), _PROBLEM), strict=True))
        seen.update((each.id, each) for each in found.values() if each)
        homes = {kind: each.id for kind, each in found.items() if each}
        if not homes:
            raise BadReply(f"{_PROBLEM}.")
    kinds = {folder: kind for kind, folder in homes.items()}
    if Kind.APPOINTMENT in homes:
        kinds |= dict.fromkeys(_calendars_below(homes[Kind.APPOINTMENT], seen), Kind.APPOINTMENT)
    return Places(homes, {folder: seen[folder] for folder in kinds}, kinds)


def _calendars_below(top: str, seen: Mapping[str, Seen]) -> Iterator[str]:
    """Yield the ids of calendars below a folder, each once, whatever the server says of their parents."""
    children: dict[str, list[Seen]] = {}
    for each in seen.values():
        children.setdefault(each.parent, []).append(each)
    waiting, known = [top], {top}
    while waiting:
        for child in children.get(waiting.pop(), ()):
            if child.id not in known and child.folder_class.startswith(_CALENDAR_CLASS):
                known.add(child.id)
                waiting.append(child.id)
                yield child.id
