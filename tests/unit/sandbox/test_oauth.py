"""The token end point: who gets a token, what it is good for, and for how long."""

import base64
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest

from postroom.ports.clock import ManualClock
from postroom.sandbox.exchange import oauth
from postroom.sandbox.exchange.oauth import MAX_REQUEST, TokenIssuer

FORM = {
    "grant_type": "client_credentials",
    "client_id": "app",
    "client_secret": "s3cret+ü",
    "scope": "https://outlook.office365.com/.default",
}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 25, 11, 0, tzinfo=UTC))


@pytest.fixture
def issuer(clock: ManualClock) -> TokenIssuer:
    made = TokenIssuer(clock, seconds=60)
    made.register("app", "s3cret+ü")
    return made


def post(**changed: str) -> bytes:
    return urlencode({**FORM, **changed}).encode()


def token(issuer: TokenIssuer) -> str:
    return str(json.loads(issuer.answer(post()).body)["access_token"])


def test_a_registered_application_gets_a_bearer_token(issuer: TokenIssuer) -> None:
    answer = issuer.answer(post())
    content = json.loads(answer.body)
    assert answer.status == 200
    assert (content["token_type"], content["expires_in"]) == ("Bearer", 60)
    assert issuer.client_of(content["access_token"]) == "app"


def test_an_application_may_name_itself_in_the_header(issuer: TokenIssuer) -> None:
    credentials = base64.b64encode(b"app:s3cret%2B%C3%BC").decode()
    answer = issuer.answer(b"grant_type=client_credentials", f"Basic {credentials}")
    assert answer.status == 200


@pytest.mark.parametrize("changed", [{"client_secret": "wrong"}, {"client_id": "other"}])
def test_a_wrong_secret_or_application_is_an_invalid_client(
    issuer: TokenIssuer, changed: dict[str, str]
) -> None:
    answer = issuer.answer(post(**changed))
    assert answer.status == 401
    assert json.loads(answer.body)["error"] == "invalid_client"


def test_a_header_that_cannot_be_read_is_an_invalid_client(issuer: TokenIssuer) -> None:
    assert issuer.answer(b"grant_type=client_credentials", "Basic %%%").status == 401


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        (post(grant_type="password"), 400, "unsupported_grant_type"),
        (b"\xff", 400, "unsupported_grant_type"),
        (b"x" * (MAX_REQUEST + 1), 413, "invalid_request"),
    ],
)
def test_other_requests_are_refused(issuer: TokenIssuer, body: bytes, status: int, error: str) -> None:
    answer = issuer.answer(body)
    assert (answer.status, json.loads(answer.body)["error"]) == (status, error)


def test_a_token_is_good_until_it_expires(issuer: TokenIssuer, clock: ManualClock) -> None:
    given = token(issuer)
    clock.at += timedelta(seconds=59)
    assert issuer.client_of(given) == "app"
    clock.at += timedelta(seconds=1)
    assert issuer.client_of(given) is None


def test_revoked_and_invented_tokens_are_nobodys(issuer: TokenIssuer) -> None:
    given = token(issuer)
    issuer.revoke_all()
    assert issuer.client_of(given) is None
    assert issuer.client_of("invented") is None


def test_only_so_many_tokens_are_remembered(issuer: TokenIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oauth, "MAX_TOKENS", 2)
    first, *others = (token(issuer) for _ in range(3))
    assert issuer.client_of(first) is None
    assert [issuer.client_of(each) for each in others] == ["app", "app"]
