"""Commands on addresses and the records they stand for: show, resolve, forget."""

from typing import Annotated
from uuid import UUID

import typer

from postroom.cli.session import as_wrong_use, opened
from postroom.cli.show import AsJson, say, show_json, show_records
from postroom.errors import UserError
from postroom.passes import resolve as resolving
from postroom.schema.choices import DeliveryState, MessageKind

commands = typer.Typer(help="E-mail addresses and the records that they stand for.")

_Address = Annotated[str, typer.Argument(metavar="ADDRESS", help="The e-mail address.")]


def add_to(app: typer.Typer) -> None:
    """Put the group into the application."""
    app.add_typer(commands, name="address")


@commands.command()
def show(address: _Address, *, as_json: AsJson = False) -> None:
    """Show the records that have an address, how many parties wait for one, and what bounced."""
    with opened() as postroom, postroom.database.read() as connection:
        standing = resolving.standing_of(connection, address)
    records = [
        {
            "table": known.table,
            "id": str(known.id),
            "name": known.name,
            "active": known.active,
            "chosen": known.chosen,
        }
        for known in standing.known
    ]
    reports = [
        {
            "createdon": f"{row['createdon']:%Y-%m-%dT%H:%M:%SZ}",
            "state": DeliveryState(row["state"]).label,
            "kind": MessageKind(row["kind"]).label,
            "status": row["status"],
            "diagnostic": row["diagnostic"],
            "email": str(row["emailid"]),
        }
        for row in standing.reports
    ]
    if as_json:
        show_json(
            {
                "address": standing.address,
                "records": records,
                "unresolved": standing.unresolved,
                "reports": reports,
            }
        )
        return
    show_records(records, as_json=False)
    say(f"{standing.unresolved} party(ies) with this address belong to no record.")
    if reports:
        show_records(reports, as_json=False)


@commands.command()
def resolve(
    address: _Address,
    record: Annotated[str, typer.Argument(metavar="TABLE:ID", help="The record, such as contact:ID.")],
) -> None:
    """Let an address stand for a record: for e-mails to come, and for all unresolved parties there are."""
    with as_wrong_use():
        table, key = _read_record(record)
    with opened() as postroom:
        resolved = resolving.resolve(postroom.context(), address, table, key)
    say(f"{address} stands for {record} from now on; {resolved} party(ies) were resolved.")


@commands.command()
def forget(address: _Address) -> None:
    """Let the rules find the record of an address again; what was resolved stays as it is."""
    with opened() as postroom:
        was_there = resolving.forget_choice(postroom.context(), address)
    say("The choice is forgotten." if was_there else "Nobody has chosen a record for this address.")


def _read_record(text: str) -> tuple[str, UUID]:
    table, _, key = text.partition(":")
    try:
        record = table.strip().lower(), UUID(key.strip())
    except ValueError:
        raise UserError(f"{text!r} names no record: write TABLE:ID, such as contact:ID.") from None
    resolving.check_table(record[0])
    return record
