"""Commands that act on a mailbox: approve, test, sync-now."""

from typing import Annotated
from uuid import UUID

import typer

from postroom.api.shapes import report_in_json
from postroom.app.wiring import Postroom
from postroom.cli.exit import Exit
from postroom.cli.session import opened
from postroom.cli.show import AsJson, show_json
from postroom.passes.test_mailbox import Report, test_mailbox
from postroom.schema.choices import AccessApproval, RunStatus, Workload
from postroom.store import mailboxes, workloads

Addresses = Annotated[list[str], typer.Argument(metavar="ADDRESS...", help="Addresses or ids of mailboxes.")]


def add_to(app: typer.Typer) -> None:
    """Put the commands beside the others about mailboxes."""
    app.command("approve")(approve)
    app.command("test")(try_out)
    app.command("sync-now")(sync_now)


def _ids(postroom: Postroom, addresses: list[str]) -> list[UUID]:
    with postroom.database.read() as connection:
        return [mailboxes.get_by_address(connection, address) for address in addresses]


def approve(addresses: Addresses) -> None:
    """Approve the address of a mailbox, so that it may be processed."""
    with opened() as postroom:
        for mailbox in _ids(postroom, addresses):
            with postroom.database.write() as connection:
                approved = {"emailrouteraccessapproval": int(AccessApproval.APPROVED)}
                postroom.records.update(connection, "mailbox", mailbox, approved)


def try_out(addresses: Addresses, *, as_json: AsJson = False) -> None:
    """Test a mailbox step by step and switch on what works."""
    with opened() as postroom:
        context = postroom.context()
        reports = [test_mailbox(context, mailbox) for mailbox in _ids(postroom, addresses)]
    if as_json:
        show_json([report_in_json(report) for report in reports])
    else:
        typer.echo("\n\n".join(in_words(report) for report in reports))
    passed = sum(report.status is RunStatus.SUCCESS for report in reports)
    if passed < len(reports):
        raise typer.Exit(Exit.PARTLY_DONE if passed else Exit.FAILED)


_SIDES = {Workload.INCOMING: "in ", Workload.OUTGOING: "out", Workload.ITEMS: "act"}


def in_words(report: Report) -> str:
    """Return a report as a person reads it."""
    items = "" if report.items is RunStatus.NOT_RUN else f", items: {report.items.label}"
    lines = [
        f"{report.address}: {report.status.label} "
        f"(incoming: {report.incoming.label}, outgoing: {report.outgoing.label}{items})"
    ]
    for finding in report.findings:
        mark = "ok  " if finding.ok else "FAIL"
        side = _SIDES[finding.workload]
        lines.append(f"  {side} {mark} {finding.seconds * 1000:7.1f} ms  {finding.name}: {finding.said}")
    return "\n".join(lines)


def sync_now(addresses: Addresses) -> None:
    """Make a mailbox's work due at once; the worker takes it up, or the next run-once."""
    with opened() as postroom:
        found = _ids(postroom, addresses)
        with postroom.database.write() as connection:
            workloads.hint(connection, found, postroom.clock.now())
