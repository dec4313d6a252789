"""Commands that run passes: run-once and worker."""

import os
import sys
from collections.abc import Collection
from enum import Enum
from typing import Annotated
from uuid import UUID

import typer

from postroom.app.service import crew_of
from postroom.cli.exit import Exit
from postroom.cli.session import opened
from postroom.cli.show import AsJson, say, show_records
from postroom.configuration.permission import Obstacle
from postroom.engine.fleet import run_due
from postroom.engine.work import Settled
from postroom.passes.access import hindered
from postroom.schema.choices import Workload
from postroom.store import mailboxes, workloads


class Work(Enum):
    """A workload as the command line names it."""

    INCOMING = "incoming"
    OUTGOING = "outgoing"
    ITEMS = "items"


_WORKLOADS = {
    Work.INCOMING: Workload.INCOMING,
    Work.OUTGOING: Workload.OUTGOING,
    Work.ITEMS: Workload.ITEMS,
}


def add_to(app: typer.Typer) -> None:
    """Put the commands of this group into the application."""
    app.command("run-once")(run_once)
    app.command("worker")(worker)


def run_once(
    *,
    mailbox: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Only this mailbox, and at once, due or not.")
    ] = "",
    workload: Annotated[Work | None, typer.Option(help="Only this kind of work.")] = None,
    as_json: AsJson = False,
) -> None:
    """Run the passes that are due now, then exit; says of each what it came to."""
    only = None if workload is None else [_WORKLOADS[workload]]
    with opened() as postroom:
        crew = crew_of(postroom)
        ids: Collection[UUID] | None = None
        if mailbox:
            now = postroom.clock.now()
            with postroom.database.write() as connection:
                ids = [mailboxes.get_by_address(connection, mailbox)]
                workloads.hint(connection, ids, now)
        settled = run_due(crew, mailbox_ids=ids, only=only)
        with postroom.database.read() as connection:
            concerned = mailboxes.all_ids(connection) if ids is None else ids
            addresses = mailboxes.addresses_of(connection, concerned)
        kept_back = list(hindered(postroom.context(), concerned, only or crew.passes))
    show_records(
        [
            *(_line(entry, addresses) for entry in settled),
            *(_kept_back(addresses[id_], work, obstacle) for id_, work, obstacle in kept_back),
        ],
        ("mailbox", "workload", "items", "failed", "came to", "next"),
        as_json=as_json,
    )
    failures = sum(entry.finished.failure is not None for entry in settled)
    if failures:
        raise typer.Exit(Exit.FAILED if failures == len(settled) else Exit.PARTLY_DONE)


def _line(settled: Settled, addresses: dict[UUID, str]) -> dict[str, object]:
    result, failure = settled.finished.result, settled.finished.failure
    return {
        "mailbox": addresses.get(settled.ticket.mailbox_id, str(settled.ticket.mailbox_id)),
        "workload": settled.ticket.workload.name.lower(),
        "items": result.items,
        "failed": result.failed,
        "came to": str(failure) if failure else result.notes,
        "next": settled.due.reason,
    }


def _kept_back(address: str, workload: Workload, obstacle: Obstacle) -> dict[str, object]:
    came_to = f"not processed: {obstacle.sentence}"
    return {
        "mailbox": address,
        "workload": workload.name.lower(),
        "items": 0,
        "failed": 0,
        "came to": came_to,
        "next": obstacle.cure,
    }


def worker(
    *,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Passes at once; the setting when not given.")
    ] = None,
    metrics_port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            help="Serve /metrics, /healthz and /readyz here, 0 for any free port; else as the settings say.",
        ),
    ] = None,
) -> None:
    """Run due passes until told to stop by SIGTERM or SIGINT; any number of workers share PostgreSQL."""
    # The engine's machinery takes a while to load and no other command needs it.
    from postroom.app.shift import work

    with opened() as postroom:
        port = (postroom.settings.observe.metrics_port or None) if metrics_port is None else metrics_port
        ended = work(
            postroom,
            threads=threads or 0,
            port=port,
            on_started=lambda: say("Working. Stop with Ctrl-C."),
        )
    if not ended:
        # A pass that hangs has a thread that would keep the process alive; the store takes its work back.
        sys.stdout.flush()
        os._exit(Exit.PARTLY_DONE)
