"""Commands on the store: init, load, query."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from postroom.api.load import LoadReport, load_document
from postroom.api.odata.query import read_query, run_query
from postroom.api.odata.render import Annotation
from postroom.api.upsert import Done
from postroom.app.settings import read_settings
from postroom.app.wiring import set_up
from postroom.cli.session import as_wrong_use, opened
from postroom.cli.show import AsJson, progress_of, say, show_json, show_records
from postroom.errors import UserError

_LABELS = frozenset({Annotation.FORMATTED, Annotation.TARGET})


def add_to(app: typer.Typer) -> None:
    """Put the commands of this group into the application."""
    app.command("init")(init)
    app.command("load")(load)
    app.command("query")(query)


def init() -> None:
    """Create the store, or upgrade it, and everything else that is needed on this machine."""
    done = set_up(read_settings())
    for sentence in done or ["Everything is in place already."]:
        say(sentence)


def load(
    file: Annotated[Path, typer.Argument(help="A JSON file, or - for standard input.", allow_dash=True)],
    *,
    as_json: AsJson = False,
) -> None:
    """Take in records: {"queues": [...], "contacts": [...], ...} with Web API column names and @odata.bind.

    Sets may come in any order. A record with an id that exists is changed, so loading twice changes nothing.
    All of it is taken in, or nothing, with every problem named.
    """
    document = read_document(file)
    with opened() as postroom, progress_of("Loading") as progress:
        report = load_document(postroom.database, postroom.records, document, progress=progress)
    if as_json:
        show_json(report.as_rows())
    else:
        say(_summary(report))


def query(
    set_name: Annotated[str, typer.Argument(metavar="SET", help="The set to read, such as emails.")],
    *,
    filter_: Annotated[
        str | None, typer.Option("--filter", help="Which rows: statecode eq 0 and contains(subject,'x')")
    ] = None,
    select: Annotated[str | None, typer.Option(help="Which columns: subject,createdon")] = None,
    orderby: Annotated[str | None, typer.Option(help="In which order: createdon desc,subject")] = None,
    top: Annotated[str | None, typer.Option(metavar="N", help="How many rows at most.")] = None,
    expand: Annotated[
        str | None, typer.Option(help="Related records: email_activity_parties($select=addressused)")
    ] = None,
    labels: Annotated[
        bool, typer.Option("--labels", help="Add labels of choices, names of lookups.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Read any table with the Web API's own syntax."""
    said = {"$filter": filter_, "$select": select, "$orderby": orderby, "$top": top, "$expand": expand}
    with as_wrong_use():
        asked = read_query(set_name, {name: text for name, text in said.items() if text is not None})
    with opened() as postroom, postroom.database.read() as connection:
        answer = run_query(connection, asked, _LABELS if labels else frozenset())
    columns = list(answer.rows[0]) if answer.rows and select else []
    show_records(answer.rows, columns, as_json=as_json)


def read_document(file: Path) -> dict[str, Any]:
    """Return the JSON object in a file or on standard input."""
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8-sig")
        document = json.loads(text)
    except OSError as fault:
        raise UserError(f"{file} can't be read: {fault.strerror}.") from fault
    except (ValueError, RecursionError) as fault:
        raise UserError(f"{file} is not JSON: {fault}.") from fault
    if not isinstance(document, dict):
        raise UserError(f'{file} must hold an object of sets: {{"queues": [...], "contacts": [...]}}.')
    return document


def _summary(report: LoadReport) -> str:
    made = ", ".join(f"{count} {set_name}" for set_name, count in report.created().items())
    same, changed = report.count(Done.SAME), report.count(Done.CHANGED)
    return f"Made {made or 'nothing new'}; changed {changed}; {same} were there already."
