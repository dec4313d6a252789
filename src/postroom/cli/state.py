"""The command status: counts of what there is, and of what waits."""

import sqlalchemy as sa
import typer

from postroom.api.odata.query import read_query, run_query
from postroom.cli.session import opened
from postroom.cli.show import AsJson, show_records


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
    """Count mailboxes, passes, e-mails and what waits for a person."""
    with opened() as postroom, postroom.database.read() as connection:
        rows = [{"what": words, "count": _count(connection, *where)} for words, *where in _COUNTS]
    show_records(rows, ("count", "what"), as_json=as_json)


def _count(connection: sa.Connection, set_name: str, condition: str) -> int:
    options = {"$count": "true", "$top": "1"} | ({"$filter": condition} if condition else {})
    return run_query(connection, read_query(set_name, options)).count or 0
