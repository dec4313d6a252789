"""Change tracking: a whole table first, and from then on what changed.

# source: DATAVERSE-WEBAPI change tracking
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote, urlencode

import sqlalchemy as sa

from postroom.api.call import Reply
from postroom.api.odata.compile import Scope
from postroom.api.odata.expand import Expanding
from postroom.api.odata.paging import Cookie, Term, beyond, read_cookie
from postroom.api.odata.query import query_of
from postroom.api.odata.select import MAXIMUM_ROWS, readable
from postroom.api.problems import Problem, denied
from postroom.api.visit import Visit
from postroom.schema.table import TableInfo
from postroom.store.changes import changed_since, deleted_since, mark_now, remembered_since
from postroom.store.records.deletions import TRACKED

_REFUSED: Final = ("$filter", "$orderby", "$expand", "$top", "$apply")
_FORM: Final = "%m/%d/%Y %H:%M:%S"
_EXPIRED: Final = 0x80044352


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a caller is: what he has, and how far he has come with what is new."""

    #: The mark of what he has; None for nothing yet.
    since: int | None
    #: The mark that he gets when he has seen all pages.
    until: int
    page: int = 1
    after: tuple[Any, ...] = ()


def is_asked(visit: Visit) -> bool:
    """Say whether a request is for changes."""
    options = visit.call.options
    return (
        "odata.track-changes" in visit.call.preferences
        or "$deltatoken" in options
        or 'istracking="True"' in options.get("$skiptoken", "")
    )


def answer(visit: Visit, connection: sa.Connection, table: TableInfo) -> Reply:
    """Return the next page of what the caller does not have yet."""
    options = visit.call.options
    for name in _REFUSED:
        if name in options:
            raise Problem(
                400, f'The "{name}" query parameter isn\'t supported when Change Tracking is enabled.'
            )
    if table.logical_name not in TRACKED:
        raise Problem(400, f"The table {table.logical_name} does not have change tracking enabled.")
    sight = visit.sight(connection)
    if not sight.sees_all(table):
        raise denied("Changes are for callers who may read the whole table.")
    place = _place(visit, connection)
    query = query_of(table, options, sight, also=("$deltatoken", "$skiptoken", "$count"))
    scope = Scope(table, sight.root(table), sight=sight)
    version, key = scope.source.c["versionnumber"], scope.source.c[table.primary_id]
    clauses = [] if place.since is None else [changed_since(connection, place.since, version)]
    if place.after:
        clauses.append(beyond([Term(version), Term(key)], place.after))
    size = _size(visit)
    statement = sa.select(*readable(scope)).where(*clauses).order_by(version.nulls_first(), key)
    rows = [row._asdict() for row in connection.execute(statement.limit(size + 1))]
    has_more, rows = len(rows) > size, rows[:size]
    shown = Expanding(connection, sight, visit.call.annotations).rendered(table, rows, query.columns)
    body: dict[str, Any] = {"@odata.context": _context(visit, table, place)}
    if has_more:
        after = (rows[-1]["versionnumber"], rows[-1][table.primary_id])
        body["@odata.nextLink"] = _next_link(visit, place, after)
    else:
        if place.since is not None:
            shown += _deletions(visit, connection, table, place.since)
        body["@odata.deltaLink"] = _delta_link(visit, place)
    reply = Reply.of({**body, "value": shown})
    reply.headers["preference-applied"] = "odata.track-changes"
    return reply


def _place(visit: Visit, connection: sa.Connection) -> _Place:
    options = visit.call.options
    if "$skiptoken" in options:
        cookie = read_cookie(options["$skiptoken"].replace('istracking="True"', 'istracking="False"'))
        match cookie.after:
            case (int() | None as since, int() as until, *after) if len(after) == 2:
                return _Place(since, until, cookie.page, tuple(after))
        raise Problem(400, "$skiptoken: this is no cookie; follow @odata.nextLink as it was given.")
    until = mark_now(connection)
    if "$deltatoken" not in options:
        return _Place(None, until)
    number, _, said = options["$deltatoken"].partition("!")
    try:
        given_at = datetime.strptime(said, _FORM).replace(tzinfo=UTC)
        since = int(number) if number.isascii() and number.isdigit() and len(number) < 19 else -1
    except ValueError:
        since = -1
    if since < 0:
        raise Problem(400, "$deltatoken: this is no token; follow @odata.deltaLink as it was given.")
    if given_at < remembered_since(connection, visit.postroom.clock.now()):
        raise Problem(400, "The delta token has expired; read the whole table again.", _EXPIRED)
    return _Place(since, until)


def _size(visit: Visit) -> int:
    text = visit.call.preferences.get("odata.maxpagesize", "")
    if text.isascii() and text.isdigit() and int(text[:9]) > 0:
        return min(int(text[:9]), MAXIMUM_ROWS)
    return MAXIMUM_ROWS


def _deletions(visit: Visit, connection: sa.Connection, table: TableInfo, since: int) -> list[dict[str, Any]]:
    context = f"{visit.call.base}$metadata#{table.set_name}/$deletedEntity"
    return [
        {"@odata.context": context, "id": str(key), "reason": "deleted"}
        for key in deleted_since(connection, table.logical_name, since)
    ]


def _context(visit: Visit, table: TableInfo, place: _Place) -> str:
    kind = "" if place.since is None else "/$delta"
    return f"{visit.call.base}$metadata#{table.set_name}{kind}"


def _next_link(visit: Visit, place: _Place, after: tuple[Any, ...]) -> str:
    cookie = Cookie(place.page + 1, (place.since, place.until, *after)).as_text()
    return _link(visit, {"$skiptoken": cookie.replace('istracking="False"', 'istracking="True"')})


def _delta_link(visit: Visit, place: _Place) -> str:
    now = visit.postroom.clock.now().astimezone(UTC)
    return _link(visit, {"$deltatoken": f"{place.until}!{now:{_FORM}}"})


def _link(visit: Visit, more: dict[str, str]) -> str:
    call = visit.call
    kept = {name: text for name, text in call.options.items() if name == "$select"}
    return f"{call.base}{call.path}?{urlencode({**kept, **more}, quote_via=quote, safe='$,')}"
