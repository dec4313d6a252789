"""The command mailbox details: all that support asks for, without anybody's mail."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
import typer

from postroom.api.odata.query import read_query, run_query
from postroom.cli.session import opened
from postroom.cli.show import AsJson, cell, show_json
from postroom.store import alerts, mailboxes

Address = Annotated[str, typer.Argument(metavar="ADDRESS", help="The mailbox's address or id.")]

#: The sections about the mailbox's own row; all times are UTC.
_SECTIONS: Mapping[str, Sequence[str]] = {
    "mailbox": (
        "mailboxid",
        "name",
        "emailaddress",
        "_ownerid_value",
        "_regardingobjectid_value",
        "_emailserverprofile_value",
        "statecode",
        "emailrouteraccessapproval",
        "isforwardmailbox",
        "ewsurl",
    ),
    "processing": ("mailboxid", "hostid", "processingstatecode", "processinglastattemptedon"),
    "methods": ("incomingemaildeliverymethod", "outgoingemaildeliverymethod", "actdeliverymethod"),
    "enabled": ("enabledforincomingemail", "enabledforoutgoingemail", "enabledforact"),
    "tests": (
        "incomingemailstatus",
        "outgoingemailstatus",
        "actstatus",
        "mailboxstatus",
        "testmailboxaccesscompletedon",
        "testemailconfigurationscheduled",
        "testemailconfigurationretrycount",
        "postponetestemailconfigurationuntil",
    ),
    "timing": (
        "postponemailboxprocessinguntil",
        "receivingpostponeduntil",
        "postponesendinguntil",
        "receivingpostponeduntilforact",
        "processemailreceivedafter",
        "noemailcount",
        "noactcount",
        "transientfailurecount",
        "forcedunlockcount",
    ),
    "last_pass": (
        "lastsyncstartedon",
        "lastsuccessfulsynccompletedon",
        "lastsyncerror",
        "lastsyncerrorcode",
        "lastsyncerrorcount",
        "lastsyncerrormachinename",
        "lastsyncerroroccurredon",
        "itemsprocessedforlastsync",
        "itemsfailedforlastsync",
        "averagetotalduration",
    ),
}
_PROFILE = (
    "emailserverprofileid,name,servertype,statecode,useautodiscover,incomingserverlocation,incomingportnumber,"
    "incomingusessl,incomingcredentialretrieval,outgoingserverlocation,outgoingportnumber,outgoingusessl,"
    "outgoingcredentialretrieval,maxconcurrentconnections,minpollingintervalinminutes,"
    "processemailsreceivedafter"
)
_LATEST = "20"


def add_to(app: typer.Typer) -> None:
    """Put the command beside the others about mailboxes."""
    app.command("details")(show_details)


def show_details(address: Address, *, as_json: AsJson = False) -> None:
    """Print all that support asks for about a mailbox: its state, passes, server and alerts; no mail."""
    with opened() as postroom, postroom.database.read() as connection:
        found = details_of(connection, mailboxes.get_by_address(connection, address))
    if as_json:
        show_json(found)
    else:
        typer.echo("\n".join(_lines(found)))


def details_of(connection: sa.Connection, mailbox: UUID) -> dict[str, Any]:
    """Return the document about a mailbox, section by section."""
    columns = ",".join(dict.fromkeys(name for names in _SECTIONS.values() for name in names))
    (row,) = _rows(connection, "mailboxes", f"mailboxid eq {mailbox}", select=columns)
    found: dict[str, Any] = {
        section: {name: row.get(name) for name in names} for section, names in _SECTIONS.items()
    }
    profile = row["_emailserverprofile_value"]
    if profile:
        about = f"emailserverprofileid eq {profile}"
        found["profile"] = _rows(connection, "emailserverprofiles", about, select=_PROFILE)
        found["circuits"] = _rows(connection, "postroom_circuits", f"profileid eq {profile}")
    mine = f"mailboxid eq {mailbox}"
    found["workloads"] = _rows(connection, "postroom_workloads", mine, orderby="workload")
    found["passes"] = _rows(
        connection, "mailboxstatistics", mine, orderby="mailboxprocessstartedon desc", top=_LATEST
    )
    about = f"_regardingobjectid_value eq {mailbox}"
    told = _rows(connection, "tracelogs", about, orderby="modifiedon desc", top=_LATEST)
    found["alerts"] = [_without_content(alert) for alert in told]
    return found


def _without_content(alert: dict[str, Any]) -> dict[str, Any]:
    """Return an alert without what it quotes of somebody's items."""
    return {**alert, "errordetails": None} if alert["tracecode"] in alerts.QUOTING else alert


def _rows(connection: sa.Connection, set_name: str, condition: str, **options: str) -> list[dict[str, Any]]:
    asked = {"$filter": condition, **{f"${name}": text for name, text in options.items()}}
    rows = run_query(connection, read_query(set_name, asked)).rows
    return [{name: value for name, value in row.items() if "@" not in name} for row in rows]


def _lines(found: Mapping[str, Any]) -> list[str]:
    lines: list[str] = []
    for section, said in found.items():
        lines += ["", f"## {section.replace('_', ' ').capitalize()} (times in UTC)"]
        if isinstance(said, dict):
            lines += [f"{name}: {cell(value)}" for name, value in said.items()]
        else:
            lines += [json.dumps(row, ensure_ascii=False) for row in said] or ["none"]
    return lines[1:]
