"""A query compiled to SQL: joined tables, filters, and which keys of its table fulfil them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import sqlalchemy as sa

from postroom.schema import registry
from postroom.schema.column import ColumnInfo, Kind
from postroom.schema.table import TableInfo
from postroom.store.fetch.fault import BadFetch
from postroom.store.fetch.operators import Clause, Subject, meaning_of
from postroom.store.fetch.query import Condition, Fetch, Filter, Joint, Link, LinkKind
from postroom.store.fetch.viewer import Viewer

#: The column by which records of a table form a hierarchy.
_PARENTS: Final = {
    "account": "parentaccountid",
    "businessunit": "parentbusinessunitid",
    "systemuser": "parentsystemuserid",
}
#: Operators of hierarchies: whether they go up, and whether they include the record itself.
_HIERARCHIES: Final = {
    "above": (True, False),
    "eq-or-above": (True, True),
    "under": (False, False),
    "eq-or-under": (False, True),
    "not-under": (False, False),
}
_COMPARISONS: Final = {"eq", "ne", "neq", "gt", "ge", "lt", "le"}


def compiled(fetch: Fetch, viewer: Viewer) -> sa.Select[Any]:
    """Return what selects the keys of the query's table that fulfil it, each once.

    Raises `BadFetch` when the query asks for what the schema does not have.
    """
    return Compiler(viewer).select(fetch)


def in_hierarchy(subject: Subject, table: TableInfo, info: ColumnInfo) -> Clause:
    """Return what an operator of hierarchies means for a column of this table; raises `BadFetch`."""
    return Compiler(subject.viewer).hierarchy(subject, table, info)


@dataclass(frozen=True, slots=True)
class Place:
    """A table at one place of the query."""

    info: TableInfo
    alias: sa.FromClause
    #: The element in words, for errors.
    words: str

    def column(self, name: str, words: str) -> tuple[sa.ColumnElement[Any], ColumnInfo]:
        """Return a column with its declaration."""
        found = self.info.columns.get(name)
        if found is None or found.is_secret:
            raise BadFetch(f"{words}: {self.info.logical_name} has no column {name!r:.80} to ask for.")
        return self.alias.c[name], found


def _all_rows(info: TableInfo) -> sa.FromClause:
    return info.table.alias()


@dataclass(slots=True)
class Compiler:
    """Compiles one query."""

    viewer: Viewer
    #: Returns the rows of a table under a name of their own.
    rows_of: Callable[[TableInfo], sa.FromClause] = _all_rows
    #: Tables of Postroom's own may be asked.
    is_open: bool = False
    places: dict[str, Place] = field(default_factory=dict)
    #: Where each linked table stands, by the link's identity.
    linked: dict[int, Place] = field(default_factory=dict)
    count: int = 0

    def select(self, fetch: Fetch) -> sa.Select[Any]:
        """Return the statement."""
        main, source, conditions = self.whole(fetch)
        key = main.alias.c[main.info.primary_id]
        return sa.select(key).distinct().select_from(source).where(*conditions)

    def whole(self, fetch: Fetch) -> tuple[Place, Any, list[Clause]]:
        """Return where the query's table stands, what is selected from, and what must hold."""
        main = self._place(fetch.table, None, f'<entity name="{fetch.table:.80}">')
        source, conditions = self._joined(main, fetch.links)
        conditions += [self._filter(each, main) for each in fetch.filters]
        return main, source, conditions

    def _place(self, table: str, alias: str | None, words: str) -> Place:
        info = registry.find(table)
        if info is None or not (info.is_stored and (self.is_open or not table.startswith("postroom_"))):
            raise BadFetch(f"{words}: there is no table of this name to ask.")
        self.count += 1
        place = Place(info, self.rows_of(info), words)
        name = alias or table
        if alias and name in self.places:
            raise BadFetch(f'{words}: the alias "{name}" is used twice.')
        self.places.setdefault(name, place)
        return place

    def _joined(self, around: Place, links: Iterable[Link]) -> tuple[Any, list[Clause]]:
        """Return what is selected from, and what else must hold."""
        source: Any = around.alias
        conditions: list[Clause] = []
        for link in links:
            if link.kind in (LinkKind.INNER, LinkKind.OUTER):
                right, on = self._linked(link, around)
                source = source.join(right, on, isouter=link.kind is LinkKind.OUTER)
            else:
                conditions.append(self._exists(link, around))
        return source, conditions

    def _linked(self, link: Link, around: Place) -> tuple[Any, Clause]:
        """Return a linked table with those linked to it, and by what it hangs together."""
        words = f'<link-entity name="{link.table:.80}" from="{link.origin:.80}" to="{link.to:.80}">'
        place = self._place(link.table, link.alias, words)
        self.linked[id(link)] = place
        source, conditions = self._joined(place, link.links)
        mine, my_info = place.column(link.origin, words)
        theirs, their_info = around.column(link.to, words)
        if _family(my_info) != _family(their_info):
            raise BadFetch(
                f"{words}: a column of type {my_info.kind.value} can't equal {their_info.kind.value}."
            )
        filters = [self._filter(each, place) for each in link.filters]
        return source, sa.and_(mine == theirs, *conditions, *filters)

    def _exists(self, link: Link, around: Place) -> Clause:
        source, on = self._linked(link, around)
        found = sa.exists(sa.select(sa.literal(1)).select_from(source).where(on).correlate(around.alias))
        return sa.not_(found) if link.kind is LinkKind.NOT_ANY else found

    def _filter(self, wanted: Filter, place: Place) -> Clause:
        parts: list[Clause] = [self._condition(each, place) for each in wanted.conditions]
        parts += [self._filter(each, place) for each in wanted.filters]
        for link in wanted.links:
            if link.kind is LinkKind.OUTER:
                raise BadFetch(
                    f'<link-entity name="{link.table:.80}" link-type="outer"> asks for nothing in a filter.'
                )
            parts.append(self._exists(link, place))
        # A filter that says nothing lets everything through, whichever way its parts were to be joined.
        if not parts:
            return sa.true()
        return sa.or_(*parts) if wanted.joint is Joint.OR else sa.and_(*parts)

    def _condition(self, condition: Condition, place: Place) -> Clause:
        words = f'<condition attribute="{condition.attribute:.80}" operator="{condition.operator:.40}">'
        if condition.of is not None:
            place = self._named(condition.of, words)
        column, info = place.column(condition.attribute, words)
        if condition.other is not None:
            return self._columns(condition, place, column, info, words)
        if condition.operator in _HIERARCHIES:
            subject = Subject(column, info.kind, condition.operator, condition.values, self.viewer, words)
            return self.hierarchy(subject, place.info, info)
        return meaning_of(
            Subject(column, info.kind, condition.operator, condition.values, self.viewer, words)
        )

    def _named(self, name: str, words: str) -> Place:
        if name not in self.places:
            known = ", ".join(self.places)
            raise BadFetch(f'{words} entityname="{name:.80}": no linked table has this alias, only {known}.')
        return self.places[name]

    def _columns(
        self, condition: Condition, place: Place, column: Any, info: ColumnInfo, words: str
    ) -> Clause:
        """Return the comparison of two columns of a row."""
        other, other_info = place.column(condition.other or "", words)
        if condition.operator not in _COMPARISONS or _family(info) != _family(other_info):
            raise BadFetch(f"{words}: it can't be compared with the column {condition.other!r:.80}.")
        name = {"neq": "ne"}.get(condition.operator, condition.operator)
        clause: Clause = getattr(column, f"__{name}__")(other)
        return clause

    def hierarchy(self, subject: Subject, holder: TableInfo, info: ColumnInfo) -> Clause:
        """Return the comparison of a lookup, or of a key, with the records above or under one."""
        table = next((each for each in _pointed_to(holder, info) if each in _PARENTS), None)
        if table is None:
            raise subject.wrong("the records it points to form no hierarchy")
        if len(subject.values) != 1:
            raise subject.wrong(f"one value is needed, not {len(subject.values)}")
        column = subject.column
        family = column.in_(self._family_of(table, subject.operator, subject.fitted[0]))
        if subject.operator == "not-under":
            return sa.or_(sa.not_(family), column.is_(None))
        return sa.and_(column.is_not(None), family)

    @staticmethod
    def _family_of(table: str, operator: str, record: Any) -> sa.Select[Any]:
        """Return the records above or under one; a circle ends where it began."""
        upward, including = _HIERARCHIES[operator]
        info = registry.by_logical_name(table)
        rows = info.table
        key, parent = rows.c[info.primary_id], rows.c[_PARENTS[table]]
        found = sa.select(key.label("id"), parent.label("parent")).where(key == record)
        # Without a name of its own, because a query may ask for several.
        family = found.cte(recursive=True)
        step = family.c.parent == key if upward else family.c.id == parent
        family = family.union(sa.select(key, parent).join_from(rows, family, step))
        chosen = sa.select(family.c.id)
        return chosen if including else chosen.where(family.c.id != record)


def _pointed_to(holder: TableInfo, info: ColumnInfo) -> Sequence[str]:
    return [holder.logical_name] if info.kind is Kind.KEY else info.targets


_FAMILIES: Final[Mapping[Kind, str]] = {
    **dict.fromkeys((Kind.KEY, Kind.GUID, Kind.LOOKUP, Kind.OWNER), "id"),
    **dict.fromkeys((Kind.TEXT, Kind.MEMO, Kind.TABLE_NAME), "text"),
    **dict.fromkeys((Kind.INTEGER, Kind.BIGINT, Kind.CHOICE, Kind.STATE, Kind.STATUS), "number"),
    **dict.fromkeys((Kind.DECIMAL, Kind.DOUBLE), "number"),
}


def _family(info: ColumnInfo) -> str:
    return _FAMILIES.get(info.kind, info.kind.value)
