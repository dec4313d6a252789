"""The Web API as a caller sees it, with and without a network."""

import contextlib
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from postroom.api.call import Call, Reply, problem_reply
from postroom.api.problems import problem_of
from postroom.api.rights import Caller
from postroom.api.service import answer
from postroom.app.settings import Settings
from postroom.app.wiring import Postroom
from postroom.cli.server import ApiServer
from postroom.errors import PostroomError
from postroom.schema.choices import Role
from postroom.store.blobs import DirectoryBlobs
from postroom.store.records import Records

ROOT = Caller("root", Role.ADMINISTRATOR)
BASE = "https://post.example/api/data/v9.2/"


def a_postroom(records: Records, directory: Path, **web: Any) -> Postroom:
    """Return a Postroom over a test's store."""
    settings = Settings.model_validate({"home": directory, "web": web})
    return Postroom(
        settings=settings,
        database=records.database,
        records=records,
        secrets=records.secrets,  # type: ignore[arg-type]
        clock=records.clock,
        blobs=DirectoryBlobs(directory / "blobs"),
    )


@dataclass
class Said:
    """An answer, taken apart."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def rows(self) -> list[dict[str, Any]]:
        assert self.status == 200, self.body
        found: list[dict[str, Any]] = self.json["value"]
        return found

    @property
    def id(self) -> str:
        """The key of what was created."""
        assert self.status == 204, (self.status, self.body)
        return self.headers["odata-entityid"].rpartition("(")[2].rstrip(")")

    @property
    def error(self) -> tuple[int, str, str]:
        error = self.json["error"]
        return self.status, error["code"], error["message"]


@dataclass
class Api:
    """Requests by one caller, answered in this thread as the server's threads do."""

    postroom: Postroom
    caller: Caller = ROOT
    #: Keys of what a test has made, by names of its own.
    known: dict[str, str] = field(default_factory=dict)

    def by(self, caller: Caller) -> "Api":
        return Api(self.postroom, caller, self.known)

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: str | None = None,
        headers: Mapping[str, str] | None = None,
        **options: str,
    ) -> Said:
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        said = {f"${name}": text for name, text in options.items()}
        call = Call(
            method,
            path,
            urlencode(said) if query is None else query,
            {name.lower(): text for name, text in (headers or {}).items()},
            raw,
            BASE,
        )
        try:
            reply: Reply = answer(self.postroom, self.caller, call)
        except PostroomError as fault:
            reply = problem_reply(problem_of(fault))
        return Said(reply.status, reply.headers, reply.body)

    def get(self, path: str, prefer: str = "", **options: str) -> Said:
        return self.send("GET", path, headers={"Prefer": prefer} if prefer else {}, **options)

    def post(self, path: str, body: Any = None, **headers: str) -> Said:
        return self.send("POST", path, body or {}, headers=headers)

    def patch(self, path: str, body: Any, headers: Mapping[str, str] | None = None) -> Said:
        return self.send("PATCH", path, body, headers=headers)

    def delete(self, path: str, headers: Mapping[str, str] | None = None) -> Said:
        return self.send("DELETE", path, headers=headers)

    def follow(self, link: str, prefer: str = "") -> Said:
        path, _, query = link.removeprefix(BASE).partition("?")
        return self.send("GET", path, query=query, headers={"Prefer": prefer} if prefer else {})


@contextlib.contextmanager
def serving(
    postroom: Postroom, certificate: Path | None = None, key: Path | None = None
) -> Iterator[ApiServer]:
    """Run the server on a free port in a thread of its own."""
    server = ApiServer(postroom, host="127.0.0.1", port=0, certificate=certificate, key=key)
    begun = threading.Event()
    thread = threading.Thread(target=lambda: server.run(on_started=lambda _: begun.set()), daemon=True)
    thread.start()
    assert begun.wait(60)
    try:
        yield server
    finally:
        server.stop()
        thread.join(60)
        assert not thread.is_alive()
