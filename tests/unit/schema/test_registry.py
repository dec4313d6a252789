"""The declarations hold together."""

import re

import pytest
import sqlalchemy as sa

from postroom.schema import registry
from postroom.schema.choices import Reason
from postroom.schema.column import Format, Kind, OnDelete, Required
from postroom.schema.table import Row, TableInfo
from postroom.schema.targets import EMAIL_ENABLED, PARTIES, REGARDING

TABLES = registry.tables()
each_table = pytest.mark.parametrize("table", TABLES, ids=[table.logical_name for table in TABLES])

# Tables of other Microsoft applications, which a lookup may name but this store doesn't have.
ELSEWHERE = {
    "fileattachment",
    "keyvaultreference",
    "managedidentity",
    "partnerapplication",
    "resourcespec",
    "service",
    "site",
    "sla",
    "traceregarding",
    "transactioncurrency",
}


def test_names_and_codes_are_given_once() -> None:
    assert len({table.logical_name for table in TABLES}) == len(TABLES)
    assert len({table.set_name for table in TABLES}) == len(TABLES)
    codes = [table.object_type_code for table in TABLES if table.object_type_code is not None]
    assert len(set(codes)) == len(codes)


def test_every_declared_table_is_registered() -> None:
    stored = {table.logical_name for table in TABLES if table.is_stored}
    assert stored == set(Row.metadata.tables)


def test_a_table_is_found_by_both_its_names() -> None:
    mailbox = registry.by_logical_name("mailbox")
    assert registry.by_set_name("mailboxes") is mailbox
    assert mailbox.object_type_code == 9606
    assert mailbox.primary_id == "mailboxid"
    assert registry.find("nonsense") is None
    with pytest.raises(KeyError):
        registry.by_set_name("nonsense")


@each_table
def test_what_a_table_names_is_there(table: TableInfo) -> None:
    assert table.primary_id in table.columns
    if table.primary_name:
        assert table.columns[table.primary_name].kind in (Kind.TEXT, Kind.MEMO)
    for name, info in table.columns.items():
        assert re.fullmatch(r"[a-z][a-z0-9_]*", name)
        assert info.label, name
        assert set(info.access) <= set("CUR"), name
        for other in (info.type_column, info.set_flag):
            assert other is None or table.has(other), name
        if len(info.targets) > 1 and table.logical_name != "activityparty":
            assert info.type_column or name in _WITHOUT_TYPE, name


# Columns that stand for one of several tables without saying which, as Dataverse has them.
_WITHOUT_TYPE = {"activityid", "regardingobjectownerid", "ownerid"}


@each_table
def test_lookups_point_to_tables_that_exist(table: TableInfo) -> None:
    for name, info in table.lookups():
        for target in info.targets:
            assert registry.find(target) or target in ELSEWHERE, f"{name} -> {target}"
        assert set(info.navigation) <= set(info.targets), name
        assert set(info.collection) <= set(info.targets), name


@each_table
def test_defaults_are_values_of_their_columns(table: TableInfo) -> None:
    for name, info in table.columns.items():
        if info.default is None:
            continue
        if info.choices is not None:
            assert info.default in set(info.choices), name
        elif info.kind is Kind.BOOLEAN:
            assert isinstance(info.default, bool), name
        elif info.kind in (Kind.INTEGER, Kind.BIGINT):
            assert info.minimum is not None
            assert info.maximum is not None
            assert info.minimum <= info.default <= info.maximum, name
        else:
            assert isinstance(info.default, str), name
            assert info.length is None or len(info.default) <= info.length, name


@each_table
def test_every_status_belongs_to_one_state(table: TableInfo) -> None:
    if table.states is None:
        assert not table.has("statecode")
        return
    state, status = table.columns["statecode"], table.columns["statuscode"]
    assert state.choices is not None
    assert status.choices is not None
    assert set(table.states.statuses) == set(state.choices)
    placed = [code for codes in table.states.statuses.values() for code in codes]
    assert sorted(placed) == sorted(status.choices)
    assert table.states.fit(state.default, status.default)
    for code in status.choices:
        assert table.states.fit(table.states.state_of(code), code)


@each_table
def test_every_foreign_key_that_cascades_is_indexed(table: TableInfo) -> None:
    """A delete must not read whole tables for the links that matter most."""
    if not table.is_stored:
        return
    leading = {next(iter(index.columns)).name for index in table.table.indexes}
    busy = {"activityparty", "activitymimeattachment", "mailboxtrackingfolder", "tracelog", "queueitem"}
    for name, info in table.lookups():
        if table.logical_name in busy and info.on_delete is OnDelete.CASCADE:
            assert name in leading, name


@pytest.mark.parametrize(
    ("table", "column", "target", "expected"),
    [
        ("mailbox", "emailserverprofile", "emailserverprofile", "emailserverprofile"),
        ("mailbox", "regardingobjectid", "queue", "regardingobjectid_queue"),
        ("mailbox", "regardingobjectid", "systemuser", "regardingobjectid"),
        ("mailbox", "ownerid", "team", "ownerid"),
        ("email", "regardingobjectid", "account", "regardingobjectid_account_email"),
        ("email", "emailsender", "contact", "emailsender_contact"),
        ("email", "receivingmailboxid", "mailbox", "ReceivingMailboxId_Email"),
        ("email", "correlatedactivityid", "email", "CorrelatedActivityId_Email"),
        ("email", "sendermailboxid", "mailbox", "sendermailboxid_email"),
        ("email", "createdby", "systemuser", "createdby_email"),
        ("email", "ownerid", "systemuser", "ownerid_email"),
        ("email", "parentactivityid", "email", "parentactivityid"),
        ("task", "owninguser", "systemuser", "owninguser_task"),
        ("phonecall", "regardingobjectid", "account", "regardingobjectid_account_phonecall"),
        ("serviceappointment", "serviceid", "service", "serviceid_serviceappointment"),
        ("activityparty", "partyid", "contact", "partyid_contact"),
        ("activityparty", "activityid", "email", "activityid_email"),
        ("contact", "parentcustomerid", "account", "parentcustomerid_account"),
        ("account", "primarycontactid", "contact", "primarycontactid"),
        ("tracelog", "regardingobjectid", "mailbox", "regardingobjectid_mailbox"),
        ("tracelog", "parenttracelogid", "tracelog", "tracelog_parent_tracelog"),
        ("queueitem", "workerid", "team", "workerid_team"),
    ],
)
def test_a_lookup_has_its_navigation_property(table: str, column: str, target: str, expected: str) -> None:
    assert registry.by_logical_name(table).navigation(column, target) == expected


def test_secrets_are_never_readable() -> None:
    found = {f"{table.logical_name}.{name}" for table in TABLES for name in table.secrets()}
    assert {"mailbox.password", "emailserverprofile.incomingpassword"} <= found
    for table in TABLES:
        for name in table.secrets():
            assert not table.columns[name].may_read


def test_addresses_are_found_in_the_tables_that_have_them() -> None:
    for name in EMAIL_ENABLED:
        columns = list(registry.by_logical_name(name).email_columns())
        assert columns
        assert all(registry.by_logical_name(name).columns[c].format is Format.EMAIL for c in columns)
    assert {registry.find(name) for name in (*PARTIES, *REGARDING)} <= set(TABLES)


def test_a_mailbox_is_not_enabled_before_it_was_tested() -> None:
    mailbox = registry.by_logical_name("mailbox")
    for name in ("enabledforact", "enabledforincomingemail", "enabledforoutgoingemail"):
        assert mailbox.columns[name].default is False


def test_party_lists_stand_for_roles() -> None:
    email = registry.by_logical_name("email")
    assert {name: int(role) for name, role in email.party_lists.items()} == {
        "from": 1,
        "to": 2,
        "cc": 3,
        "bcc": 4,
        "related": 13,
    }


def test_a_column_that_must_have_a_value_has_one_in_the_database() -> None:
    email = registry.by_logical_name("email")
    assert email.columns["directioncode"].default is True
    state = email.table.c.statecode
    assert isinstance(state.type, sa.Integer)
    assert not state.nullable
    assert email.columns["statecode"].required is Required.SYSTEM


def test_every_reason_says_what_an_administrator_reads() -> None:
    codes = [int(reason) for reason in Reason]
    assert codes[:9] == [-1, *range(8)]
    assert codes[9:] == list(range(100, 100 + len(codes) - 9))
    for reason in Reason:
        assert reason.sentence.endswith(".")
        assert len(reason.sentence) > 20
    assert Reason(0) is Reason.DUPLICATE
    assert len({reason.sentence for reason in Reason}) == len(Reason)
