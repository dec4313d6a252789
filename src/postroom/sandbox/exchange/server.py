"""The HTTP server of the sandbox's Exchange: a thread per connection, TLS on request."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from http.server import ThreadingHTTPServer

from lxml import etree

from postroom.sandbox.exchange.events import Event
from postroom.sandbox.exchange.http import Connection
from postroom.sandbox.exchange.notifications import Subscriptions
from postroom.sandbox.exchange.office import ExchangeOffice
from postroom.sandbox.exchange.service import ExchangeService, OnPayload
from postroom.sandbox.faults import Faults, Misbehaviour

EWS_PATH = "/EWS/Exchange.asmx"


class SandboxExchange:
    """A running Exchange; use it in a `with`, or call `start` and `stop`.

    `smtp` is the host and port of the server for mail that stays neither here nor in the sandbox's
    other mailboxes. `on_payload` hears of every payload that comes in or goes out, instead of the
    class's own `hear`. Mail is taken and given by the office whether the server runs or not.
    """

    def __init__(
        self,
        office: ExchangeOffice,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        faults: Faults | None = None,
        tls: ssl.SSLContext | None = None,
        smtp: tuple[str, int] | None = None,
        on_payload: OnPayload | None = None,
    ) -> None:
        self.office = office
        self.faults = faults or Faults()
        self.tls = tls
        self.stopping = threading.Event()
        self.subscriptions = Subscriptions(office.clock)
        self.service = ExchangeService(office, self.subscriptions, self.faults, on_payload or self.hear)
        office.postman.relay = smtp or office.postman.relay
        self._host = host
        self._server = _Server((host, port), self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @staticmethod
    def hear(_: etree._Element) -> None:
        """Take no notice of a payload; what watches all servers puts itself in place of this."""

    @property
    def port(self) -> int:
        """Return the port it listens at."""
        return int(self._server.server_address[1])

    @property
    def root_url(self) -> str:
        """Return the URL below which everything lies."""
        return f"{'https' if self.tls else 'http'}://{self._host}:{self.port}"

    @property
    def url(self) -> str:
        """Return the URL of the web services."""
        return self.root_url + EWS_PATH

    def start(self) -> None:
        """Serve from now on, in threads of its own."""
        self.office.listen(self._publish)
        self._thread.start()

    def stop(self) -> None:
        """Stop serving and hang up on everybody."""
        self.stopping.set()
        self.office.forget_listener(self._publish)
        self.subscriptions.close()
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join(5)
        self._server.hang_up()
        self._server.server_close()

    def __enter__(self) -> "SandboxExchange":
        """Start."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()

    def _publish(self, event: Event) -> None:
        if not self.faults.strike(Misbehaviour.SKIP_EVENTS, event.mailbox):
            self.subscriptions.publish(event)


class _Server(ThreadingHTTPServer):
    """The listening socket and the connections it has accepted."""

    daemon_threads = True
    # Connections are broken in `hang_up`; waiting for their threads would wait for slow clients.
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], sandbox: SandboxExchange) -> None:
        self._open: set[socket.socket] = set()
        handler: Callable[..., Connection] = lambda *about: Connection(sandbox, *about)  # noqa: E731
        super().__init__(address, handler)

    def process_request(
        self, request: socket.socket | tuple[bytes, socket.socket], client_address: object
    ) -> None:
        """Remember the connection and serve it in a thread."""
        if isinstance(request, socket.socket):
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        """Forget the connection and close it."""
        if isinstance(request, socket.socket):
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """Pass over what goes wrong with one connection; the client sees it closed."""

    def hang_up(self) -> None:
        """Break all connections, so that no thread waits for ever."""
        for each in list(self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
