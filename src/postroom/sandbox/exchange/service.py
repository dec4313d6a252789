"""From the octets of a request to those of its answer: all of EWS that is not HTTP."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lxml import etree

from postroom.sandbox.exchange.answer import refused, respond
from postroom.sandbox.exchange.call import Call
from postroom.sandbox.exchange.deviation import deviate
from postroom.sandbox.exchange.names import local_name
from postroom.sandbox.exchange.notifications import Subscriptions
from postroom.sandbox.exchange.office import ExchangeOffice
from postroom.sandbox.exchange.operations import OPERATIONS
from postroom.sandbox.exchange.refusal import Refusal, WholeRefusal
from postroom.sandbox.exchange.soap import Envelope, read_envelope, write_envelope
from postroom.sandbox.faults import Faults, Misbehaviour

#: Hears of each payload, requests and responses alike.
OnPayload = Callable[[etree._Element], None]

STREAMING = "GetStreamingEvents"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that has been read: what is asked, by whom, as whom."""

    call: Call
    payload: etree._Element

    @property
    def is_streamed(self) -> bool:
        """Say whether its answer comes in pieces, over a long time."""
        return self.call.operation == STREAMING


class ExchangeService:
    """Answers requests over the mailboxes of an office."""

    def __init__(
        self, office: ExchangeOffice, subscriptions: Subscriptions, faults: Faults, on_payload: OnPayload
    ) -> None:
        self._office = office
        self._subscriptions = subscriptions
        self._faults = faults
        self._on_payload = on_payload

    def read(self, data: bytes, user: str) -> Asked:
        """Return what the octets ask for; `WholeRefusal` when that can't be made out or isn't allowed."""
        envelope = read_envelope(data)
        self._on_payload(envelope.payload)
        call = Call(
            self._office,
            envelope.operation,
            user,
            self._acting(envelope, user),
            self._subscriptions,
            envelope.version,
            envelope.time_zone,
            self._faults,
        )
        return Asked(call, envelope.payload)

    def _acting(self, envelope: Envelope, user: str) -> str:
        """Return as whom the user acts: themselves, or whom they impersonate."""
        address = envelope.impersonated
        if not address:
            return user
        mailbox = self._office.find_mailbox(address)
        if mailbox is None:
            raise WholeRefusal(
                "ErrorNonExistentMailbox", "The SMTP address has no mailbox associated with it."
            )
        if not self._office.access.may_impersonate(user):
            raise WholeRefusal(
                "ErrorImpersonateUserDenied",
                "The account does not have permission to impersonate the requested user.",
            )
        return mailbox.address

    def answer(self, asked: Asked) -> bytes:
        """Do what is asked and return the envelope that says so."""
        self._misbehave(asked.call)
        operation = OPERATIONS.get(asked.call.operation)
        if operation is None:
            raise WholeRefusal("ErrorInvalidOperation", f"{asked.call.operation[:60]} is not served here.")
        try:
            denied = _denied(asked)
            with self._office.lock:
                payload = denied if denied is not None else operation(asked.call, asked.payload)
        except WholeRefusal:
            raise
        except Refusal as refusal:
            payload = respond(asked.call.operation, [refused(asked.call.operation, refusal)])
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as problem:
            # A request that the schema would refuse may lack what an operation counts on.
            text = f"An internal server error occurred: {type(problem).__name__}: {problem}"
            raise WholeRefusal("ErrorInternalServerError", text[:300]) from problem
        # Without the lock: a relay may deliver back to us.
        self._office.postman.carry_out()
        return self._written(asked.call, payload)

    def stream(self, asked: Asked) -> Iterator[bytes]:
        """Yield envelopes until the subscriber's time is up."""
        self._misbehave(asked.call)
        for payload in self._subscriptions.stream(asked.payload):
            yield self._written(asked.call, payload)

    def _written(self, call: Call, payload: etree._Element) -> bytes:
        if fault := call.strike(Misbehaviour.DEVIATE):
            deviate(payload, fault.answer)
        self._on_payload(payload)
        return write_envelope(payload)

    def _misbehave(self, call: Call) -> None:
        if call.strike(Misbehaviour.RENUMBER):
            with self._office.lock:
                call.mailbox.renumber()
        if fault := call.strike(Misbehaviour.FAULT):
            code = fault.answer or "ErrorInternalServerError"
            raise WholeRefusal(code, f"The sandbox was told to answer {code}.")


#: What a request names its subjects in, each of which gets a response message.
_SUBJECTS = (
    "Items",
    "ItemIds",
    "ItemChanges",
    "FolderIds",
    "ParentFolderIds",
    "Attachments",
    "AttachmentIds",
)


def _denied(asked: Asked) -> etree._Element | None:
    """Return the response that denies everything asked for, when the sandbox is told to."""
    fault = asked.call.strike(Misbehaviour.DENY)
    if fault is None:
        return None
    code = fault.answer or "ErrorQuotaExceeded"
    values = {"BackOffMilliseconds": str(int(fault.amount * 1000))} if code == "ErrorServerBusy" else {}
    refusal = Refusal(code, f"The sandbox was told to answer {code}.", values)
    number = next((len(holder) for holder in asked.payload if local_name(holder) in _SUBJECTS), 1)
    operation = asked.call.operation
    return respond(operation, [refused(operation, refusal) for _ in range(number)])
