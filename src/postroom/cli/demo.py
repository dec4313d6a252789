"""The command demo: the whole round over the sandbox, shown and checked."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from postroom.app.service import crew_of
from postroom.app.settings import settings_in
from postroom.cli.exit import Exit
from postroom.cli.round import Round, Stage, play, stage
from postroom.schema.choices import RunStatus


def add_to(app: typer.Typer) -> None:
    """Put the command into the application."""
    app.command("demo")(demo)


def demo(
    *,
    serve: Annotated[
        bool, typer.Option("--serve", help="Keep the sandbox and a worker running afterwards.")
    ] = False,
    home: Annotated[
        Path | None, typer.Option(help="Keep everything in this directory instead of a passing one.")
    ] = None,
) -> None:
    """Show the whole round: a sandbox, a sample company, mail received, tracked, sent and answered."""
    console = Console(width=None if sys.stdout.isatty() else 130)
    with _directory(home) as directory, stage(settings_in(directory)) as on:
        made = _played(on, console)
        _show(made, console)
        if serve:
            _serve(on, directory, console)
    if not made.worked:
        console.print("[bold red]Something did not come out as it ought to; see the lines marked with ✗.[/]")
        raise typer.Exit(Exit.FAILED)
    console.print("[bold green]All of it worked.[/]")


@contextmanager
def _directory(home: Path | None) -> Iterator[Path]:
    if home is not None:
        home.mkdir(parents=True, exist_ok=True)
        yield home
        return
    with tempfile.TemporaryDirectory(prefix="postroom-demo-") as made:
        yield Path(made)


def _played(on: Stage, console: Console) -> Round:
    if not console.is_terminal:
        return play(on, lambda sentence: console.print(f"- {sentence}"))
    with console.status("Starting") as status:

        def say(sentence: str) -> None:
            console.print(f"[dim]·[/] {sentence}")
            status.update(sentence)

        return play(on, say)


def _show(made: Round, console: Console) -> None:
    console.print(_tests(made), _arrivals(made), _departures(made), _scenes(made), sep="\n\n")
    console.print(
        f"{len(made.arrivals)} messages seen, {sum(a.sample.tracked for a in made.arrivals)} tracked; "
        f"{made.outside} e-mails left for the outside world.\n"
    )


def _mark(*, good: bool) -> Text:
    return Text("✓", "green") if good else Text("✗", "bold red")


def _tests(made: Round) -> Table:
    table = Table("", "Mailbox", "Incoming", "Outgoing", "Steps", title="Mailboxes tested and enabled")
    for report in made.tests:
        slowest = sum(finding.seconds for finding in report.findings) * 1000
        steps = f"{len(report.findings)} steps in {slowest:.0f} ms"
        table.add_row(
            _mark(good=report.status is RunStatus.SUCCESS),
            report.address,
            report.incoming.label,
            report.outgoing.label,
            steps,
        )
    return table


def _arrivals(made: Round) -> Table:
    table = Table("", "Message", "Mailbox", "Became", "Why", title="Received, and what became of it")
    for arrival in made.arrivals:
        decision = arrival.decision
        became = "nothing recorded" if decision is None else "tracked" if decision.tracked else "not tracked"
        why = "" if decision is None else f"{decision.reason.label}: {decision.reason.sentence}"
        table.add_row(_mark(good=arrival.as_expected), arrival.sample.story, arrival.address, became, why)
    return table


def _departures(made: Round) -> Table:
    table = Table("", "E-mail", "From", "To", "Status", "Reported", "Why", title="Sent")
    for departure in made.departures:
        answer = departure.answer
        table.add_row(
            _mark(good=departure.as_expected),
            answer.story,
            answer.sender,
            answer.recipient,
            departure.status.label,
            departure.reported.label if departure.reported else "",
            departure.why,
        )
    return table


def _scenes(made: Round) -> Table:
    table = Table("", "What happens", "What came of it", title="At Eva's desk: a mailbox on an Exchange")
    for scene in made.scenes:
        table.add_row(_mark(good=scene.as_expected), scene.story, scene.outcome)
    return table


def _serve(on: Stage, directory: Path, console: Console) -> None:
    """Keep the sandbox and a worker going until Ctrl-C."""
    from postroom.engine.worker import Worker

    console.print(
        f"The worker is running. POP3 listens on 127.0.0.1:{on.pop3_port}, "
        f"SMTP on 127.0.0.1:{on.smtp.port}, Exchange at {on.ews_url}.\n"
        f"Look around in another terminal:  POSTROOM_HOME={directory} postroom query emails\n"
        "Stop with Ctrl-C."
    )
    Worker(crew_of(on.postroom)).run_until_told()
