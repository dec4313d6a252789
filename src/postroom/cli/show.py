"""What commands print: tables on a terminal, plain lines in a pipe, JSON when asked.

Drawing is imported where there is a terminal to draw on: it takes a good part of a command's start, and
programs that call commands by the thousand need none of it.
"""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any

import typer

Row = Mapping[str, Any]

#: The option of every command that prints records.
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]

# Wider tables can't be read on a terminal; --select and --json show the rest.
_COLUMNS = 8
# Control characters of a subject or a name must not reach the terminal.
_CONTROL = dict.fromkeys((*range(32), 127, *range(128, 160)), " ")


def show_records(rows: Sequence[Row], columns: Sequence[str] = (), *, as_json: bool) -> None:
    """Print rows: as JSON, as a table, or in a pipe as lines with tabs, the names first."""
    if as_json:
        show_json(list(rows))
        return
    columns = columns or columns_worth_showing(rows)
    if not rows:
        say("Nothing.")
        return
    cells = ([cell(row.get(column)) for column in columns] for row in rows)
    if sys.stdout.isatty():
        from postroom.cli.drawing import draw_table  # only here, see above

        draw_table(columns, cells)
    else:
        for line in (columns, *cells):
            _write_line(line)


def show_record(row: Row, *, as_json: bool) -> None:
    """Print one row, a line for each value that is there."""
    if as_json:
        show_json(row)
        return
    pairs = [
        {"name": name, "value": cell(value)} for name, value in row.items() if value not in (None, "", [])
    ]
    width = max((len(pair["name"]) for pair in pairs), default=0)
    for pair in pairs:
        sys.stdout.write(f"{pair['name']:<{width}}  {pair['value']}\n")


def show_json(value: Any) -> None:
    """Print a value as JSON."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def say(sentence: str) -> None:
    """Tell the person at the terminal how it went; a pipe stays clean."""
    if sys.stdout.isatty():
        sys.stdout.write(sentence + "\n")


@contextmanager
def progress_of(what: str) -> Iterator[Callable[[int, int], None]]:
    """Give a function that takes how much is done and how much there is, and shows it on a terminal."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from postroom.cli.drawing import draw_progress  # only here, see above

    with draw_progress(what) as progress:
        yield progress


def complain(problems: Iterable[str]) -> None:
    """Print problems on standard error."""
    for problem in problems:
        sys.stderr.write(f"postroom: {problem.translate(_KEEPING_LINES)}\n")


def columns_worth_showing(rows: Sequence[Row]) -> list[str]:
    """Return the columns in which at least one row has something to say, the first few of them."""
    names = dict.fromkeys(name for row in rows for name in row if "@" not in name)
    return [name for name in names if any(row.get(name) not in (None, "") for row in rows)][:_COLUMNS]


def cell(value: Any) -> str:
    """Return a value as text on one line.

    >>> cell(True), cell(None), cell("two\\nlines"), cell([1])
    ('yes', '', 'two lines', '[1]')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value.translate(_CONTROL)
    return json.dumps(value, ensure_ascii=False)


def instant(value: datetime | None) -> str | None:
    """Return a moment as the Web API writes it."""
    return None if value is None else value.strftime("%Y-%m-%dT%H:%M:%SZ")


_KEEPING_LINES = {code: text for code, text in _CONTROL.items() if code != ord("\n")}


def _write_line(cells: Iterable[str]) -> None:
    sys.stdout.write("\t".join(cells) + "\n")
