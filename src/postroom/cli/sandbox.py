"""The command sandbox: mail servers to play with."""

import json
import signal
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from postroom.cli.session import as_wrong_use
from postroom.errors import UserError
from postroom.sandbox import company
from postroom.sandbox.faults import Faults, read_faults
from postroom.sandbox.mailboxes import SandboxMailboxes
from postroom.sandbox.pop3 import SandboxPop3
from postroom.sandbox.smtp import SandboxSmtp


def add_to(app: typer.Typer) -> None:
    """Put the command into the application."""
    app.command("sandbox")(sandbox)


def sandbox(
    *,
    pop3_port: Annotated[int, typer.Option(help="Port of the POP3 server; 0 takes a free one.")] = 0,
    smtp_port: Annotated[int, typer.Option(help="Port of the SMTP server; 0 takes a free one.")] = 0,
    faults: Annotated[Path | None, typer.Option(help="A JSON file: how the servers misbehave.")] = None,
    directory: Annotated[
        Path | None, typer.Option(help="Keep accounts and messages here; forgotten at the end without it.")
    ] = None,
) -> None:
    """Run a POP3 and an SMTP server on the loopback device until stopped; for trying things out."""
    with as_wrong_use():
        misbehaviour = _read(faults)
    server = SandboxMailboxes(directory)
    for address in company.ACCOUNTS:
        server.open_account(address, company.PASSWORD)
    with ExitStack() as running:
        pop3 = running.enter_context(SandboxPop3(server, port=pop3_port, faults=misbehaviour))
        smtp = running.enter_context(SandboxSmtp(server, port=smtp_port, faults=misbehaviour))
        typer.echo(f"POP3 listens on 127.0.0.1:{pop3.port}, SMTP on 127.0.0.1:{smtp.port}.")
        typer.echo(f"Accounts: {', '.join(company.ACCOUNTS)}; password: {company.PASSWORD}.")
        typer.echo("Stop with Ctrl-C.")
        _wait()


def _read(file: Path | None) -> Faults:
    if file is None:
        return Faults()
    try:
        described = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise UserError(f"The file of faults can't be read: {problem}") from problem
    if not isinstance(described, list):
        raise UserError("The file of faults holds a list of objects, each with a kind.")
    return read_faults(described)


def _wait() -> None:
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    told.wait()
