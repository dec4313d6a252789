"""Matching: items of both sides that belong together although no pair says so.

After a lost state everything is found again by marks, ids and content, and nothing is made twice. What can't
be told apart is named and left alone.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field

from postroom.reconcile.act import Finding
from postroom.reconcile.fields import NAMED
from postroom.reconcile.health import finding
from postroom.reconcile.item import Item, Kind, Side
from postroom.reconcile.policy import Duplicates, Policy
from postroom.reconcile.reason import Reason
from postroom.reconcile.status import says_the_same

Key = Callable[[Item], Hashable]


@dataclass(slots=True)
class Matching:
    """Who belongs to whom, who is left over, and who can't be told apart."""

    crm: dict[str, Item]
    server: dict[str, Item]
    matches: list[tuple[Item, Item, Reason]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def take(self, crm: Item, server: Item, reason: Reason) -> None:
        """Put two together; neither is left over any more."""
        del self.crm[crm.id]
        del self.server[server.id]
        self.matches.append((crm, server, reason))

    def set_aside(self, reason: Reason, side: Side, items: Iterable[Item]) -> None:
        """Name items that can't be told apart, and leave them alone."""
        alike = sorted(items, key=lambda item: item.id)
        rest = self.crm if side is Side.CRM else self.server
        for item in alike:
            rest.pop(item.id, None)
            others = tuple(each.id for each in alike if each is not item)
            self.findings.append(finding(reason, side, item, *others))


def match(crm: Iterable[Item], server: Iterable[Item], policy: Policy) -> Matching:
    """Put together what belongs together of items that have no pair, the surest signs first."""
    made = Matching({item.id: item for item in crm}, {item.id: item for item in server})
    _match_marks(made)
    _match_unique(made, _token, Reason.MATCHED_BY_TOKEN, Reason.DUPLICATE_TOKEN)
    _match_unique(made, _uid, Reason.MATCHED_BY_UID, Reason.DUPLICATE_UID)
    if policy.duplicates is not Duplicates.CREATE:
        _match_contents(made)
    return made


def _match_marks(made: Matching) -> None:
    named: dict[str, list[Item]] = defaultdict(list)
    for item in made.server.values():
        if item.identity.crm_id in made.crm:
            named[item.identity.crm_id].append(item)
    for crm_id, bearers in named.items():
        crm = made.crm[crm_id]
        original = bearers[0] if len(bearers) == 1 else _original(crm, bearers)
        if original is None:
            made.set_aside(Reason.DUPLICATE_MARK, Side.SERVER, bearers)
            del made.crm[crm_id]
        elif original.kind is crm.kind.on_server:
            made.take(crm, original, Reason.MATCHED_BY_CRM_ID)
            _set_copies_aside(made, bearers, original)


def _original(crm: Item, bearers: list[Item]) -> Item | None:
    # Outlook gives a copy a calendar id of its own and leaves our marks on it.
    with_uid = [item for item in bearers if crm.identity.uid and item.identity.uid == crm.identity.uid]
    return with_uid[0] if len(with_uid) == 1 else None


def _set_copies_aside(made: Matching, bearers: list[Item], original: Item) -> None:
    for item in bearers:
        if item is not original:
            made.set_aside(Reason.IGNORED_COPY, Side.SERVER, [item])


def _token(item: Item) -> Hashable:
    return item.identity.token


def _uid(item: Item) -> Hashable:
    return item.identity.uid


def _match_unique(made: Matching, key: Key, reason: Reason, shared: Reason) -> None:
    """Match by a key that should be unique on each side; where it is not, name who shares it."""
    crm, server = _grouped(made.crm.values(), key), _grouped(made.server.values(), key)
    for value in sorted({*crm, *server}, key=repr):
        mine, theirs = crm.get(value, []), server.get(value, [])
        if len(mine) > 1 or len(theirs) > 1:
            for side, items in ((Side.CRM, mine), (Side.SERVER, theirs)):
                if items:
                    made.set_aside(shared, side, items)
        elif mine and theirs:
            made.take(mine[0], theirs[0], reason)


def _match_contents(made: Matching) -> None:
    """Match what looks the same: first records of the server's own kinds, then those that it knows as others.

    What a person tracked is what it looks like, so that a tracked task never stands for a phone call.
    """
    own = [item for item in made.crm.values() if not item.kind.is_outward]
    _match_looks(made, own, made.server.values())
    outward = [item for item in made.crm.values() if item.kind.is_outward]
    _match_looks(made, outward, [item for item in made.server.values() if not item.is_tracked])


def _match_looks(made: Matching, mine: Iterable[Item], theirs: Iterable[Item]) -> None:
    crm, server = _grouped(mine, content_key), _grouped(theirs, content_key)
    for value in sorted(crm.keys() & server.keys(), key=repr):
        _match_alike(made, crm[value], server[value])


def _match_alike(made: Matching, mine: list[Item], theirs: list[Item]) -> None:
    if len(mine) == len(theirs) == 1:
        made.take(mine[0], theirs[0], Reason.MATCHED_BY_CONTENT)
        return
    # Of those that are equal in everything, any pairing is the right one.
    for crm in sorted(mine, key=lambda item: item.id):
        twin = next((item for item in theirs if item.id in made.server and _are_equal(crm, item)), None)
        if twin is not None:
            made.take(crm, twin, Reason.MATCHED_BY_CONTENT)
    left = [item for item in mine if item.id in made.crm]
    right = [item for item in theirs if item.id in made.server]
    if left and right:
        made.set_aside(Reason.LOOKS_ALIKE, Side.CRM, left)
        made.set_aside(Reason.LOOKS_ALIKE, Side.SERVER, right)


def _are_equal(crm: Item, server: Item) -> bool:
    names = {*crm.fields, *server.fields} & NAMED[crm.kind].keys()
    return all(says_the_same(crm, server, name) for name in names)


def _grouped(items: Iterable[Item], key: Key) -> Mapping[Hashable, list[Item]]:
    groups: dict[Hashable, list[Item]] = defaultdict(list)
    for item in items:
        value = key(item)
        if value:
            groups[item.kind.on_server.value, value].append(item)
    return groups


#: Fields that make two items of a kind the same thing when all of them are equal; the first must be filled.
TELLING: Mapping[Kind, tuple[str, ...]] = {
    Kind.APPOINTMENT: ("time", "subject"),
    Kind.SERIES: ("recurrence", "subject"),
    Kind.CONTACT: ("full_name", "email1"),
    Kind.TASK: ("subject", "due", "start"),
    Kind.PHONE_CALL: ("subject", "due", "start"),
    Kind.LETTER: ("subject", "due", "start"),
    Kind.FAX: ("subject", "due", "start"),
    Kind.SERVICE: ("time", "subject"),
}


def content_key(item: Item) -> Hashable:
    """Return what two items of a kind share when they look like the same; None when it is empty."""
    values = tuple(item.fields.get(name) for name in TELLING[item.kind])
    return values if values[0] is not None else None
