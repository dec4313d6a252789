"""A request and an answer as values: what the network brings, without the network."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

from postroom.api.odata.render import Annotation
from postroom.api.problems import Problem

#: Longest address with its query, in characters. # source: DATAVERSE-WEBAPI limits
LONGEST_ADDRESS = 32_768
JSON = "application/json; odata.metadata=minimal"


@dataclass(frozen=True)
class Call:
    """One request to the Web API."""

    method: str
    #: What follows `/api/data/v9.2/`, decoded.
    path: str
    #: The part behind the question mark, as it came.
    query: str = ""
    #: By lower-case name.
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    #: Address of the service as this caller knows it, with a slash at its end.
    base: str = "/api/data/v9.2/"

    @cached_property
    def options(self) -> dict[str, str]:
        """Return the query's options by name; refuse one that is said twice."""
        options: dict[str, str] = {}
        try:
            pairs = parse_qsl(
                self.query, keep_blank_values=True, strict_parsing=bool(self.query), max_num_fields=100
            )
        except ValueError as fault:
            raise Problem(400, f"The query can't be read: {fault}.") from fault
        for name, value in pairs:
            if name in options:
                raise Problem(400, f"The option {name!r:.60} is given twice.")
            if "\0" in value:
                raise Problem(400, f"The option {name!r:.60} holds a NUL character.")
            options[name] = value
        return options

    @cached_property
    def preferences(self) -> dict[str, str]:
        """Return what `Prefer` asks for, by name in lower case."""
        found: dict[str, str] = {}
        for part in _split_outside_quotes(self.headers.get("prefer", "")):
            name, _, value = part.partition("=")
            if name.strip():
                found[name.strip().lower()] = value.strip().strip('"')
        return found

    @cached_property
    def annotations(self) -> frozenset[Annotation]:
        """Return which annotations the answer carries; the row's version always is one of them."""
        wanted = self.preferences.get("odata.include-annotations", "")
        return frozenset(
            {Annotation.ETAG, *(a for a in Annotation if self.wants(a.value))}
            if wanted
            else {Annotation.ETAG}
        )

    def wants(self, annotation: str) -> bool:
        """Say whether the caller asked for an annotation by its name or by a pattern."""
        wanted = self.preferences.get("odata.include-annotations", "")
        for pattern in (part.strip() for part in wanted.split(",")):
            if pattern in ("*", annotation) or (
                pattern.endswith("*") and annotation.startswith(pattern[:-1])
            ):
                return True
        return False

    @property
    def wants_representation(self) -> bool:
        """Say whether a write is to be answered with the row."""
        return self.preferences.get("return") == "representation"

    def json(self) -> dict[str, Any]:
        """Return the body, which must be a JSON object."""
        kind = self.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise Problem(415, f"The body must be application/json, not {kind!r:.60}.")
        try:
            found = json.loads(self.body.decode("utf-8-sig") or "{}", parse_constant=_no_number)
        except (ValueError, RecursionError) as fault:
            raise Problem(400, f"The body is not JSON: {fault}.") from fault
        if not isinstance(found, dict):
            raise Problem(400, "The body must be a JSON object.")
        return found


@dataclass
class Reply:
    """One answer of the Web API."""

    status: int = 204
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, value: object, status: int = 200, **headers: str) -> "Reply":
        """Return an answer that holds a JSON value."""
        body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        return cls(status, body, {"content-type": JSON, **headers})

    @classmethod
    def text(cls, text: str, kind: str) -> "Reply":
        """Return an answer that holds a text of some media type."""
        return cls(200, text.encode(), {"content-type": f"{kind}; charset=utf-8"})


def problem_reply(problem: Problem) -> Reply:
    """Return the answer that tells of a problem, in Dataverse's shape."""
    # source: DATAVERSE-WEBAPI errors
    error = {"code": f"0x{problem.code:08x}", "message": problem.sentence}
    reply = Reply.of({"error": error}, problem.status)
    reply.headers["content-type"] = "application/json; odata.metadata=minimal"
    reply.headers.update(problem.headers)
    return reply


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _split_outside_quotes(text: str) -> list[str]:
    parts, quoted, start = [], False, 0
    for at, character in enumerate(text):
        if character == '"':
            quoted = not quoted
        elif character in ",;" and not quoted:
            parts.append(text[start:at])
            start = at + 1
    return [*parts, text[start:]]
