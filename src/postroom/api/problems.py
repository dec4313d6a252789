"""Problems: what goes wrong, as the status, code and sentence that a caller is told."""

from collections.abc import Mapping

from postroom.errors import (
    DuplicateRow,
    InvalidRecord,
    NoSuchRecord,
    PostroomError,
    StaleVersion,
    StoreBusy,
    TransportError,
    UserError,
)

INVALID_ARGUMENT = 0x80040203
UNEXPECTED = 0x80040216
NO_SUCH_RECORD = 0x80040217
PRIVILEGE_DENIED = 0x80040220
DUPLICATE = 0x80040237
VERSION_MISMATCH = 0x80060882
NO_SUCH_TABLE = 0x80041102
NO_SUCH_RESOURCE = 0x8006088A
_STALE = "The version of the existing record doesn't match the RowVersion property provided."

#: The status that goes with a code; other codes of records are 400.
# source: DATAVERSE-WEBAPI status codes
STATUS: Mapping[int, int] = {
    NO_SUCH_RECORD: 404,
    NO_SUCH_TABLE: 404,
    PRIVILEGE_DENIED: 403,
    0x80040227: 405,
    DUPLICATE: 412,
    0x80040333: 412,
    VERSION_MISMATCH: 412,
    0x80060891: 404,
    0x80060892: 412,
    UNEXPECTED: 500,
}


class Problem(PostroomError):  # noqa: N818 - a situation, like all our exceptions
    """A request that can't be carried out, with all that the answer says of it."""

    def __init__(
        self,
        status: int,
        sentence: str,
        code: int = INVALID_ARGUMENT,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence
        self.code = code
        self.headers = dict(headers or {})


def problem_of(fault: Exception) -> Problem:
    """Return what a caller is told of a fault; of what is not his business, only that it happened."""
    match fault:
        case Problem():
            return fault
        case NoSuchRecord():
            return Problem(404, str(fault), fault.code)
        case InvalidRecord():
            return Problem(STATUS.get(fault.code, 400), str(fault), fault.code)
        case UserError():
            return Problem(400, " ".join(fault.problems), INVALID_ARGUMENT)
        case StaleVersion():
            return Problem(412, _STALE, VERSION_MISMATCH)
        case DuplicateRow():
            return Problem(412, "A record with matching key values already exists.", DUPLICATE)
        case StoreBusy():
            return Problem(503, "The store is busy; try again.", UNEXPECTED, {"retry-after": "2"})
        case TransportError():
            return Problem(502, f"A mail server failed: {fault}", UNEXPECTED)
        case _:
            return Problem(500, "An unexpected error occurred; the server's log says more.", UNEXPECTED)


def denied(sentence: str) -> Problem:
    """Return the problem of a caller who may not do what he asks for."""
    return Problem(403, sentence, PRIVILEGE_DENIED)


def not_found(sentence: str) -> Problem:
    """Return the problem of an address that leads nowhere."""
    return Problem(404, sentence, NO_SUCH_RESOURCE)


def not_allowed(sentence: str, *allowed: str) -> Problem:
    """Return the problem of a method that the resource does not know."""
    return Problem(405, sentence, INVALID_ARGUMENT, {"allow": ", ".join(allowed)} if allowed else {})
