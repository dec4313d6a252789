"""Commands on e-mail that is to leave: list, resend, settle."""

from typing import Annotated
from uuid import UUID

import typer

from postroom.api.odata.query import read_query, run_query
from postroom.api.odata.render import Annotation
from postroom.cli.mailbox import in_words, without_labels
from postroom.cli.session import for_each, opened
from postroom.cli.show import AsJson, say, show_records
from postroom.passes import issue
from postroom.schema.choices import EmailStatus, SendOutcome

commands = typer.Typer(help="E-mail that waits to leave, has failed, or may have left.")

Emails = Annotated[list[UUID], typer.Argument(metavar="ID...", help="Ids that `outbox list` shows.")]

_LIST = (
    "activityid,subject,torecipients,statuscode,postroom_sendoutcome,deliveryattempts,"
    "postponeemailprocessinguntil,postroom_sendreason"
)
_UNFINISHED = (EmailStatus.PENDING_SEND, EmailStatus.SENDING, EmailStatus.FAILED)


def add_to(app: typer.Typer) -> None:
    """Put the group into the application."""
    app.add_typer(commands, name="outbox")


@commands.command("list")
def list_emails(*, as_json: AsJson = False) -> None:
    """List the e-mails that have not certainly left, and why."""
    statuses = ",".join(str(int(status)) for status in _UNFINISHED)
    condition = (
        f"directioncode eq true and "
        f"(statuscode in ({statuses}) or postroom_sendoutcome eq {int(SendOutcome.UNCERTAIN)})"
    )
    asked = read_query("emails", {"$select": _LIST, "$filter": condition, "$orderby": "createdon"})
    with opened() as postroom, postroom.database.read() as connection:
        rows = run_query(connection, asked, frozenset({Annotation.FORMATTED})).rows
    shown = [without_labels(row) if as_json else in_words(row) for row in rows]
    show_records(shown, _LIST.split(","), as_json=as_json)


@commands.command()
def resend(emails: Emails) -> None:
    """Send failed or uncertain e-mails once more. An uncertain one may reach its readers twice."""
    with opened() as postroom:
        context = postroom.context()

        def act(email: UUID) -> None:
            issue.resend(context, email)
            say(f"{email}: waits to be sent.")

        for_each(emails, act)


@commands.command()
def settle(emails: Emails) -> None:
    """Record uncertain e-mails as sent, because you have found out that they were."""
    with opened() as postroom:
        context = postroom.context()

        def act(email: UUID) -> None:
            issue.settle_as_sent(context, email)
            say(f"{email}: recorded as sent.")

        for_each(emails, act)
