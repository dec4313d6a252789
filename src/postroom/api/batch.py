"""$batch: many requests in one; a change set is carried out as a whole or not at all.

# source: ODATA-PROTOCOL 11.7
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import unquote

import sqlalchemy as sa

from postroom.api.call import Call, Reply, problem_reply
from postroom.api.problems import Problem, problem_of
from postroom.api.routes import operation_of
from postroom.api.visit import Needs, Visit, perform
from postroom.errors import PostroomError
from postroom.schema.ids import new_id

#: # source: DATAVERSE-WEBAPI batch
MOST_REQUESTS: Final = 1_000
LONGEST_ADDRESS: Final = 65_536
_BOUNDARY = re.compile(r'boundary="?([A-Za-z0-9\'()+_,./:=? -]{1,70})"?', re.IGNORECASE)
_REQUEST = re.compile(r"(GET|HEAD|POST|PATCH|PUT|DELETE) (\S+)(?: HTTP/1\.[01])?")
_ADDRESS = re.compile(r"(?:https?://[^/]+)?/?api/data/v9\.\d{1,2}/(.*)", re.DOTALL)
_REFERENCE = re.compile(r"\$[A-Za-z0-9_.-]{1,64}")
_SERVICE = ("$metadata", "$count", "$batch")


@dataclass(frozen=True, slots=True)
class Part:
    """One request of a batch."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    content_id: str | None = None


@dataclass(slots=True)
class _References:
    """Addresses of what earlier requests of a change set made, by their Content-ID."""

    made: dict[str, str] = field(default_factory=dict)

    def resolved(self, url: str) -> str:
        """Return an address with the reference at its beginning replaced."""
        match = _REFERENCE.match(url)
        if match is None or match[0] in _SERVICE:
            return url
        return self._address(match[0]) + url[match.end() :]

    def in_body(self, body: bytes) -> bytes:
        """Return a body in which every value that is a reference is the address it stands for."""
        if b"$" not in body:
            return body
        try:
            value = json.loads(body)
        except (ValueError, RecursionError):
            return body
        return json.dumps(self._walked(value, "")).encode()

    def _walked(self, value: Any, name: str) -> Any:
        if isinstance(value, dict):
            return {key: self._walked(each, key) for key, each in value.items()}
        if isinstance(value, list):
            return [self._walked(each, name) for each in value]
        is_address = name.endswith(("@odata.bind", "@odata.id"))
        if is_address and isinstance(value, str) and _REFERENCE.fullmatch(value):
            return self._address(value)
        return value

    def _address(self, reference: str) -> str:
        if reference not in self.made:
            raise Problem(400, f"Content-ID Reference: '{reference}' does not exist in the batch context.")
        return self.made[reference]


def answer(visit: Visit) -> Reply:
    """Carry out a batch and return the answers in order."""
    if visit.call.method != "POST":
        raise Problem(405, "A batch is posted.", headers={"allow": "POST"})
    parts = read_batch(visit.call.headers.get("content-type", ""), visit.call.body)
    goes_on = "odata.continue-on-error" in visit.call.preferences
    boundary = f"batchresponse_{new_id()}"
    answers: list[bytes] = []
    for part in parts:
        answered, is_good = _carry_out(visit, part)
        answers.append(answered)
        if not is_good and not goes_on:
            return _multipart([answered], boundary, status=400)
    reply = _multipart(answers, boundary, status=200)
    if goes_on:
        reply.headers["preference-applied"] = "odata.continue-on-error"
    return reply


def _carry_out(visit: Visit, part: Part | list[Part]) -> tuple[bytes, bool]:
    if isinstance(part, list):
        return _change_set(visit, part)
    try:
        reply = perform(visit.postroom, operation_of(_visit(visit, part, _References())))
    except PostroomError as fault:
        reply = problem_reply(problem_of(fault))
    return _http_part(reply, part.content_id), reply.status < 400


def _change_set(visit: Visit, parts: list[Part]) -> tuple[bytes, bool]:
    """Carry out a change set in one transaction; its first failure undoes all of it."""
    boundary = f"changesetresponse_{new_id()}"
    references = _References()
    try:
        with visit.postroom.database.write() as connection:
            replies = [_in_change_set(visit, connection, part, references) for part in parts]
    except _FailedPart as failed:
        return _http_part(problem_reply(failed.problem), failed.part.content_id), False
    except PostroomError as fault:
        return _http_part(problem_reply(problem_of(fault)), None), False
    inner = _joined([_http_part(r, p.content_id) for r, p in zip(replies, parts, strict=True)], boundary)
    head = f'Content-Type: multipart/mixed; boundary="{boundary}"\r\n\r\n'.encode()
    return head + inner, True


class _FailedPart(PostroomError):  # noqa: N818 - a situation, like all our exceptions
    """A request of a change set could not be carried out, and so none of them is."""

    def __init__(self, part: Part, problem: Problem) -> None:
        super().__init__(problem.sentence)
        self.part = part
        self.problem = problem


def _in_change_set(visit: Visit, connection: sa.Connection, part: Part, references: _References) -> Reply:
    try:
        if part.method in ("GET", "HEAD"):
            raise Problem(400, "A change set holds no GET.")
        operation = operation_of(_visit(visit, part, references))
        if operation.needs is Needs.NOTHING:
            raise Problem(400, "This message can't be part of a change set.")
        reply = operation.run(connection)
    except PostroomError as fault:
        raise _FailedPart(part, problem_of(fault)) from fault
    made = reply.headers.get("odata-entityid") or reply.headers.get("location")
    if part.content_id is not None and made is not None:
        references.made[f"${part.content_id}"] = made
    return reply


def _visit(visit: Visit, part: Part, references: _References) -> Visit:
    url = references.resolved(part.url)
    match = _ADDRESS.fullmatch(url)
    path, _, query = (match[1] if match else url.lstrip("/")).partition("?")
    path = unquote(path)
    if path == "$batch":
        raise Problem(400, "A batch holds no batch.")
    inherited = {k: v for k, v in visit.call.headers.items() if k in ("authorization", "prefer")}
    prefer = part.headers.get(
        "prefer",
        "" if visit.call.preferences.keys() <= {"odata.continue-on-error"} else inherited.get("prefer", ""),
    )
    headers = {**part.headers, "prefer": prefer}
    body = references.in_body(part.body)
    return replace(visit, call=Call(part.method, path, query, headers, body, visit.call.base))


# Reading --------------------------------------------------------------------------------------------------


def read_batch(content_type: str, body: bytes) -> list[Part | list[Part]]:
    """Return the requests of a batch, those of a change set together; raises `Problem`."""
    parts: list[Part | list[Part]] = []
    count = 0
    seen: set[str] = set()
    for headers, content in _split(content_type, body, "batch"):
        kind = headers.get("content-type", "")
        if kind.lower().startswith("multipart/mixed"):
            inner = [_request(h, c) for h, c in _split(kind, content, "change set")]
            for part in inner:
                if part.content_id is None:
                    continue
                if part.content_id in seen:
                    raise Problem(400, f"The Content-ID {part.content_id!r:.60} is used twice.")
                seen.add(part.content_id)
            count += len(inner)
            parts.append(inner)
        else:
            count += 1
            parts.append(_request(headers, content))
        if count > MOST_REQUESTS:
            raise Problem(400, f"A batch has at most {MOST_REQUESTS} requests.")
    if not parts:
        raise Problem(400, "The batch holds no request.")
    return parts


def _split(content_type: str, body: bytes, what: str) -> Iterator[tuple[dict[str, str], bytes]]:
    """Yield headers and content of each part of a multipart body."""
    match = _BOUNDARY.search(content_type)
    if not content_type.lower().startswith("multipart/mixed") or match is None:
        raise Problem(400, f"A {what} is multipart/mixed with a boundary.")
    mark = b"--" + match[1].strip().encode()
    # The line end before a boundary belongs to the boundary.
    pieces = re.split(rb"(?:^|\r?\n)" + re.escape(mark) + rb"(--)?[ \t]*(?:\r?\n|$)", body)
    if len(pieces) < 3:
        raise Problem(400, f"The boundary of the {what} does not occur in it.")
    for at in range(2, len(pieces) - 1, 2):
        content = pieces[at]
        yield _headers(content, what)
        if pieces[at + 1] == b"--":
            return
    raise Problem(400, f"The {what} does not end: its last boundary is missing.")


def _headers(content: bytes, what: str) -> tuple[dict[str, str], bytes]:
    """Return the header block at the beginning and what follows its blank line."""
    head, _, rest = _at_blank_line(content)
    headers: dict[str, str] = {}
    for line in head.decode("utf-8", "replace").splitlines():
        name, colon, value = line.partition(":")
        if not colon:
            raise Problem(400, f"A part of the {what} has a header that is none: {line!r:.60}.")
        headers[name.strip().lower()] = value.strip()
    return headers, rest


def _at_blank_line(content: bytes) -> tuple[bytes, bytes, bytes]:
    if content.startswith((b"\r\n", b"\n")):
        return b"", b"", content.lstrip(b"\r\n")
    match = re.search(rb"\r?\n\r?\n", content)
    if match is None:
        return content, b"", b""
    return content[: match.start()], match[0], content[match.end() :]


def _request(headers: Mapping[str, str], content: bytes) -> Part:
    """Return the request that a part holds."""
    if not headers.get("content-type", "").lower().startswith("application/http"):
        raise Problem(400, "A part of a batch is application/http or a change set.")
    line, _, rest = content.lstrip(b"\r\n").partition(b"\n")
    text = line.decode("utf-8", "replace").strip()
    match = _REQUEST.fullmatch(text)
    if match is None:
        raise Problem(400, f"A part of the batch begins with no request: {text!r:.80}.")
    if len(match[2]) > LONGEST_ADDRESS:
        raise Problem(414, f"An address in a batch has at most {LONGEST_ADDRESS} characters.")
    inner, body = _headers(rest, "batch")
    own = headers.get("content-id") or inner.get("content-id")
    return Part(match[1], match[2], inner, body.rstrip(b"\r\n"), own)


# Writing --------------------------------------------------------------------------------------------------

_PHRASES = {
    200: "OK",
    201: "Created",
    204: "No Content",
    304: "Not Modified",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    412: "Precondition Failed",
    413: "Content Too Large",
    500: "Internal Server Error",
}
_SHOWN = {
    "odata-entityid": "OData-EntityId",
    "location": "Location",
    "content-type": "Content-Type",
    "etag": "ETag",
    "preference-applied": "Preference-Applied",
    "allow": "Allow",
    "retry-after": "Retry-After",
}


def _http_part(reply: Reply, content_id: str | None) -> bytes:
    lines = ["Content-Type: application/http", "Content-Transfer-Encoding: binary"]
    if content_id is not None:
        lines.append(f"Content-ID: {content_id}")
    lines += ["", f"HTTP/1.1 {reply.status} {_PHRASES.get(reply.status, 'Status')}", "OData-Version: 4.0"]
    lines += [f"{_SHOWN[name]}: {value}" for name, value in reply.headers.items() if name in _SHOWN]
    return ("\r\n".join([*lines, "", ""])).encode() + reply.body


def _joined(parts: list[bytes], boundary: str) -> bytes:
    mark = f"--{boundary}".encode()
    return b"".join(mark + b"\r\n" + part + b"\r\n" for part in parts) + mark + b"--\r\n"


def _multipart(parts: list[bytes], boundary: str, *, status: int) -> Reply:
    kind = f"multipart/mixed; boundary={boundary}"
    return Reply(status, _joined(parts, boundary), {"content-type": kind})
