"""The token end point of the sandbox's Exchange: OAuth 2.0 for programs without a person.

Knows registered applications with their secrets, hands out tokens and says whose a token is. Tokens
are opaque: whoever needs to know what one says asks here. Nothing outlives the server.
"""

import base64
import binascii
import json
import secrets
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import parse_qsl, unquote_plus

from postroom.ports.clock import Clock

#: How long a token is good for when nothing else was said, as Microsoft's are.
TOKEN_SECONDS: Final = 3599
#: Most octets of a request, and most tokens that are remembered.
MAX_REQUEST: Final = 64 * 1024
MAX_TOKENS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Answer:
    """What the end point answers: an HTTP status and a body in JSON."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class _Granted:
    client_id: str
    until: datetime


class TokenIssuer:
    """Applications, and the tokens that they were given."""

    def __init__(self, clock: Clock, *, seconds: int = TOKEN_SECONDS) -> None:
        self._clock = clock
        #: How long the tokens given from now on are good for.
        self.seconds = seconds
        self._secrets: dict[str, str] = {}
        self._granted: dict[str, _Granted] = {}
        self._lock = threading.Lock()

    def register(self, client_id: str, secret: str) -> None:
        """Let an application in that knows the secret; a second time, the secret is another."""
        with self._lock:
            self._secrets[client_id] = secret

    def revoke_all(self) -> None:
        """Forget every token, as a server does when its keys are changed."""
        with self._lock:
            self._granted.clear()

    def answer(self, body: bytes, authorization: str = "") -> Answer:
        """Return the answer to a posted form.

        The application names itself in the form or in an Authorization header.
        """
        # source: RFC6749 4.4.2
        if len(body) > MAX_REQUEST:
            return _refused(413, "invalid_request", "The request is too long.")
        form = _read_form(body)
        if form.get("grant_type") != "client_credentials":
            return _refused(400, "unsupported_grant_type", "Only client_credentials are served here.")
        client_id, secret = _credentials(form, authorization)
        with self._lock:
            known = self._secrets.get(client_id)
        # source: RFC6749 5.2
        if known is None or not secrets.compare_digest(known.encode(), secret.encode()):
            return _refused(401, "invalid_client", "The application is not known, or its secret is wrong.")
        # source: RFC6749 5.1
        answer: dict[str, str | int] = {"token_type": "Bearer", "expires_in": self.seconds}
        return _json(200, {**answer, "access_token": self._grant(client_id)})

    def client_of(self, token: str) -> str | None:
        """Return the application that was given this token; None when it is unknown or too old."""
        with self._lock:
            granted = self._granted.get(token)
        return granted.client_id if granted and granted.until > self._clock.now() else None

    def _grant(self, client_id: str) -> str:
        token = secrets.token_urlsafe(48)
        now = self._clock.now()
        with self._lock:
            for old in [each for each, granted in self._granted.items() if granted.until <= now]:
                del self._granted[old]
            if len(self._granted) >= MAX_TOKENS:
                del self._granted[next(iter(self._granted))]
            self._granted[token] = _Granted(client_id, now + timedelta(seconds=self.seconds))
        return token


def _read_form(body: bytes) -> dict[str, str]:
    try:
        return dict(parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=50))
    except ValueError:
        return {}


def _credentials(form: dict[str, str], authorization: str) -> tuple[str, str]:
    # source: RFC6749 2.3.1
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return unquote_plus(user), unquote_plus(password)


def _refused(status: int, code: str, text: str) -> Answer:
    return _json(status, {"error": code, "error_description": text})


def _json(status: int, content: dict[str, str | int]) -> Answer:
    return Answer(status, json.dumps(content).encode("utf-8"))
