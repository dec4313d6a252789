"""Questions: what only a person can say of a pair, and whether the answer still holds."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from postroom.reconcile.fingerprint import fingerprint
from postroom.reconcile.item import Item, Value
from postroom.reconcile.spelling import shown
from postroom.reconcile.status import says_the_same

#: So many characters of a value are shown; by its fingerprint it is known again as a whole.
_MOST = 2000


class About(Enum):
    """What is asked."""

    #: Both sides changed the same field: which value stays.
    VALUES = "values"
    #: Two items look alike and nothing proves that they are the same.
    DUPLICATE = "duplicate"
    #: The time of a tracked item is taken: whether it is made all the same.
    BOOKING = "booking"
    #: It failed too often and rests: whether it is tried once more.
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class Contest:
    """The two values of one field, as they were when the question was put."""

    #: As people read them.
    crm: str
    server: str
    #: By which they are known again.
    crm_print: str
    server_print: str

    def is_still(self, crm: Value, server: Value) -> bool:
        """Say whether both sides hold what they held then."""
        return (fingerprint(crm), fingerprint(server)) == (self.crm_print, self.server_print)


@dataclass(frozen=True, slots=True)
class Question:
    """What is put to a person."""

    about: About
    contests: Mapping[str, Contest] = field(default_factory=dict)
    #: What else must be known to answer it.
    words: str = ""

    def without(self, names: Collection[str]) -> "Question | None":
        """Return what is left of it once these fields are settled; None when nothing is."""
        left = {name: each for name, each in self.contests.items() if name not in names}
        return replace(self, contests=left) if left else None


def values_of(crm: Item, server: Item, names: Iterable[str]) -> Question:
    """Return the question which values of these fields are to stay."""
    return Question(About.VALUES, _contests(crm, server, names))


def alike(crm: Item, server: Item) -> Question:
    """Return the question whether two items are the same, with everything in which they differ."""
    names = sorted({*crm.fields, *server.fields})
    differing = [name for name in names if not says_the_same(crm, server, name)]
    return Question(About.DUPLICATE, _contests(crm, server, differing))


def _contests(crm: Item, server: Item, names: Iterable[str]) -> Mapping[str, Contest]:
    return {name: _contest(crm.fields.get(name), server.fields.get(name)) for name in names}


def _contest(crm: Value, server: Value) -> Contest:
    return Contest(shown(crm)[:_MOST], shown(server)[:_MOST], fingerprint(crm), fingerprint(server))
