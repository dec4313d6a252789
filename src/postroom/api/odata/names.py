"""Names of the Web API: properties, navigation properties, collections of a table."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache

from postroom.errors import UserError
from postroom.schema import registry
from postroom.schema.column import ColumnInfo, Kind
from postroom.schema.table import TableInfo

_POINTERS = (Kind.LOOKUP, Kind.OWNER)


@dataclass(frozen=True, slots=True)
class Link:
    """A single-valued navigation property: the lookup behind it and the tables it may reach."""

    name: str
    column: str
    #: Logical names; more than one only for the owner, who is a user or a team.
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection-valued navigation property: the rows of another table that point here."""

    name: str
    table: TableInfo
    column: str


class Names:
    """Every name by which a caller may speak of one table's contents."""

    def __init__(self, table: TableInfo) -> None:
        self.table = table
        #: Column by property name; `_x_value` for lookups. Secrets are not among them.
        self.properties: Mapping[str, str] = {
            property_of(name, info): name for name, info in table.columns.items() if info.may_read
        }
        self.links: Mapping[str, Link] = _links(table)

    @property
    def collections(self) -> Mapping[str, Collection]:
        """Return the collections by name."""
        return _collections()[self.table.logical_name]

    def column(self, name: str) -> str:
        """Return the column that a property name means; refuse an unknown one and say what is possible.

        The bare name of a lookup is understood too, because `primarycontactid eq null` is common.
        """
        if name in self.properties:
            return self.properties[name]
        lookup = f"_{name}_value"
        if lookup in self.properties:
            return self.properties[lookup]
        raise UserError(self._unknown("column", name, self.properties))

    def link(self, name: str) -> Link:
        """Return the single-valued navigation property of that name."""
        if name in self.links:
            return self.links[name]
        raise UserError(self._unknown("single-valued navigation property", name, self.links))

    def collection(self, name: str) -> Collection:
        """Return the collection of that name."""
        if name in self.collections:
            return self.collections[name]
        raise UserError(self._unknown("collection", name, self.collections))

    def _unknown(self, what: str, name: str, known: Iterable[str]) -> str:
        column = self.table.columns.get(name)
        if what == "column" and column is not None and not column.may_read:
            return f"{self.table.logical_name}.{name} is never shown."
        return f"{self.table.logical_name} has no {what} {name!r}. {meant(name, known)}"


@cache
def names_of(logical_name: str) -> Names:
    """Return the names of a table."""
    return Names(registry.by_logical_name(logical_name))


def table_of_set(set_name: str) -> TableInfo:
    """Return the table with this entity set name; refuse an unknown one and say what was meant."""
    known = {table.set_name: table for table in registry.tables()}
    if set_name in known:
        return known[set_name]
    raise UserError(f"There is no set {set_name!r}. {meant(set_name, known)}")


def property_of(column: str, info: ColumnInfo) -> str:
    """Return the name under which the Web API shows a column."""
    return f"_{column}_value" if info.kind in _POINTERS else column


def meant(name: str, known: Iterable[str]) -> str:
    """Return the sentence that helps with a wrong name: what was probably meant, or what there is.

    >>> meant("nmae", ["name", "fullname"])
    'Did you mean name?'
    >>> meant("zzz", ["name", "fullname"])
    'There are: fullname, name.'
    """
    names = sorted(known)
    folded = {candidate.lower(): candidate for candidate in names}
    close = get_close_matches(name.lower(), folded, n=3, cutoff=0.7)
    if close:
        return f"Did you mean {' or '.join(folded[match] for match in close)}?"
    if not names:
        return "There are none."
    return f"There are: {', '.join(names)}."


def _links(table: TableInfo) -> dict[str, Link]:
    links: dict[str, Link] = {}
    for column, info in table.lookups():
        for target in info.targets:
            name = table.navigation(column, target)
            others = links[name].targets if name in links and links[name].column == column else ()
            links[name] = Link(name, column, (*others, target))
    return links


@cache
def _collections() -> Mapping[str, Mapping[str, Collection]]:
    """Return the collections of every table, which only the tables that point there know."""
    found: dict[str, dict[str, Collection]] = {table.logical_name: {} for table in registry.tables()}
    for table in registry.tables():
        for column, info in table.lookups():
            for target, name in _collection_names(table, column, info).items():
                if target in found:
                    found[target][name] = Collection(name, table, column)
    return found


def _collection_names(table: TableInfo, column: str, info: ColumnInfo) -> Mapping[str, str]:
    """Return what the rows that point to a target are called there, by target.

    Activities take the column from activitypointer, so that only the table can tell: Account_Emails.
    """
    if table.is_activity and column == "regardingobjectid":
        tables = {target: registry.find(target) for target in info.targets}
        return {
            name: f"{target.schema_name}_{table.schema_name}s"
            for name, target in tables.items()
            if target is not None
        }
    if table.logical_name.startswith("postroom_"):
        return dict.fromkeys(info.targets, f"{table.logical_name}_{column}")
    return info.collection
