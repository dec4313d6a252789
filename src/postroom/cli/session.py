"""What a command begins and ends with: settings read, the store opened, an exit status."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import typer

from postroom.app.log import set_up_log
from postroom.app.settings import read_settings
from postroom.app.wiring import Postroom, open_postroom
from postroom.cli.exit import Exit
from postroom.cli.show import complain
from postroom.errors import PostroomError, UserError

T = TypeVar("T")


@contextmanager
def opened() -> Iterator[Postroom]:
    """Give the Postroom that the settings describe, and close it afterwards."""
    settings = read_settings()
    set_up_log(settings.log)
    with open_postroom(settings) as postroom:
        yield postroom


@contextmanager
def as_wrong_use() -> Iterator[None]:
    """Let mistakes in what was typed end the command as wrong use."""
    try:
        yield
    except UserError as fault:
        complain(fault.problems)
        raise typer.Exit(Exit.WRONG_USE) from fault


def file_named(text: str) -> Path | None:
    """Return the file of this name, or None where the text names something else, such as a Message-ID."""
    file = Path(text)
    try:
        return file if file.is_file() else None
    except (OSError, ValueError):  # longer than a name may be, or with a NUL in it
        return None


def for_each(ids: Sequence[T], act: Callable[[T], None]) -> None:
    """Act on each id; what fails is told, the rest is done, and the exit status says which it was."""
    failures = 0
    for id_ in ids:
        try:
            act(id_)
        except PostroomError as fault:
            failures += 1
            complain([f"{id_}: {fault}"])
    if failures:
        raise typer.Exit(Exit.FAILED if failures == len(ids) else Exit.PARTLY_DONE)
