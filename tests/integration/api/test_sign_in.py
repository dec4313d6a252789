"""Sign-in over the network: keys, tokens, acting for others; and what a server bears."""

import http.client
import json
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
import sqlalchemy as sa
from tests.support.company import on_sqlite
from tests.support.web import Api, a_postroom, serving

from postroom.api.auth import KeyHolder, create_key, revoke_key
from postroom.app.wiring import Postroom
from postroom.cli.server import ApiServer
from postroom.errors import UserError
from postroom.ports.clock import ManualClock
from postroom.schema.choices import Role
from postroom.store.records import Records

pytestmark = on_sqlite
_API = "/api/data/v9.2"


class Line:
    """One caller on the network."""

    def __init__(self, server: ApiServer, key: str | None) -> None:
        self.server, self.key = server, key

    def send(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(self.server.url.removeprefix("http://"), timeout=60)
        said = {**({"Authorization": f"Bearer {self.key}"} if self.key else {}), **(headers or {})}
        try:
            connection.request(method, path, body or None, said)
            reply = connection.getresponse()
            return reply.status, {k.lower(): v for k, v in reply.getheaders()}, reply.read()
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> tuple[int, Any]:
        status, _, body = self.send("GET", _API + path, headers=headers)
        return status, json.loads(body or b"null")


@pytest.fixture
def postroom(records: Records, tmp_path: Path) -> Postroom:
    return a_postroom(records, tmp_path, maximum_body_size=100_000, body_seconds=0.3)


@pytest.fixture
def server(postroom: Postroom) -> Iterator[ApiServer]:
    with serving(postroom) as running:
        yield running


def _key(postroom: Postroom, name: str = "root", role: Role = Role.ADMINISTRATOR, **said: Any) -> str:
    with postroom.database.write() as connection:
        return create_key(connection, name, KeyHolder(role, **said), postroom.clock.now())


def test_a_key_lets_in_and_says_who_one_is(postroom: Postroom, server: ApiServer) -> None:
    status, who = Line(server, _key(postroom)).get("/WhoAmI")
    assert status == 200
    assert who["UserId"] == "00000000-0000-7000-8000-000000000003"
    assert who["@odata.context"] == f"{server.url}{_API}/$metadata#Microsoft.Dynamics.CRM.WhoAmIResponse"


@pytest.mark.parametrize(
    "credential",
    [
        None,
        "x",
        "prk_",
        "prk_" + "0" * 32 + "_x",
        "prt_",
        "prt_djE6dGVzdDpBQUFB",
        "prt_" + "A" * 5000,
        "prk_\u00fc",
    ],
)
def test_nobody_else_is_let_in(server: ApiServer, credential: str | None) -> None:
    line = Line(server, None if credential is None else credential.encode().decode("latin-1"))
    status, headers, body = line.send("GET", f"{_API}/contacts")
    assert status == 401
    assert headers["www-authenticate"].startswith("Bearer")
    assert json.loads(body)["error"]["code"].startswith("0x")


def test_a_key_with_one_character_changed_is_refused(postroom: Postroom, server: ApiServer) -> None:
    key = _key(postroom)
    changed = key[:-1] + ("A" if key[-1] != "A" else "B")
    assert Line(server, changed).get("/WhoAmI")[0] == 401


def test_the_store_keeps_no_key(postroom: Postroom) -> None:
    key = _key(postroom)
    with postroom.database.read() as connection:
        row = connection.execute(sa.text("SELECT * FROM postroom_key")).one()
    assert key not in map(str, row)
    assert key.rpartition("_")[2] not in str(row)
    assert "keyhash" not in Api(postroom).get("postroom_keys").rows[0]


def _token(
    line: Line, name: str, secret: str, path: str = "/oauth2/v2.0/token"
) -> tuple[int, dict[str, Any]]:
    form = {
        "grant_type": "client_credentials",
        "client_id": name,
        "client_secret": secret,
        "scope": "x/.default",
    }
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    status, _, body = line.send("POST", path, urlencode(form).encode(), kind)
    return status, json.loads(body)


def test_client_credentials_buy_a_token_for_a_while(
    postroom: Postroom, server: ApiServer, clock: ManualClock
) -> None:
    key, nobody = _key(postroom), Line(server, None)
    status, answer = _token(nobody, "root", key, "/some-tenant/oauth2/v2.0/token")
    assert (status, answer["token_type"], answer["expires_in"]) == (200, "Bearer", 3600)
    line = Line(server, answer["access_token"])
    assert line.get("/WhoAmI")[0] == 200
    clock.at += timedelta(minutes=61)
    status, said = line.get("/WhoAmI")
    assert status == 401
    assert "expired" in said["error"]["message"]


def test_a_token_ends_with_its_key(postroom: Postroom, server: ApiServer) -> None:
    key = _key(postroom)
    _, answer = _token(Line(server, None), "root", key)
    with postroom.database.write() as connection:
        revoke_key(connection, "root", postroom.clock.now())
    assert Line(server, answer["access_token"]).get("/WhoAmI")[0] == 401
    assert Line(server, key).get("/WhoAmI")[0] == 401
    assert _token(Line(server, None), "root", key)[0] == 401


@pytest.mark.parametrize(
    ("name", "secret"), [("root", "wrong"), ("other", None), ("", ""), ("root", "prk_x")]
)
def test_wrong_client_credentials_buy_nothing(
    postroom: Postroom, server: ApiServer, name: str, secret: str | None
) -> None:
    key = _key(postroom)
    status, answer = _token(Line(server, None), name, key if secret is None else secret)
    assert (status, answer) == (401, {"error": "invalid_client"})


def test_the_token_endpoint_takes_a_form_of_credentials_only(server: ApiServer) -> None:
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    line = Line(server, None)
    for body, headers in ((b"{}", {}), (b"grant_type=password", kind), (b"\xff", kind), (b"a=1&" * 30, kind)):
        assert line.send("POST", "/oauth2/v2.0/token", body, headers)[0] == 400
    assert line.send("POST", "/oauth2/v2.0/token", b"a" * 20_000, kind)[0] == 413


def test_a_key_ends_when_its_time_has_come(postroom: Postroom, server: ApiServer, clock: ManualClock) -> None:
    with postroom.database.write() as connection:
        end = clock.now() + timedelta(days=1)
        key = create_key(connection, "short", KeyHolder(Role.READER), clock.now(), end)
    assert Line(server, key).get("/contacts")[0] == 200
    clock.at += timedelta(days=1)
    assert Line(server, key).get("/contacts")[0] == 401


def test_a_role_that_needs_somebody_gets_somebody(postroom: Postroom) -> None:
    for role in (Role.MAILBOX_OWNER, Role.QUEUE_MEMBER):
        with pytest.raises(UserError, match="say"):
            _key(postroom, "x", role)
    _key(postroom, "x", Role.MAILBOX_OWNER, user=UUID(int=1))
    with pytest.raises(UserError, match="already"):
        _key(postroom, "x")


def test_an_administrator_acts_for_a_user_with_that_users_rights(
    postroom: Postroom, server: ApiServer
) -> None:
    api = Api(postroom)
    api.post("emails", {"subject": "for nobody"})
    ann = api.post("systemusers", {"lastname": "A", "internalemailaddress": "a@a.example"}).id
    line = Line(server, _key(postroom))
    assert len(line.get("/emails")[1]["value"]) == 1
    assert line.get("/emails", MSCRMCallerID=ann)[1]["value"] == []
    assert line.get("/WhoAmI", CallerObjectId=ann)[1]["UserId"] == ann
    assert line.get("/WhoAmI", MSCRMCallerID="x")[0] == 400
    assert line.get("/WhoAmI", MSCRMCallerID=str(UUID(int=1)))[0] == 403
    reader = Line(server, _key(postroom, "reader", Role.READER))
    assert reader.get("/WhoAmI", MSCRMCallerID=ann)[0] == 403


def test_every_version_of_the_address_answers_and_no_other(postroom: Postroom, server: ApiServer) -> None:
    line = Line(server, _key(postroom))
    for version, status in (("v9.0", 200), ("v9.1", 200), ("v9.2", 200), ("v8.2", 404), ("v9.x", 404)):
        assert line.send("GET", f"/api/data/{version}/WhoAmI()")[0] == status
    assert line.send("GET", "/nosuch")[0] == 404


def test_the_answers_headers_are_those_of_the_protocol(postroom: Postroom, server: ApiServer) -> None:
    status, headers, body = Line(server, _key(postroom)).send("GET", f"{_API}/contacts")
    assert status == 200
    assert headers["odata-version"] == "4.0"
    assert headers["content-type"] == "application/json; odata.metadata=minimal"
    assert headers["x-ms-service-request-id"] == headers["req_id"]
    assert json.loads(body)["value"] == []
    assert Line(server, _key(postroom, "k")).send("HEAD", f"{_API}/contacts")[2] == b""


def test_a_body_that_is_too_big_is_refused_unread(postroom: Postroom, server: ApiServer) -> None:
    line = Line(server, _key(postroom))
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as raw:
        head = f"POST {_API}/contacts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {line.key}\r\n"
        raw.sendall(f"{head}Content-Length: 100000000\r\n\r\n".encode())
        assert raw.recv(100).startswith(b"HTTP/1.1 413")
    with socket.create_connection((host, int(port)), timeout=60) as raw:
        raw.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        raw.sendall(b"30000\r\n" + b"x" * 0x30000 + b"\r\n")
        assert raw.recv(100).startswith(b"HTTP/1.1 413")


def test_a_body_that_does_not_come_is_not_waited_for(postroom: Postroom, server: ApiServer) -> None:
    key = _key(postroom)
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as raw:
        head = f"POST {_API}/contacts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
        raw.sendall(f"{head}Content-Length: 50\r\n\r\n{{".encode())
        assert raw.recv(100).startswith(b"HTTP/1.1 408")


def test_an_address_may_be_long_but_not_endless(postroom: Postroom, server: ApiServer) -> None:
    line = Line(server, _key(postroom))
    assert line.send("GET", f"{_API}/contacts?$filter=lastname%20eq%20'{'x' * 30_000}'")[0] == 200
    assert line.send("GET", f"{_API}/contacts?$filter=lastname%20eq%20'{'x' * 40_000}'")[0] in (400, 414)


def test_a_host_that_is_none_is_refused(postroom: Postroom, server: ApiServer) -> None:
    line = Line(server, _key(postroom))
    assert line.send("GET", f"{_API}/contacts", headers={"Host": 'a/b"<x>'})[0] == 400
