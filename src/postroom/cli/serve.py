"""The command serve: the Web API on the network, and a worker beside it."""

import ipaddress
import os
import signal
import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from postroom.app.wiring import Postroom
from postroom.cli.exit import Exit
from postroom.cli.session import opened
from postroom.cli.show import complain
from postroom.errors import UserError

if TYPE_CHECKING:
    from postroom.app.probes import Questions
    from postroom.cli.server import ApiServer


def add_to(app: typer.Typer) -> None:
    """Put the command into the application."""
    app.command("serve")(serve)


def serve(
    *,
    host: Annotated[str | None, typer.Option(help="Where to listen; the setting when not given.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")] = None,
    tls_cert: Annotated[Path | None, typer.Option(help="PEM file with the server's certificate.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="PEM file with the certificate's key.")] = None,
    no_worker: Annotated[
        bool, typer.Option("--no-worker", help="Answer requests only; workers run elsewhere.")
    ] = False,
) -> None:
    """Serve the Web API, and run due passes, until told to stop by SIGTERM or SIGINT."""
    # The server and the engine take a while to load and no other command needs them.
    from postroom.app.shift import on_shift, questions_without_worker

    with opened() as postroom, ExitStack() as stack:
        shift = None if no_worker else stack.enter_context(on_shift(postroom))
        questions = questions_without_worker(postroom) if shift is None else shift.questions
        server = _server(postroom, host, port, tls_cert, tls_key, questions)
        # The server takes these signals while it runs and sends them again when it has ended.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: None)
        if shift is not None:
            shift.worker.start()
        server.run(on_started=_announce)
        ended = shift is None or shift.worker.stop()
    if not ended:
        # A pass that hangs has a thread that would keep the process alive; the store takes its work back.
        sys.stdout.flush()
        os._exit(Exit.PARTLY_DONE)


def _server(
    postroom: Postroom,
    host: str | None,
    port: int | None,
    certificate: Path | None,
    key: Path | None,
    questions: "Questions",
) -> "ApiServer":
    """Return the server that the options, or else the settings, describe."""
    from postroom.cli.server import ApiServer

    web = postroom.settings.web
    certificate, key = certificate or web.tls_certificate, key or web.tls_key
    check_tls(certificate, key)
    return ApiServer(
        postroom,
        host=web.host if host is None else host,
        port=web.port if port is None else port,
        certificate=certificate,
        key=key,
        questions=questions,
    )


def check_tls(certificate: Path | None, key: Path | None) -> None:
    """Refuse half of what TLS needs, and files that are not there."""
    if (certificate is None) is not (key is None):
        raise UserError("TLS needs both --tls-cert and --tls-key.")
    for file in (certificate, key):
        if file is not None and not file.is_file():
            raise UserError(f"There is no file {file}.")


def _announce(url: str) -> None:
    if url.startswith("http:") and not _is_loopback(url):
        complain(
            [
                "Keys and mail travel in the clear without TLS: give --tls-cert and --tls-key, or let a "
                "proxy on this machine do it."
            ]
        )
    typer.echo(f"Serving {url}/api/data/v9.2/. Stop with Ctrl-C.")


def _is_loopback(url: str) -> bool:
    host = url.partition("://")[2].rpartition(":")[0].strip("[]")
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"
