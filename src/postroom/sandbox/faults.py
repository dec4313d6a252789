"""How the sandbox can misbehave: each fault of real servers that a client must survive."""

import threading
from collections.abc import Collection
from dataclasses import dataclass, field, fields
from enum import Enum
from typing import Any

from postroom.errors import UserError


class Misbehaviour(Enum):
    """What a server of the sandbox can be told to do wrong."""

    #: Take the connection or command and never answer.
    HANG = "hang"
    #: Send the answer one octet a second.
    DRIP = "drip"
    #: Close the connection in the middle of a message.
    CLOSE = "close"
    #: Announce sizes that are not the messages' sizes.
    LIE = "lie"
    #: Give every message a new UIDL at each sign-in.
    RENUMBER = "renumber"
    #: Give two messages the same UIDL.
    REPEAT = "repeat"
    #: Refuse every sign-in.
    REFUSE = "refuse"
    #: Say that the mailbox is in use by another session.
    IN_USE = "in use"
    #: Say that the last sign-in was too short a time ago.
    TOO_SOON = "too soon"
    #: Answer each command late.
    SLOW = "slow"
    #: Refuse to give one message, and serve the others.
    WITHHOLD = "withhold"
    #: Answer in a way that is no protocol at all; Exchange: a page, with the HTTP status in `answer`.
    BABBLE = "babble"
    #: Know no UIDL.
    NO_UIDL = "no uidl"
    #: Announce no pipelining and throw away what comes before an answer.
    NO_PIPELINING = "no pipelining"
    #: Exchange: ask to come back later; `amount` seconds, `answer` "503" by HTTP, else by ErrorServerBusy.
    THROTTLE = "throttle"
    #: Exchange: answer that the state of a synchronization is not known.
    FORGET = "forget"
    #: Exchange: do what was asked and close the connection after `after` octets of the answer.
    LOSE_ANSWER = "lose answer"
    #: Exchange: answer with a SOAP fault of the code in `answer`.
    FAULT = "fault"
    #: Exchange: answer all that is asked with response messages of the code in `answer`.
    DENY = "deny"
    #: Exchange: tell subscribers nothing of what happens.
    SKIP_EVENTS = "skip events"
    #: Exchange: answer in a form that real servers use and programs stumble over; `answer` says which.
    DEVIATE = "deviate"
    #: Exchange: refuse everything as Exchange Online does since it has switched EWS off.
    SWITCHED_OFF = "switched off"


@dataclass(slots=True)
class Fault:
    """One misbehaviour: what, for whom, from which message or command on, how often."""

    kind: Misbehaviour
    #: Only for this user; empty for all.
    user: str = ""
    #: Which message of a session it strikes, counted from 1; 0 for what comes before any message.
    at: int = 0
    #: Octets sent of that message before it strikes.
    after: int = 0
    #: Seconds between octets (DRIP) or before each answer (SLOW); octets added to sizes (LIE).
    amount: float = 1.0
    #: How many times it strikes before the server behaves; 0 for ever.
    times: int = 0
    #: Exchange: only for this operation, such as GetItem; empty for all.
    operation: str = ""
    #: Exchange: only for the item with this id, Message-ID or subject; empty for all.
    item: str = ""
    #: Exchange: the code to answer with, or which kind of the misbehaviour it is.
    answer: str = ""
    _struck: int = field(default=0, repr=False)

    def concerns(self, user: str, at: int | None, operation: str = "", names: Collection[str] = ()) -> bool:
        """Say whether it strikes here; `at` None asks for faults that strike everywhere."""
        return (
            (not self.user or self.user.lower() == user.lower())
            and (not self.operation or self.operation == operation)
            and (not self.item or self.item in names)
            and (at is None or self.at == at)
            and (self.times == 0 or self._struck < self.times)
        )

    def strike(self) -> None:
        """Count one stroke."""
        self._struck += 1


class Faults:
    """The misbehaviours that a server of the sandbox is under; may be changed while it runs."""

    def __init__(self, *faults: Fault) -> None:
        self._faults = list(faults)
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Misbehave in one more way from now on."""
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """Behave from now on."""
        with self._lock:
            self._faults.clear()

    def strike(
        self,
        kind: Misbehaviour,
        user: str = "",
        at: int | None = None,
        *,
        operation: str = "",
        names: Collection[str] = (),
    ) -> Fault | None:
        """Return the fault that strikes now, counted as one stroke, or None.

        `operation` and `names` say what an Exchange is asked to do, and what the item is called.
        """
        with self._lock:
            for fault in self._faults:
                if fault.kind is kind and fault.concerns(user, at, operation, names):
                    fault.strike()
                    return fault
            return None


def read_faults(described: list[dict[str, Any]]) -> Faults:
    """Return the faults described in a file of the sandbox's command line; all mistakes at once.

    >>> read_faults([{"kind": "hang", "at": 3}]).strike(Misbehaviour.HANG, at=3).at
    3
    """
    known = {entry.name for entry in fields(Fault) if not entry.name.startswith("_")}
    problems = []
    faults = []
    for position, entry in enumerate(described, 1):
        unknown = sorted(set(entry) - known)
        if unknown:
            problems.append(
                f"Fault {position}: there is no {', '.join(unknown)}; known are {', '.join(sorted(known))}."
            )
            continue
        try:
            faults.append(Fault(**{**entry, "kind": Misbehaviour(entry.get("kind"))}))
        except ValueError:
            kinds = ", ".join(kind.value for kind in Misbehaviour)
            problems.append(f"Fault {position}: the kind is one of {kinds}, not {entry.get('kind')!r}.")
    if problems:
        raise UserError(*problems)
    return Faults(*faults)
