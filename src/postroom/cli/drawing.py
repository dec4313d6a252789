"""What is drawn on a terminal: tables and progress."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text


def draw_table(columns: Sequence[str], rows: Iterable[Iterable[str]]) -> None:
    """Draw a table on standard output, as wide as the terminal."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        # Text, not markup: a subject may hold square brackets.
        table.add_row(*map(Text, row))
    Console().print(table)


@contextmanager
def draw_progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """Give a function that takes how much is done and how much there is, and draws it on standard error."""
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
