"""The Web API on the network: requests become values and are answered in threads.

Everything below is synchronous; only waiting for bodies is not. The caller is known before his body is read,
and a body has a bound in size and in time, so that nobody can fill the memory or hold threads.
"""

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

import anyio
import anyio.to_thread
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from postroom.api import auth, batch
from postroom.api.call import LONGEST_ADDRESS, Call, Reply, problem_reply
from postroom.api.openapi import describe
from postroom.api.problems import Problem, problem_of
from postroom.api.rights import Caller
from postroom.api.routes import operation_of
from postroom.api.visit import Visit, perform
from postroom.app.probes import Answer, Questions
from postroom.app.wiring import Postroom
from postroom.schema.ids import new_id

log = logging.getLogger(__name__)

_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(:\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:\d{1,5})?")
_METHODS = ["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE"]
_LONGEST_FORM = 16_384
_FORM = "application/x-www-form-urlencoded"


def make_service(
    postroom: Postroom, questions: Questions | None = None, *, also: Sequence[BaseRoute] = ()
) -> ASGIApp:
    """Return the application; `questions` are what a supervisor may ask without a key, by their paths.

    `also` are further routes, such as those of the pages.
    """
    desk = _Desk(postroom)
    return Starlette(
        routes=[
            Route("/api/data/{version}/{path:path}", desk.data, methods=_METHODS),
            Route("/api/data/{version}", desk.data, methods=_METHODS),
            Route("/oauth2/v2.0/token", desk.token, methods=["POST"]),
            Route("/{tenant}/oauth2/v2.0/token", desk.token, methods=["POST"]),
            Route("/openapi.json", desk.openapi, methods=["GET"]),
            *(Route(path, _asked(question), methods=["GET"]) for path, question in (questions or {}).items()),
            *also,
        ],
    )


def _asked(question: Callable[[], Answer]) -> Callable[[Request], Awaitable[Response]]:
    """Return the page on which a question of a supervisor is answered."""

    async def page(_: Request) -> Response:
        said = await anyio.to_thread.run_sync(question)
        return Response(said.body, said.status, media_type=said.content_type)

    return page


class _Desk:
    """Where requests arrive."""

    def __init__(self, postroom: Postroom) -> None:
        self._postroom = postroom
        self._limits = postroom.settings.web
        self._threads: anyio.CapacityLimiter | None = None

    async def data(self, request: Request) -> Response:
        """Answer a request for data."""
        number = str(new_id())
        try:
            reply = await self._answer(request)
        except ClientDisconnect:
            reply = Reply(400)
        except Exception as fault:
            # The entry point: whatever happens, the caller is told.
            problem = problem_of(fault)
            if problem.status >= 500:
                log.exception("a request failed", extra={"request": number})
            reply = problem_reply(problem)
        headers = {
            "odata-version": "4.0",
            "cache-control": "no-cache",
            "x-ms-service-request-id": number,
            "req_id": number,
            **reply.headers,
        }
        body = b"" if request.method == "HEAD" else reply.body
        return Response(body, reply.status, headers)

    async def token(self, request: Request) -> Response:
        """Answer client credentials with a token."""
        try:
            body = await self._body(request, _LONGEST_FORM)
            if not request.headers.get("content-type", "").startswith(_FORM):
                raise auth.oauth_problem(400, "invalid_request")
            form = dict(parse_qsl(body.decode("ascii"), max_num_fields=20))
            issued = await self._in_thread(lambda: self._issue(form))
            return _json(issued, 200)
        except (UnicodeDecodeError, ValueError):
            return _json({"error": "invalid_request"}, 400)
        except Problem as problem:
            return _json({"error": problem.sentence}, problem.status)

    async def openapi(self, request: Request) -> Response:
        """Describe Postroom's messages."""
        return _json(describe(f"{request.url.scheme}://{_host(request)}"), 200)

    def _issue(self, form: Mapping[str, str]) -> dict[str, Any]:
        postroom = self._postroom
        with postroom.database.read() as connection:
            return auth.issue_token(connection, postroom.secrets, form, postroom.clock.now())

    async def _answer(self, request: Request) -> Reply:
        version = request.path_params["version"]
        if not re.fullmatch(r"v9\.\d{1,2}", version):
            raise Problem(404, f"The Web API is at /api/data/v9.2/, not at {version!r:.20}.")
        raw = request.scope.get("raw_path", b"") or b""
        if len(raw) + len(request.scope["query_string"]) > LONGEST_ADDRESS:
            raise Problem(
                414, f"An address has at most {LONGEST_ADDRESS} characters; $batch takes longer ones."
            )
        headers = {name.lower(): value for name, value in request.headers.items()}
        headers["prefer"] = ",".join(request.headers.getlist("prefer"))
        caller = await self._in_thread(lambda: self._caller(headers))
        body = await self._body(request, self._limits.maximum_body_size)
        call = Call(
            request.method,
            request.path_params.get("path", ""),
            request.scope["query_string"].decode("ascii", "replace"),
            headers,
            body,
            f"{request.url.scheme}://{_host(request)}/api/data/{version}/",
        )
        reply: Reply = await self._in_thread(lambda: answer(self._postroom, caller, call))
        return reply

    def _caller(self, headers: Mapping[str, str]) -> Caller:
        postroom = self._postroom
        with postroom.database.read() as connection:
            return auth.caller_of(connection, postroom.secrets, headers, postroom.clock.now())

    async def _body(self, request: Request, most: int) -> bytes:
        """Return the body; refuse one that is too big as soon as that shows, and one that does not come."""
        said = request.headers.get("content-length", "0")
        too_big = Problem(413, f"A body has at most {most} octets.", headers={"connection": "close"})
        if said.isascii() and said.isdigit() and int(said[:20]) > most:
            raise too_big
        read = bytearray()
        try:
            async with asyncio.timeout(self._limits.body_seconds):
                async for chunk in request.stream():
                    read += chunk
                    if len(read) > most:
                        raise too_big
        except TimeoutError as fault:
            raise Problem(
                408,
                f"The body did not come within {self._limits.body_seconds:g} seconds.",
                headers={"connection": "close"},
            ) from fault
        return bytes(read)

    async def _in_thread(self, work: Callable[[], Any]) -> Any:
        if self._threads is None:
            self._threads = anyio.CapacityLimiter(self._limits.threads)
        return await anyio.to_thread.run_sync(work, limiter=self._threads)


def answer(postroom: Postroom, caller: Caller, call: Call) -> Reply:
    """Return the answer to one request; raises what went wrong."""
    visit = Visit(postroom, caller, call)
    if call.path == "$batch":
        return batch.answer(visit)
    return perform(postroom, operation_of(visit))


def _host(request: Request) -> str:
    host = request.headers.get("host", "")
    if not _HOST.fullmatch(host):
        raise Problem(400, "The header Host names no host.")
    return host


def _json(value: object, status: int) -> Response:
    body = json.dumps(value, separators=(",", ":")).encode()
    headers = {"content-type": "application/json", "cache-control": "no-store"}
    return Response(body, status, headers)
