"""Alerts: which trouble is told to whom, and in which words."""

from dataclasses import replace
from datetime import datetime
from functools import partial

import sqlalchemy as sa
from sqlalchemy import Connection

from postroom.engine.health import Outage
from postroom.engine.retry import in_words, rule_for
from postroom.engine.work import Report, Trouble
from postroom.errors import SignInRejected, Unconfigured
from postroom.passes.context import Context
from postroom.schema.choices import Cause, TraceLevel, Workload
from postroom.schema.organization import Organization
from postroom.store import alerts, hindrances
from postroom.store.alerts import Alert
from postroom.store.workloads import Silent

_ORGANIZATION = Organization.__table__

#: A server that does not serve for longer than this is no passing trouble any more; in seconds.
_PASSING_FOR = 3600.0

_STOPPED = {
    Workload.INCOMING: "receives nothing until then",
    Workload.OUTGOING: "sends nothing until then",
    Workload.ITEMS: "synchronizes nothing until then",
}

_STOPPED_ALERT = Alert(
    12, TraceLevel.ERROR, "The workload is stopped.", "Mend what the details name, then test the mailbox."
)

#: What cures a server's trouble, by its cause.
_CURES = {
    Cause.UNREACHABLE: "Nothing to do unless it lasts; then see whether the server runs, whether location "
    "and port in the profile are right, and whether a firewall is in the way.",
    Cause.THROTTLED: "Nothing to do. Where it happens often, lower maxconcurrentconnections of the profile.",
    Cause.PROTOCOL: "See whether something else answers in the server's place: a proxy, a page on "
    "maintenance, another kind of server.",
    Cause.SIGN_IN: "If the account's password was changed, enter the new one in the profile or the "
    "mailboxes; it is then tried at once. If not, the server's directory may be at fault.",
}


def reporter(context: Context) -> Report:
    """Return what tells owners of trouble, in the transaction that ends the pass.

    What is a mailbox's is told its owner; what is a server's is told the owner of the profile and, where the
    organization wants it so, those of the mailboxes too.
    """

    def report(connection: Connection, trouble: Trouble | Outage) -> None:
        if isinstance(trouble, Outage):
            report_outage(context, connection, trouble)
            return
        alert, mailbox = alert_for(trouble), trouble.mailbox_id
        alerts.raise_alert(context.database, connection, mailbox, alert, trouble.at, machine=context.host)

    return report


def report_outage(context: Context, connection: Connection, outage: Outage) -> None:
    """Tell of a server that does not serve, or does so again."""
    alert = alert_for_outage(outage)
    tell = partial(alerts.raise_alert, context.database, connection, machine=context.host)
    tell(outage.profile_id, alert, outage.at, table="emailserverprofile")
    wanted = connection.scalar(sa.select(_ORGANIZATION.c.notifymailboxownerofemailserverlevelalerts))
    if wanted and (outage.is_over or not outage.probes):
        for mailbox in hindrances.mailboxes_of(connection, outage.profile_id):
            tell(mailbox, alert, outage.at)


def alert_for_outage(outage: Outage) -> Alert:
    """Return the alert that says which server does not serve, since when, and how it goes on."""
    if outage.is_over:
        text = f"{outage.server} serves again after {in_words(outage.lasts_for)}."
        cure = "Its mailboxes are caught up with, one after another."
        return replace(alerts.SERVER_BACK, text=text, cure=cure, about=outage.server)
    return Alert(
        21,
        _level_of(outage),
        f"{outage.cause.label}: {outage.server}, since {outage.opened_at:%Y-%m-%d %H:%M:%SZ}. Its mailboxes "
        "wait, nothing is lost and none is switched off; one at a time tries whether it serves again.",
        _CURES[outage.cause],
        outage.said,
        outage.server,
        outage.cause.label,
        "postroom status",
    )


def _level_of(outage: Outage) -> TraceLevel:
    if outage.cause is Cause.THROTTLED:
        return TraceLevel.INFORMATION
    lasts = outage.lasts_for >= _PASSING_FOR or outage.cause is Cause.SIGN_IN
    return TraceLevel.ERROR if lasts else TraceLevel.WARNING


def alert_for(trouble: Trouble) -> Alert:
    """Return the alert that says what happened, whose fault it is and what cures it."""
    about = trouble.workload.name.lower()
    if trouble.is_over:
        text = f"{trouble.workload.label} works again after {trouble.failures} failed passes."
        return Alert(11, TraceLevel.INFORMATION, text, about=about)
    details = str(trouble.failure or trouble.reason)
    rule = rule_for(trouble.failure) if trouble.failure else None
    cause = rule.cause.label if rule else ""
    if trouble.is_stopped:
        was_refused = isinstance(trouble.failure, SignInRejected) and not isinstance(
            trouble.failure, Unconfigured
        )
        stopped = alerts.SIGN_IN_REJECTED if was_refused else _STOPPED_ALERT
        text = f"{stopped.text} The mailbox {_STOPPED[trouble.workload]}."
        return replace(stopped, text=text, details=details, about=about, cause=cause)
    level = trouble.level or TraceLevel.WARNING
    text = f"{trouble.workload.label} failed; it is tried again by itself and nothing is lost."
    whose = f"The fault is {rule.whose.value}; to act: {rule.actor.value}." if rule else ""
    return Alert(10, level, text, whose, details, about, cause)


def alert_for_silence(silent: Silent, now: datetime) -> Alert:
    """Return the alert that says that nothing has succeeded for too long, and how the last pass ended."""
    since = in_words((now - silent.since).total_seconds())
    ended = f"The last pass failed: {silent.error}" if silent.error else "No pass has ended since."
    return replace(
        alerts.SILENT,
        text=f"{silent.workload.label}: no pass has succeeded for {since}.",
        details=ended,
        about=silent.workload.name.lower(),
    )
