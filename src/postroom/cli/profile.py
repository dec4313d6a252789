"""Commands on server profiles: test."""

from typing import Annotated

import typer

from postroom.cli.exit import Exit
from postroom.cli.session import opened
from postroom.cli.show import AsJson, show_json
from postroom.passes.test_connection import ConnectionReport, test_connection
from postroom.store import profiles

commands = typer.Typer(help="Server profiles: whether the servers they name can be used.")

Name = Annotated[str, typer.Argument(metavar="PROFILE", help="The profile's name or id.")]
Address = Annotated[str, typer.Argument(metavar="ADDRESS", help="A mailbox to try it with.")]


def add_to(app: typer.Typer) -> None:
    """Put the group into the application."""
    app.add_typer(commands, name="profile")


@commands.callback()
def _keep_group() -> None:
    # With one command only, the group would be taken for the command itself.
    """Do nothing; there are commands below."""


@commands.command("test")
def try_out(name: Name, address: Address, *, as_json: AsJson = False) -> None:
    """Try an Exchange profile step by step with one mailbox; nothing is switched on or changed."""
    with opened() as postroom:
        with postroom.database.read() as connection:
            profile = profiles.get_by_name(connection, name)
        report = test_connection(postroom.context(), profile, address)
    if as_json:
        show_json(as_dict(report))
    else:
        typer.echo(in_words(report))
    if not report.ok:
        raise typer.Exit(Exit.FAILED)


def as_dict(report: ConnectionReport) -> dict[str, object]:
    """Return a report as JSON has it."""
    return {
        "profile": str(report.profile),
        "emailaddress": report.address,
        "ok": report.ok,
        "steps": [
            {"step": step.name, "ok": step.ok, "seconds": round(step.seconds, 4), "said": step.reply}
            for step in report.steps
        ],
    }


def in_words(report: ConnectionReport) -> str:
    """Return a report as a person reads it."""
    lines = [f"{report.address}: {'the connection works' if report.ok else 'the connection does not work'}"]
    for step in report.steps:
        mark = "ok  " if step.ok else "FAIL"
        lines.append(f"  {mark} {step.seconds * 1000:7.1f} ms  {step.name}: {step.reply}")
    return "\n".join(lines)
