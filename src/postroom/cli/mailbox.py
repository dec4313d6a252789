"""Commands on mailboxes: list, show."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
import typer

from postroom.api.odata.query import read_query, run_query
from postroom.api.odata.render import FORMATTED, Annotation
from postroom.cli import details, trial
from postroom.cli.session import opened
from postroom.cli.show import AsJson, show_json, show_record, show_records
from postroom.passes.access import obstacle_for
from postroom.schema.choices import Workload
from postroom.store import mailboxes

commands = typer.Typer(help="Mailboxes: what they are, and whether and why not they are processed.")

Address = Annotated[str, typer.Argument(metavar="ADDRESS", help="The mailbox's address or id.")]

_LABELS = frozenset({Annotation.FORMATTED})
_LIST = (
    "name,emailaddress,_emailserverprofile_value,_regardingobjectid_value,isforwardmailbox,"
    "emailrouteraccessapproval,enabledforincomingemail,enabledforoutgoingemail,incomingemailstatus,"
    "outgoingemailstatus,statecode"
)


def add_to(app: typer.Typer) -> None:
    """Put the group into the application."""
    trial.add_to(commands)
    details.add_to(commands)
    app.add_typer(commands, name="mailbox")


@commands.command("list")
def list_mailboxes(*, as_json: AsJson = False) -> None:
    """List all mailboxes, and for each whether it is processed or what keeps it from that."""
    asked = read_query("mailboxes", {"$select": _LIST, "$orderby": "emailaddress"})
    with opened() as postroom, postroom.database.read() as connection:
        found = run_query(connection, asked, _LABELS).rows
        rows = [{**row, **_readiness(connection, row)} for row in found]
    if as_json:
        show_json([without_labels(row) for row in rows])
    else:
        show_records([_line(row) for row in rows], as_json=False)


@commands.command("show")
def show_mailbox(address: Address, *, as_json: AsJson = False) -> None:
    """Show one mailbox: its settings, what keeps it from being processed, its passes, servers, alerts."""
    with opened() as postroom, postroom.database.read() as connection:
        id_ = mailboxes.get_by_address(connection, address)
        row = _rows(connection, "mailboxes", f"mailboxid eq {id_}")[0]
        row |= _readiness(connection, row)
        workloads = _rows(connection, "postroom_workloads", f"mailboxid eq {id_}", orderby="workload")
        circuits = [
            found
            for key in {each["_circuitid_value"] for each in workloads if each["_circuitid_value"]}
            for found in _rows(connection, "postroom_circuits", f"postroom_circuitid eq {key}")
        ]
        about = f"_regardingobjectid_value eq {id_}"
        alerts = _rows(connection, "tracelogs", about, orderby="modifiedon desc", top="5")
    if as_json:
        whole = {**row, "workloads": workloads, "circuits": circuits, "alerts": alerts}
        show_json(without_labels(whole))
        return
    show_record(in_words(row), as_json=False)
    for found in (workloads, circuits, alerts):
        if found:
            typer.echo()
            show_records([in_words(one) for one in found], as_json=False)


def in_words(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with labels in place of codes and names in place of ids."""
    return {name: row.get(f"{name}@{FORMATTED}", value) for name, value in row.items() if "@" not in name}


def without_labels(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row, and the rows in it, with values only."""
    plain: dict[str, Any] = {}
    for name, value in row.items():
        if "@" not in name:
            plain[name] = [without_labels(one) for one in value] if isinstance(value, list) else value
    return plain


def _rows(connection: sa.Connection, set_name: str, condition: str, **options: str) -> list[dict[str, Any]]:
    asked = {"$filter": condition, **{f"${name}": text for name, text in options.items()}}
    return run_query(connection, read_query(set_name, asked), _LABELS).rows


def _readiness(connection: sa.Connection, row: Mapping[str, Any]) -> dict[str, str]:
    """Say for each workload whether it runs, or what stands in the way and what cures it."""
    setup = mailboxes.read_setup(connection, UUID(row["mailboxid"]))
    said = {}
    for workload in Workload:
        name = workload.name.lower()
        if workload is Workload.ITEMS and not setup.wants(workload):
            continue
        obstacle = obstacle_for(setup, workload)
        said[name] = "ready" if obstacle is None else f"{obstacle.sentence} {obstacle.cure}"
    return said


def _line(row: Mapping[str, Any]) -> dict[str, Any]:
    words = in_words(row)
    owner = "forward mailbox" if row["isforwardmailbox"] else words["_regardingobjectid_value"]
    return {
        "address": row["emailaddress"],
        "of": owner,
        "profile": words["_emailserverprofile_value"],
        "approval": words["emailrouteraccessapproval"],
        "incoming": row["incoming"],
        "outgoing": row["outgoing"],
    }
