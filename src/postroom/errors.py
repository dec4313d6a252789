"""The exception tree: whose fault it is, whether to try again, who must act.

::

    PostroomError
    ├── UserError           the administrator can mend it; shown without a traceback; lists all problems
    │   └── InvalidRecord   a record breaks the schema's rules; carries the Dataverse code and the column
    │       └── NoSuchRecord    there is no record with this key
    ├── MalformedMessage    these bytes are not an e-mail we can read
    ├── StaleVersion        the item changed after we read it
    ├── UnsafePlan          carrying it out would destroy too much
    ├── StoreError          the database refused
    │   ├── DuplicateRow    a row with the same key is already there
    │   └── StoreBusy       others hold what we need, or the connection broke; try again
    └── TransportError      a mail server failed us; `retry` says whether to try again
        ├── Unreachable     retry
        ├── Throttled       retry, not before `retry_after`
        ├── SignInRejected  do not retry: credentials or rights
        │   └── Unconfigured    the configuration lacks what is needed; the server was not asked
        ├── Refused         do not retry this item: the server will never take it
        │   └── TooLarge    it is bigger than this installation takes in
        └── BadReply        do not retry: the server broke its protocol

Decisions are values, not exceptions: "not relevant" is a verdict with a reason.
"""

from collections.abc import Sequence


class PostroomError(Exception):
    """Anything that Postroom raises on purpose."""


class UserError(PostroomError):
    """The administrator or caller can mend it; every problem is listed at once."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        #: One sentence each, saying what is wrong and what to do.
        self.problems: Sequence[str] = problems


class InvalidRecord(UserError):
    """A record breaks a rule of the schema or of the configuration.

    `code` is Dataverse's hexadecimal error code, `column` the logical name at fault, or None.
    """

    def __init__(self, problem: str, *, code: int = 0x80040203, column: str | None = None) -> None:
        super().__init__(problem)
        self.code = code
        self.column = column


class NoSuchRecord(InvalidRecord):
    """There is no record with this key in this table."""

    def __init__(self, problem: str, *, code: int = 0x80040217, column: str | None = None) -> None:
        super().__init__(problem, code=code, column=column)


class MalformedMessage(PostroomError):
    """These bytes are not an e-mail that we can read."""


class StaleVersion(PostroomError):
    """The item changed after we read it; read it again and decide anew."""


class UnsafePlan(PostroomError):
    """Carrying it out would destroy too much."""


class StoreError(PostroomError):
    """The database refused."""


class DuplicateRow(StoreError):
    """A row with the same key is already there."""


class StoreBusy(StoreError):
    """Others hold what we need, or the connection to the database broke; the same may succeed later."""


class WorkerLost(PostroomError):
    """A pass was begun again and again, and no worker lived to end it."""


class TransportError(PostroomError):
    """A mail server failed us.

    `reply` is the server's own text with secrets masked, or empty when it said nothing.
    """

    #: Whether the same request may succeed later without anybody's help.
    retry = True

    def __init__(self, problem: str, *, reply: str = "") -> None:
        super().__init__(problem)
        self.reply = reply


class Unreachable(TransportError):
    """No connection, a time-out, or the connection broke."""


class Throttled(TransportError):
    """The server asks us to come back later."""

    def __init__(self, problem: str, *, reply: str = "", retry_after: float = 300.0) -> None:
        super().__init__(problem, reply=reply)
        #: Seconds to wait before the next request.
        self.retry_after = retry_after


class SignInRejected(TransportError):
    """Credentials or rights are wrong; a person must mend them."""

    retry = False


class Unconfigured(SignInRejected):
    """The configuration lacks what a server would ask for, so it was not asked."""


class Refused(TransportError):
    """The server will never take this item, or never give it."""

    retry = False


class TooLarge(Refused):
    """The item is bigger than this installation takes in; a higher limit would let it pass."""


class BadReply(TransportError):
    """The server broke its protocol."""

    retry = False
