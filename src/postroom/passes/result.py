"""What one pass over one mailbox came to."""

from dataclasses import dataclass, field

from postroom.errors import TransportError


@dataclass(frozen=True, slots=True)
class PassResult:
    """Counts of one pass, and what ended it early, if anything did."""

    #: Items that were dealt with, whatever their verdict.
    items: int = 0
    #: Items that went into quarantine or failed.
    failed: int = 0
    #: Items that still wait.
    backlog: int = 0
    #: Why the pass ended before its time; None when it came to its end.
    failure: TransportError | None = None
    #: Whether the mail server was asked at all; if not, the pass says nothing about it.
    asked: bool = True
    #: A sentence for the status page.
    notes: str = ""
    #: Numbers worth measuring, by name: commits, octets, messages by verdict and reason. Plain values only: a
    #: worker of another release may read what this one has kept.
    counts: dict[str, int] = field(default_factory=dict)
