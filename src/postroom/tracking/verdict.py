"""The outcome of a decision: tracked or not, the reason, the evidence and the trail."""

from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from postroom.schema.choices import CorrelationMethod, FilteringMethod, Reason, SetBy
from postroom.tracking.facts import Correlated, Known


class Step(NamedTuple):
    """One rule that was tried, and what it found, in words for the administrator."""

    rule: str
    finding: str


@dataclass(slots=True)
class Verdict:
    """What is to become of one message, and why; a rule makes it, `decide` adds the evidence, no more."""

    track: bool
    reason: Reason
    #: The user or queue whose rules accepted the message.
    acceptor: Known | None = None
    #: All whose rules accept it, the acceptor first; queues among them get a queue item.
    accepting: tuple[Known, ...] = ()
    #: The filtering method that decided.
    filtering: FilteringMethod | None = None
    #: The address that was found in the store and settled the matter.
    matched_address: str = ""
    matched: Known | None = None
    correlated: Correlated | None = None
    method: CorrelationMethod = CorrelationMethod.NONE
    #: How surely it belongs to the correlated e-mail, of 100; None where that is not in doubt.
    score: int | None = None
    #: The sent e-mail that the message reports on.
    reported: Correlated | None = None
    #: What the e-mail is to regard, and who settled that.
    regarding: UUID | None = None
    regarding_table: str | None = None
    regarding_by: SetBy | None = None
    tracked_by: SetBy = SetBy.RULE
    #: The e-mail that already holds this message, when the reason is a duplicate.
    duplicate: UUID | None = None
    trail: tuple[Step, ...] = ()
