"""The command status: how the fleet is, what there is, and what waits."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
import typer

from postroom.api.odata.query import read_query, run_query
from postroom.cli.session import opened
from postroom.cli.show import AsJson, instant, show_json, show_records
from postroom.schema.choices import Cause, Workload
from postroom.store import circuits, overview


def add_to(app: typer.Typer) -> None:
    """Put the command into the application."""
    app.command("status")(status)


# What is counted: the words for it, the set, the condition.
_COUNTS: tuple[tuple[str, str, str], ...] = (
    ("active mailboxes", "mailboxes", "statecode eq 0"),
    ("mailboxes that receive", "mailboxes", "statecode eq 0 and enabledforincomingemail eq true"),
    ("mailboxes that send", "mailboxes", "statecode eq 0 and enabledforoutgoingemail eq true"),
    ("passes under way", "postroom_workloads", "inflight ne null"),
    ("passes that failed last time", "postroom_workloads", "failurecount gt 0"),
    ("e-mails received", "emails", "directioncode eq false"),
    ("e-mails sent", "emails", "directioncode eq true and statuscode eq 3"),
    ("e-mails waiting to be sent", "emails", "directioncode eq true and statuscode in (6,7)"),
    ("e-mails that failed", "emails", "directioncode eq true and statuscode eq 8"),
    ("e-mails that may have left", "emails", "postroom_sendoutcome eq 4"),
    ("messages in quarantine", "postroom_quarantines", "state eq 0"),
    ("messages decided upon", "postroom_decisions", ""),
)


def status(*, as_json: AsJson = False) -> None:
    """Show how all is: workloads by state, servers, open circuits, failures by cause, what is next."""
    with opened() as postroom, postroom.database.read() as connection:
        counts = [{"what": words, "count": _count(connection, *where)} for words, *where in _COUNTS]
        found = {"counts": counts, **_health(connection, postroom.clock.now())}
    if as_json:
        show_json(found)
        return
    for name, rows in found.items():
        if rows:
            typer.echo(f"{name.replace('_', ' ').capitalize()}:")
            show_records(rows, as_json=False)
            typer.echo()


def _health(connection: sa.Connection, now: datetime) -> dict[str, list[dict[str, Any]]]:
    return {
        "workloads": [
            {"workload": work.name.lower(), "state": state, "count": count}
            for work, states in overview.workloads_by_state(connection, now).items()
            for state, count in states.items()
        ],
        "servers": [dict(row) for row in overview.by_server(connection)],
        "open_circuits": [_circuit(row) for row in circuits.open_ones(connection)],
        "failures": [
            {"cause": cause.label, "count": count}
            for cause, count in overview.failures_by_cause(connection).items()
        ],
        "next": [_next(row) for row in overview.what_is_next(connection)],
        "silent": [{"workloads": count}] if (count := overview.count_silent(connection)) else [],
    }


def _circuit(row: Mapping[str, Any]) -> dict[str, Any]:
    cause = row["cause"]
    return {
        "server": row["server"],
        "cause": None if cause is None else Cause(cause).label,
        "since": instant(row["openedon"]),
        "next_try": instant(row["retryon"]),
        "tries": row["probes"],
        "waiting": row["waiting"],
        "said": row["lasterror"],
    }


def _next(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "mailbox": row["emailaddress"],
        "workload": Workload(row["workload"]).name.lower(),
        "due": instant(row["dueon"]),
        "why": row["gapreason"],
    }


def _count(connection: sa.Connection, set_name: str, condition: str) -> int:
    options = {"$count": "true", "$top": "1"} | ({"$filter": condition} if condition else {})
    return run_query(connection, read_query(set_name, options)).count or 0
