"""Microsoft's own Python SDK against a running server over TLS, with a key of ours as its token."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.certificates import Authority
from tests.support.company import on_sqlite
from tests.support.web import a_postroom, serving

from postroom.api.auth import KeyHolder, create_key
from postroom.schema.choices import Role
from postroom.store.records import Records

pytest.importorskip("PowerPlatform.Dataverse", reason="Microsoft's SDK is not installed")

from azure.core.credentials import AccessToken
from PowerPlatform.Dataverse.client import DataverseClient
from PowerPlatform.Dataverse.core.errors import HttpError
from PowerPlatform.Dataverse.models.upsert import UpsertItem

pytestmark = on_sqlite


class StaticKey:
    """A credential that always has the same token."""

    def __init__(self, key: str) -> None:
        self._key = key

    def get_token(self, *_scopes: str, **_more: Any) -> AccessToken:
        return AccessToken(self._key, int(time.time()) + 3600)


@pytest.fixture
def client(records: Records, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DataverseClient]:
    """The SDK, trusting our authority and carrying an administrator's key."""
    postroom = a_postroom(records, tmp_path)
    with postroom.database.write() as connection:
        key = create_key(connection, "sdk", KeyHolder(Role.ADMINISTRATOR), postroom.clock.now())
    authority = Authority()
    trusted = tmp_path / "authority.pem"
    trusted.write_text(authority.pem)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(trusted))
    certificate, private = authority.leaf().write(tmp_path)
    with (
        serving(postroom, certificate, private) as server,
        DataverseClient(server.url.replace("127.0.0.1", "localhost"), StaticKey(key)) as opened,
    ):
        yield opened


def test_records_are_made_read_changed_and_deleted(client: DataverseClient) -> None:
    key = client.records.create("contact", {"LastName": "Customer", "firstname": "Carl"})
    row = client.records.retrieve("contact", key, select=["lastname", "firstname"])
    assert row is not None
    assert (row["lastname"], row["firstname"]) == ("Customer", "Carl")
    client.records.update("contact", key, {"firstname": "Karl"})
    assert client.records.retrieve("contact", key, select=["firstname"])["firstname"] == "Karl"
    client.records.delete("contact", key)
    assert client.records.retrieve("contact", key) is None


def test_many_records_are_made_changed_and_deleted(client: DataverseClient) -> None:
    keys = client.records.create("contact", [{"lastname": name} for name in "ABC"])
    assert len(set(keys)) == 3
    client.records.update("contact", keys, {"firstname": "x"})
    client.records.update("contact", keys[:2], [{"firstname": "one"}, {"firstname": "two"}])
    found = client.records.list("contact", select=["firstname"], orderby=["lastname"])
    assert [row["firstname"] for row in found] == ["one", "two", "x"]
    assert client.records.delete("contact", keys[:2])
    assert len(list(client.records.list("contact"))) == 1
    client.records.delete("contact", keys[2:], use_bulk_delete=False)
    assert list(client.records.list("contact")) == []


def test_words_for_choices_become_their_codes(client: DataverseClient) -> None:
    key = client.records.create("email", {"subject": "Hi", "prioritycode": "High"})
    assert client.records.retrieve("email", key, select=["prioritycode"])["prioritycode"] == 2


def test_records_are_put_by_their_keys(client: DataverseClient) -> None:
    one = UpsertItem(alternate_key={"accountnumber": "A-1"}, record={"name": "One"})
    two = UpsertItem(alternate_key={"accountnumber": "A'2"}, record={"name": "Two"})
    client.records.upsert("account", [one])
    client.records.upsert(
        "account", [UpsertItem(alternate_key={"accountnumber": "A-1"}, record={"name": "Uno"}), two]
    )
    rows = client.records.list("account", select=["name", "accountnumber"], orderby=["name"])
    assert [(row["name"], row["accountnumber"]) for row in rows] == [("Two", "A'2"), ("Uno", "A-1")]


def test_queries_page_through_all_rows(client: DataverseClient) -> None:
    client.records.create(
        "contact", [{"lastname": f"{n:02}", "firstname": "odd" if n % 2 else None} for n in range(25)]
    )
    pages = list(
        client.records.list_pages("contact", select=["lastname"], orderby=["lastname"], page_size=10)
    )
    assert [len(page) for page in pages] == [10, 10, 5]
    assert [row["lastname"] for page in pages for row in page] == [f"{n:02}" for n in range(25)]
    odd = client.records.list("contact", filter="firstname eq 'odd' and lastname ge '20'", top=2, count=True)
    assert len(odd) == 2


def test_built_queries_are_understood(client: DataverseClient) -> None:
    from PowerPlatform.Dataverse.models.filters import col

    account = client.records.create("account", {"name": "Contoso"})
    for name in "AB":
        bound = {"lastname": name, "parentcustomerid_account@odata.bind": f"/accounts({account})"}
        client.records.create("contact", bound)
    client.records.create("contact", {"lastname": "C"})
    query = (
        client.query.builder("contact")
        .select("lastname")
        .where(col("lastname").in_(["A", "C"]) & (col("statecode") == 0))
        .order_by("lastname", descending=True)
        .expand("parentcustomerid_account")
    )
    rows = list(query.execute())
    assert [row["lastname"] for row in rows] == ["C", "A"]
    assert rows[1]["parentcustomerid_account"]["name"] == "Contoso"
    assert rows[0]["parentcustomerid_account"] is None


def test_fetchxml_is_asked_page_by_page(client: DataverseClient) -> None:
    client.records.create("contact", [{"lastname": name} for name in "ABCDE"])
    inside = '<attribute name="lastname"/><order attribute="lastname"/>'
    xml = f'<fetch count="2"><entity name="contact">{inside}</entity></fetch>'
    pages = list(client.query.fetchxml(xml).execute_pages())
    assert [[row["lastname"] for row in page] for page in pages] == [["A", "B"], ["C", "D"], ["E"]]


def test_sql_is_asked(client: DataverseClient) -> None:
    client.records.create("contact", [{"lastname": name} for name in "AB"])
    rows = client.query.sql("SELECT lastname, statecode FROM contact WHERE lastname <> 'A' ORDER BY lastname")
    assert [(row["lastname"], row["statecode"]) for row in rows] == [("B", 0)]


def test_a_batch_with_a_change_set(client: DataverseClient) -> None:
    batch = client.batch.new()
    with batch.changeset() as change:
        contact = change.records.create("contact", {"lastname": "Boss"})
        change.records.create("account", {"name": "Contoso", "primarycontactid@odata.bind": contact})
    batch.records.list("account", select=["name"], expand=["primarycontactid"])
    result = batch.execute()
    assert not result.has_errors, [each.error_message for each in result.responses]
    assert len(result.entity_ids) == 2
    account = client.records.list("account", expand=["primarycontactid"])[0]
    assert account["primarycontactid"]["lastname"] == "Boss"


def test_a_batch_goes_on_after_a_failure_where_told_to(client: DataverseClient) -> None:
    batch = client.batch.new()
    batch.records.create("contact", {"lastname": "A"})
    batch.records.create("contact", {"nosuch": 1})
    batch.records.create("contact", {"lastname": "B"})
    result = batch.execute(continue_on_error=True)
    assert [each.is_success for each in result.responses] == [True, False, True]


def test_tables_and_columns_are_described(client: DataverseClient) -> None:
    info = client.tables.get("email")
    assert info is not None
    assert (info.logical_name, info.entity_set_name, info.primary_name_attribute) == (
        "email",
        "emails",
        "subject",
    )
    assert client.tables.get("nosuch") is None
    assert {"contact", "email"} <= {
        each["LogicalName"] for each in client.tables.list(select=["LogicalName"])
    }
    columns = client.query.sql_columns("contact")
    assert "lastname" in {each["name"] for each in columns}
    assert client.tables.get_relationship("contact_customer_accounts") is not None
    assert client.tables.get_alternate_keys("contact") == []


def _failure(work: Callable[[], object]) -> tuple[int, str]:
    """Status and code of what went wrong; the error itself would hold the connection open."""
    try:
        work()
    except HttpError as fault:
        return fault.status_code, fault.details["service_error_code"]
    raise AssertionError("nothing went wrong")


def test_errors_carry_dataverses_codes(client: DataverseClient) -> None:
    too_long = {"lastname": "x" * 5000}
    assert _failure(lambda: client.records.create("contact", too_long)) == (400, "0x80044331")
    assert _failure(lambda: client.tables.create("new_Thing", {"new_Size": "int"}))[0] == 405


def test_a_wrong_key_is_refused(client: DataverseClient) -> None:
    with DataverseClient(client._base_url, StaticKey("prk_wrong")) as stranger:
        assert _failure(lambda: stranger.records.create("contact", {"lastname": "x"}))[0] == 401
