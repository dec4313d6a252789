"""The command doctor: looks at all that an installation needs."""

from dataclasses import asdict
from typing import Any

import typer

from postroom.app.doctor import examine
from postroom.cli.exit import Exit
from postroom.cli.show import AsJson, show_records


def add_to(app: typer.Typer) -> None:
    """Put the command into the application."""
    app.command("doctor")(doctor)


def doctor(*, as_json: AsJson = False) -> None:
    """Check settings, files, store, clock, disk, passwords, mail hosts; say what is wrong and what to do."""
    findings = list(examine())
    rows: list[dict[str, Any]] = [asdict(finding) for finding in findings]
    show_records(rows, ("ok", "check", "said"), as_json=as_json)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(Exit.FAILED)
