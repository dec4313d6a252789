"""Probes: what a supervisor may ask of a worker over HTTP: /healthz, /readyz and /metrics.

A server of the standard library: three pages for machines of one's own, on the loopback address unless the
settings say otherwise. Nothing on them is secret, nothing on them names a person, and nothing can be changed.
"""

import json
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from postroom.errors import PostroomError, UserError
from postroom.store import migrations
from postroom.store.database import Database

log = logging.getLogger(__name__)

#: Seconds after which a caller that says nothing is left.
_PATIENCE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said to one question."""

    status: HTTPStatus
    body: bytes
    content_type: str = "application/json"

    @classmethod
    def on(cls, findings: Mapping[str, str]) -> "Answer":
        """Return an answer on findings by what was looked at: a fault, or nothing where all is well."""
        well = not any(findings.values())
        said = {"ok": well, "checks": {name: fault or "ok" for name, fault in findings.items()}}
        status = HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE
        return cls(status, json.dumps(said).encode() + b"\n")


#: What is asked, by its path.
Questions = Mapping[str, Callable[[], Answer]]


def fault_of_store(database: Database) -> str:
    """Return why the store can't be used, or nothing."""
    try:
        fit = migrations.fit(database)
    except PostroomError:
        # What the driver says may name hosts and users; the log of the worker has it.
        return "the store can't be asked"
    return "" if fit.is_usable else f"the store doesn't fit: {fit.value}"


@contextmanager
def answering(host: str, port: int, questions: Questions) -> Iterator[int]:
    """Answer these questions while the block runs; gives the port, which for 0 is any that is free."""

    class Handler(_Handler):
        asked = questions

    try:
        server = ThreadingHTTPServer((host, port), Handler)
    except OSError as fault:
        raise UserError(
            f"Nothing can be served at {host}:{port}: {fault.strerror}. Choose another with --metrics-port."
        ) from fault
    server.daemon_threads = True
    serving = threading.Thread(target=server.serve_forever, args=(0.1,), name="probes", daemon=True)
    serving.start()
    bound = server.server_address[1]
    log.info("answering %s at port %d", ", ".join(questions), bound)
    try:
        yield bound
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    """Answers one caller."""

    asked: Questions
    timeout = _PATIENCE_SECONDS
    server_version = "postroom"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer, or say that there is no such question."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """Answer without the body."""
        self._answer(with_body=False)

    def _answer(self, **said: bool) -> None:
        question = self.asked.get(self.path.partition("?")[0])
        answer = question() if question is not None else Answer(HTTPStatus.NOT_FOUND, b'{"ok": false}\n')
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if said["with_body"]:
            self.wfile.write(answer.body)

    def log_message(self, format: str, *args: Any) -> None:
        """Log no questions: they come every few seconds."""
