"""The HTTP server of the Web API: uvicorn, told when to stop and heard when it has begun."""

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path

import uvicorn

from postroom.api.keyring import KeyRing
from postroom.api.service import make_service
from postroom.app.probes import Questions
from postroom.app.wiring import Postroom
from postroom.errors import UserError
from postroom.web.routes import pages

#: A header block bigger than this ends the connection; an address of the longest kind fits.
_LARGEST_HEAD = 65_536
_KEEP_ALIVE_SECONDS = 30
_PATIENCE_SECONDS = 10


class ApiServer:
    """One server on one socket, which is open from the beginning; `questions` are a supervisor's."""

    def __init__(
        self,
        postroom: Postroom,
        *,
        host: str,
        port: int,
        certificate: Path | None = None,
        key: Path | None = None,
        questions: Questions | None = None,
    ) -> None:
        self._socket = _listening(host, port)
        scheme = "http" if certificate is None else "https"
        shown = f"[{host}]" if ":" in host else host
        #: Where the service is, without a slash at the end.
        self.url = f"{scheme}://{shown}:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(
            make_service(postroom, questions, also=pages(postroom, KeyRing(postroom))),
            ssl_certfile=None if certificate is None else str(certificate),
            ssl_keyfile=None if key is None else str(key),
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            h11_max_incomplete_event_size=_LARGEST_HEAD,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=_PATIENCE_SECONDS,
        )
        try:
            config.load()
        except OSError as fault:
            self._socket.close()
            raise UserError(f"The certificate or its key can't be used: {fault}.") from fault
        self._server = uvicorn.Server(config)

    def run(self, on_started: Callable[[str], None] = lambda _url: None) -> None:
        """Serve until `stop` or, in the main thread, SIGTERM or SIGINT."""
        try:
            asyncio.run(self._run(on_started))
        finally:
            self._socket.close()

    def stop(self) -> None:
        """Have `run` end when the requests at work are answered; from any thread."""
        self._server.should_exit = True

    async def _run(self, on_started: Callable[[str], None]) -> None:
        serving = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        while not self._server.started and not serving.done():
            await asyncio.sleep(0.01)
        if self._server.started:
            on_started(self.url)
        await serving


def _listening(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=2048
        )
    except OSError as fault:
        raise UserError(f"Can't listen on {host}, port {port}: {fault.strerror or fault}.") from fault
