"""What a broken HTTP connection means: the fault behind requests' and urllib3's exceptions."""

import socket
import ssl
from collections.abc import Iterator

import requests
from oauthlib.oauth2 import OAuth2Error
from urllib3.exceptions import NewConnectionError, ReadTimeoutError

from postroom.errors import BadReply, SignInRejected, TransportError, Unreachable
from postroom.servers.connection import Endpoint, Mask, no_answer, no_tls, not_found, untrusted


def about_network(error: BaseException, endpoint: Endpoint, what: str) -> TransportError:
    """Return what kept the request from being answered; `what` completes "while waiting for ..."."""
    chain = list(_behind(error))
    if certificate := next((e for e in chain if isinstance(e, ssl.SSLCertVerificationError)), None):
        return untrusted(endpoint, certificate)
    if tls := next((e for e in chain if isinstance(e, ssl.SSLError)), None):
        return no_tls(endpoint, tls)
    if unknown := next((e for e in chain if isinstance(e, socket.gaierror)), None):
        return not_found(endpoint, unknown)
    if isinstance(error, requests.ConnectTimeout):
        return no_answer(endpoint, TimeoutError())
    if any(isinstance(e, NewConnectionError) for e in chain):
        return no_answer(endpoint, next((e for e in chain if isinstance(e, OSError) and e.errno), None))
    if any(isinstance(e, requests.Timeout | ReadTimeoutError | TimeoutError) for e in chain):
        return Unreachable(f"{endpoint} said nothing for {endpoint.timeout:g} s while we waited for {what}.")
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidHeader):
        return BadReply(f"{endpoint} can't be asked: {type(error).__name__}.")
    return Unreachable(f"The connection to {endpoint} broke while we waited for {what}.")


def about_token(error: OAuth2Error, place: str, client_id: str, mask: Mask) -> TransportError:
    """Return what it means that the authority gave no token."""
    said = mask(f"{error.error or type(error).__name__}: {error.description or ''}")
    if (error.error or "") in {"temporarily_unavailable", "server_error"}:
        return Unreachable(f"{place} gives no tokens at present.", reply=said)
    return SignInRejected(
        f"{place} gave no token to application {client_id}; check the tenant's id, the application's id and "
        "secret (has it expired?) and that an administrator has consented to full_access_as_app.",
        reply=said,
    )


def _behind(error: BaseException) -> Iterator[BaseException]:
    """Yield the exception and all that lie behind it, each once."""
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting:
        each = waiting.pop(0)
        if not isinstance(each, BaseException) or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        waiting += [each.__cause__, each.__context__, getattr(each, "reason", None), *each.args]
