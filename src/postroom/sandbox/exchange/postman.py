"""What leaves a mailbox: to others in the office, to the sandbox's mailboxes, to a relay."""

import smtplib
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import format_datetime
from typing import Protocol

from postroom.ports.clock import Clock
from postroom.sandbox.exchange.bounce import write_bounce
from postroom.sandbox.mailboxes import SandboxMailboxes

#: Seconds that the relay has for an answer.
RELAY_PATIENCE = 20.0


@dataclass(frozen=True, slots=True)
class Letter:
    """A message under way and those it is for."""

    sender: str
    recipients: tuple[str, ...]
    data: bytes


class Inboxes(Protocol):
    """Where mail is delivered that stays here."""

    clock: Clock

    def takes(self, address: str) -> bool:
        """Say whether the address has a mailbox here."""
        ...

    def deliver(self, address: str, raw: bytes) -> str:
        """Put a message into the mailbox of the address."""
        ...


class Postman:
    """Carries letters: at once within the office, and outside when `carry_out` is called.

    `carry_out` is called without the office's lock, since the relay may deliver back to us.
    """

    def __init__(self, inboxes: Inboxes, others: SandboxMailboxes | None) -> None:
        #: Host and port of the SMTP server for everybody else.
        self.relay: tuple[str, int] | None = None
        self._inboxes = inboxes
        self._others = others
        self._waiting: deque[Letter] = deque()
        self._lock = threading.Lock()

    def post(self, letter: Letter) -> None:
        """Deliver to those who are here, and keep the letter for the others."""
        data = self._stamped(letter.data)
        here = [address for address in letter.recipients if self._inboxes.takes(address)]
        for address in dict.fromkeys(here):
            self._inboxes.deliver(address, data)
        outside = tuple(address for address in letter.recipients if address not in here)
        if outside:
            self._waiting.append(Letter(letter.sender, outside, data))

    def carry_out(self) -> None:
        """Take what waits to where it belongs; what nobody takes comes back to its sender."""
        with self._lock:
            while self._waiting:
                letter = self._waiting.popleft()
                refused = self._send_out(letter, self._hand_over(letter))
                if refused and self._inboxes.takes(letter.sender):
                    bounce = write_bounce(letter.sender, refused, letter.data, self._inboxes.clock.now())
                    self._inboxes.deliver(letter.sender, bounce)

    def _hand_over(self, letter: Letter) -> list[str]:
        """Deliver to the sandbox's other mailboxes and return who has none there."""
        if self._others is None:
            return list(letter.recipients)
        left = []
        for address in letter.recipients:
            try:
                self._others.deliver(address, letter.data)
            except LookupError:
                left.append(address)
        return left

    def _send_out(self, letter: Letter, recipients: Sequence[str]) -> dict[str, str]:
        """Give the letter to the relay and return who was refused, with the reply."""
        if not recipients:
            return {}
        if self.relay is None:
            return dict.fromkeys(recipients, "550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found")
        host, port = self.relay
        try:
            with smtplib.SMTP(host, port, timeout=RELAY_PATIENCE) as relay:
                refused = relay.sendmail(letter.sender, recipients, letter.data)
        except smtplib.SMTPRecipientsRefused as problem:
            refused = problem.recipients
        except (OSError, smtplib.SMTPException) as problem:
            return dict.fromkeys(recipients, f"554 5.4.0 {problem}"[:200])
        return {who: f"{code} {words.decode('utf-8', 'replace')}" for who, (code, words) in refused.items()}

    def _stamped(self, data: bytes) -> bytes:
        at = format_datetime(self._inboxes.clock.now())
        return f"Received: from exchange.example by exchange.example with MAPI; {at}\r\n".encode() + data
