"""Whatever is sent, the answer is a clear refusal or what was asked for, never a fault of ours."""

import json
import threading
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.company import on_sqlite
from tests.support.web import Api, Said

_WORDS = st.sampled_from(
    [
        "contacts",
        "emails",
        "accounts",
        "(",
        ")",
        "'",
        "''",
        '"',
        "/",
        "$count",
        "$ref",
        "$value",
        "$metadata",
        "$batch",
        "$1",
        "EntityDefinitions",
        "Attributes",
        "LogicalName='contact'",
        "fullname",
        "lastname",
        "statecode",
        "createdon",
        "_ownerid_value",
        "parentcustomerid_account",
        "contact_customer_accounts",
        "eq",
        "ne",
        "gt",
        "and",
        "or",
        "not",
        "in",
        "null",
        "true",
        "0",
        "-1",
        "99999999999999999999",
        "1e400",
        "2024-02-30",
        "0000-00-00T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "11111111-1111-1111-1111-111111111111",
        "any(x:x/lastname eq 'a')",
        "Microsoft.Dynamics.CRM.Today(PropertyName='createdon')",
        "Microsoft.Dynamics.CRM.In(PropertyName='lastname',PropertyValues=[\"a\"])",
        "Microsoft.Dynamics.CRM.CreateMultiple",
        "groupby((lastname))",
        "aggregate($count as n)",
        "WhoAmI",
        "@p",
        "=",
        ",",
        ";",
        "*",
        "$select=lastname",
        "$expand=ownerid",
        "[",
        "]",
        "%",
        "\u0130",
        "\ud7ff",
        "\U0001f600",
        "\x7f",
    ]
)
_TEXTS = st.lists(_WORDS | st.text(max_size=4), max_size=10).map(" ".join) | st.lists(_WORDS, max_size=6).map(
    "".join
)
_OPTIONS = st.sampled_from(
    ["filter", "select", "orderby", "expand", "apply", "top", "count", "skiptoken", "deltatoken"]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            _WORDS
            | st.sampled_from(
                [
                    "parentcustomerid_account@odata.bind",
                    "@odata.type",
                    "@odata.id",
                    "Targets",
                    "contactid",
                    "x@y",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
_QUIET = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def _is_clear(said: Said) -> bool:
    """Say whether the answer is what was asked for, or an error with a code and a sentence."""
    if said.status < 400:
        return True
    if said.headers["content-type"].startswith("multipart/mixed"):
        return b" 500 " not in said.body
    status, code, message = said.error
    return status < 500 and code.startswith("0x") and len(message) > 5


@on_sqlite
@_QUIET
@given(path=_TEXTS, method=st.sampled_from(["GET", "POST", "PATCH", "PUT", "DELETE"]))
def test_any_address_is_answered_clearly(api: Api, path: str, method: str) -> None:
    assert _is_clear(api.send(method, path, {} if method != "GET" else None))


@_QUIET
@given(options=st.dictionaries(_OPTIONS, _TEXTS, max_size=3), prefer=_TEXTS)
def test_any_query_is_answered_clearly(api: Api, options: dict[str, str], prefer: str) -> None:
    assert _is_clear(api.get("contacts", prefer, **options))


@_QUIET
@given(
    body=_JSON,
    where=st.sampled_from(
        [
            "contacts",
            "emails",
            "accounts",
            "contacts/Microsoft.Dynamics.CRM.CreateMultiple",
            "BulkDelete",
            "Book",
        ]
    ),
)
def test_any_body_is_answered_clearly(api: Api, body: Any, where: str) -> None:
    said = api.send("POST", where, json.dumps(body).encode())
    assert _is_clear(said)


@on_sqlite
@_QUIET
@given(
    pieces=st.lists(
        st.sampled_from(
            [
                b"--b",
                b"--b--",
                b"\r\n",
                b"\n",
                b"Content-Type: application/http",
                b"Content-Type: multipart/mixed; boundary=c",
                b"--c",
                b"--c--",
                b"GET /api/data/v9.2/contacts HTTP/1.1",
                b"POST contacts",
                b"PATCH $1",
                b"{}",
                b"Content-ID: 1",
                b"\r\n\r\n",
                b"\xff",
                b":",
            ]
        ),
        max_size=25,
    )
)
def test_any_batch_is_answered_clearly(api: Api, pieces: list[bytes]) -> None:
    headers = {"Content-Type": "multipart/mixed; boundary=b"}
    assert _is_clear(api.send("POST", "$batch", b"".join(pieces), headers=headers))


@_QUIET
@given(
    xml=st.lists(
        st.sampled_from(
            [
                "<fetch>",
                "</fetch>",
                "<fetch page='2' count='1'>",
                "<fetch aggregate='true'>",
                "<entity name='contact'>",
                "</entity>",
                "<attribute name='lastname'/>",
                "<attribute name='lastname' alias='x' groupby='true'/>",
                "<attribute name='nosuch'/>",
                "<order attribute='lastname'/>",
                "<order alias='x'/>",
                "<filter type='or'>",
                "</filter>",
                "<condition attribute='lastname' operator='eq' value='a'/>",
                "<condition attribute='createdon' operator='last-x-days' value='x'/>",
                "<link-entity name='account' from='accountid' to='parentcustomerid'>",
                "<all-attributes/>",
                "</link-entity>",
                "&x;",
                "\u0000",
            ]
        ),
        max_size=12,
    ).map("".join)
)
def test_any_fetchxml_is_answered_clearly(api: Api, xml: str) -> None:
    from urllib.parse import quote

    assert _is_clear(api.send("GET", "contacts", query=f"fetchXml={quote(xml)}"))


@on_sqlite
@pytest.mark.parametrize("depth", [50, 5_000, 200_000])
def test_json_may_be_deep_but_the_server_stands(api: Api, depth: int) -> None:
    body = b'{"primarycontactid":' * depth + b"{}" + b"}" * depth
    said = api.send("POST", "accounts", body)
    assert said.status == 400 or depth == 50
    assert _is_clear(said)


def test_who_puts_the_same_key_at_once_puts_one_record(api: Api) -> None:
    statuses: list[int] = []

    def put(number: int) -> None:
        said = api.patch("accounts(accountnumber='A-1')", {"name": str(number)})
        statuses.append(said.status)

    threads = [threading.Thread(target=put, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert statuses == [204] * 8
    assert len(api.get("accounts").rows) == 1


def test_of_two_who_change_the_same_version_one_is_refused(api: Api) -> None:
    key = api.post("accounts", {"name": "A"}).id
    tag = api.get(f"accounts({key})").json["@odata.etag"]
    statuses: list[int] = []
    barrier = threading.Barrier(4)

    def change(number: int) -> None:
        barrier.wait(60)
        statuses.append(api.patch(f"accounts({key})", {"name": str(number)}, {"If-Match": tag}).status)

    threads = [threading.Thread(target=change, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert sorted(statuses) == [204, 412, 412, 412]
