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
from postroom.sandbox.exchange import ExchangeOffice, SandboxExchange
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
    ews_port: Annotated[
        int | None,
        typer.Option(help="Run an Exchange too, with web services at this port; 0 takes a free one."),
    ] = None,
    faults: Annotated[Path | None, typer.Option(help="A JSON file: how the servers misbehave.")] = None,
    directory: Annotated[
        Path | None, typer.Option(help="Keep accounts and messages here; forgotten at the end without it.")
    ] = None,
) -> None:
    """Run mail servers on the loopback device until stopped; for trying things out.

    POP3 and SMTP always, and an Exchange when its port is given. Mail for the accounts reaches both.
    """
    with as_wrong_use():
        misbehaviour = _read(faults)
    server = SandboxMailboxes(directory)
    for address in company.ACCOUNTS:
        server.open_account(address, company.PASSWORD)
    office = _open_office(server) if ews_port is not None else None
    told = _listen_for_the_end()
    with ExitStack() as running:
        pop3 = running.enter_context(SandboxPop3(server, port=pop3_port, faults=misbehaviour))
        smtp = running.enter_context(
            SandboxSmtp(server, exchange=office, port=smtp_port, faults=misbehaviour)
        )
        typer.echo(f"POP3 listens on 127.0.0.1:{pop3.port}, SMTP on 127.0.0.1:{smtp.port}.")
        if office is not None:
            relay = (smtp.host, smtp.port)
            ews = SandboxExchange(office, port=ews_port or 0, faults=misbehaviour, smtp=relay)
            running.enter_context(ews)
            typer.echo(f"Exchange Web Services: {ews.url}")
            typer.echo(f"{company.SERVICE} may act as anybody there.")
        typer.echo(f"Accounts: {', '.join(company.ACCOUNTS)}; password: {company.PASSWORD}.")
        typer.echo("Stop with Ctrl-C.")
        told.wait()


def _open_office(others: SandboxMailboxes) -> ExchangeOffice:
    """Return an Exchange with the company's accounts."""
    office = ExchangeOffice(others=others)
    for address in company.ACCOUNTS:
        office.open_account(address, company.PASSWORD)
    office.open_service_account(company.SERVICE, company.PASSWORD)
    return office


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


def _listen_for_the_end() -> threading.Event:
    """Return what is set when the process is asked to end; to be called before anybody knows that it runs."""
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    return told
