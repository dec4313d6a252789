"""Test connection: an Exchange profile tried with one mailbox; it keeps the outcome."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from postroom.configuration.exchange import is_exchange
from postroom.errors import TransportError, UserError
from postroom.passes.context import Context
from postroom.passes.exchange import try_exchange
from postroom.schema.choices import ExecutionStatus, SuccessOrFailure, Workload
from postroom.servers.connection import Step
from postroom.store import profiles
from postroom.store.mailboxes import Setup

#: The column keeps so many characters.
_LONGEST = 2084


@dataclass(frozen=True, slots=True)
class ConnectionReport:
    """The outcome of a test, step by step."""

    profile: UUID
    address: str
    steps: tuple[Step, ...]

    @property
    def ok(self) -> bool:
        """Say whether every step worked."""
        return bool(self.steps) and all(step.ok for step in self.steps)


def test_connection(context: Context, profile: UUID, address: str) -> ConnectionReport:
    """Try the profile's Exchange with the mailbox of this address and write down what came of it.

    Nothing is switched on or off by it, and nothing in the mailbox is changed.
    """
    with context.database.read() as connection:
        setup = profiles.setup_for(connection, profile, address)
    if not is_exchange(setup.profile or {}):
        raise UserError(
            "Only the connections of Exchange profiles are tested so; test the mailboxes of this one instead."
        )
    started_at = context.clock.now()
    report = ConnectionReport(profile, address, tuple(_tried(context, setup)))
    with context.database.write() as connection:
        profiles.record_test(
            context.database, connection, profile, _outcome(report, started_at), context.clock.now()
        )
    return report


# pytest would take the name for a test of its own.
test_connection.__test__ = False  # type: ignore[attr-defined]


def _tried(context: Context, setup: Setup) -> list[Step]:
    steps: list[Step] = []
    try:
        for step in try_exchange(context, setup, Workload.INCOMING):
            steps.append(replace(step, reply=said_by(step)))
    except (TransportError, UserError) as failure:
        steps.append(Step("preconditions", ok=False, seconds=0.0, reply=str(failure), failure=failure))
    return steps


def said_by(step: Step) -> str:
    """Return what is worth showing of a step: the server's words, or what to do when it failed."""
    if step.failure is None:
        return step.reply
    said = str(step.failure)
    words = step.failure.reply if isinstance(step.failure, TransportError) else ""
    return f"{said} The server said: {words}" if words and words not in said else said


def _outcome(report: ConnectionReport, started_at: datetime) -> dict[str, Any]:
    """Return the columns that a test sets."""
    names = [step.name for step in report.steps]
    signed_in = any(step.name == "sign in" and step.ok for step in report.steps)
    last = report.steps[-1].reply if report.steps else ""
    told = "; ".join(f"{step.name}: {step.reply}" for step in report.steps)
    good, bad = SuccessOrFailure.SUCCESS, SuccessOrFailure.FAILURE
    return {
        "lastteststarttime": started_at,
        "lasttesttotalexecutiontime": int(sum(step.seconds for step in report.steps) * 1000),
        "lasttestrequest": f"{report.address}: {', '.join(names)}"[:_LONGEST],
        "lasttestresponse": told[:_LONGEST],
        "lastcrmmessage": last[:_LONGEST],
        "lastauthorizationstatus": int(good if signed_in else bad),
        "lasttestexecutionstatus": int(ExecutionStatus.SUCCESS if report.ok else ExecutionStatus.FAILURE),
        "lasttestvalidationstatus": int(bad if "preconditions" in names else good),
    }
