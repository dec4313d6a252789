"""Queries over the declared tables: paths, collections, order, shape of the rows, refusals."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from postroom.api.odata.query import Answer, read_query, run_query
from postroom.api.odata.render import FORMATTED, TARGET, Annotation
from postroom.errors import UserError
from postroom.schema.table import Row

PROFILE, SALES, SUPPORT, USER, MAIL, CONTACT = (UUID(int=number) for number in range(10, 16))


def put(connection: sa.Connection, table: str, **values: Any) -> None:
    connection.execute(sa.insert(Row.metadata.tables[table]).values(**values))


@pytest.fixture
def filled(connection: sa.Connection) -> sa.Connection:
    put(
        connection,
        "emailserverprofile",
        emailserverprofileid=PROFILE,
        name="Office",
        incomingpassword="sealed",
    )
    put(connection, "systemuser", systemuserid=USER, fullname="Ann Ames")
    put(
        connection,
        "mailbox",
        mailboxid=SALES,
        name="Sales",
        emailaddress="sales@example.org",
        emailserverprofile=PROFILE,
        statecode=0,
        ownerid=USER,
        owneridtype="systemuser",
        createdon=datetime(2024, 1, 31, 10, 0, 0, 5, tzinfo=UTC),
        versionnumber=7,
    )
    put(connection, "mailbox", mailboxid=SUPPORT, name="support", emailaddress="x@example.org", statecode=1)
    put(connection, "email", activityid=MAIL, subject="Offer")
    for number, mask, address in ((20, 2, "b@example.org"), (21, 1, "A@example.org")):
        put(
            connection,
            "activityparty",
            activitypartyid=UUID(int=number),
            activityid=MAIL,
            participationtypemask=mask,
            addressused=address,
        )
    return connection


def ask(connection: sa.Connection, set_name: str, *annotations: Annotation, **options: str) -> Answer:
    query = read_query(set_name, {f"${name}": text for name, text in options.items()})
    return run_query(connection, query, frozenset(annotations))


def names(answer: Answer) -> list[str]:
    return [row["name"] for row in answer.rows]


def test_a_path_through_a_lookup_asks_about_the_other_record(filled: sa.Connection) -> None:
    found = ask(filled, "mailboxes", filter="emailserverprofile/name eq 'OFFICE'")
    assert names(found) == ["Sales"]
    assert names(ask(filled, "mailboxes", filter="emailserverprofile/name ne 'office'")) == ["support"]
    assert names(ask(filled, "mailboxes", filter="emailserverprofile/name eq null")) == ["support"]


def test_an_owner_is_reached_whatever_its_table(filled: sa.Connection) -> None:
    assert names(
        ask(filled, "mailboxes", filter="owninguser/fullname eq null and ownerid/fullname ne null")
    ) == ["Sales"]


def test_a_lookup_is_compared_by_id_in_any_notation(filled: sa.Connection) -> None:
    for text in (
        f"_emailserverprofile_value eq {PROFILE}",
        f"_emailserverprofile_value eq '{PROFILE}'",
        "emailserverprofile ne null",
    ):
        assert names(ask(filled, "mailboxes", filter=text)) == ["Sales"]


def test_any_and_all_ask_about_the_rows_of_a_collection(filled: sa.Connection) -> None:
    put(filled, "email", activityid=UUID(int=99), subject="Nobody's")
    subjects = lambda text: [row["subject"] for row in ask(filled, "emails", filter=text).rows]  # noqa: E731
    assert subjects("email_activity_parties/any(p:p/addressused eq 'a@example.org')") == ["Offer"]
    assert subjects("email_activity_parties/any(p:p/addressused eq 'c@example.org')") == []
    assert subjects("email_activity_parties/any(p:p/participationtypemask eq 2 and subject eq 'offer')") == [
        "Offer"
    ]
    assert subjects("not email_activity_parties/any()") == ["Nobody's"]
    assert subjects("email_activity_parties/all(p:contains(p/addressused,'@example'))") == [
        "Offer",
        "Nobody's",
    ]
    assert subjects("email_activity_parties/all(p:p/participationtypemask eq 1)") == ["Nobody's"]


def test_a_row_has_the_shape_of_the_web_api(filled: sa.Connection) -> None:
    (row,) = ask(filled, "mailboxes", filter="name eq 'sales'").rows
    assert row["mailboxid"] == str(SALES)
    assert row["_emailserverprofile_value"] == str(PROFILE)
    assert "emailserverprofile" not in row
    assert row["createdon"] == "2024-01-31T10:00:00Z"
    assert row["statecode"] == 0
    assert row["_regardingobjectid_value"] is None
    assert names(ask(filled, "mailboxes", filter="createdon eq 2024-01-31T10:00:00Z")) == ["Sales"]


def test_secrets_are_neither_shown_nor_asked_about(filled: sa.Connection) -> None:
    (row,) = ask(filled, "emailserverprofiles").rows
    assert "incomingpassword" not in row
    assert "sealed" not in str(row)
    for option in ("filter", "select", "orderby"):
        text = "incomingpassword eq 'x'" if option == "filter" else "incomingpassword"
        with pytest.raises(UserError, match=r"incomingpassword is never shown"):
            ask(filled, "emailserverprofiles", **{option: text})


def test_select_order_top_and_count_do_what_they_say(filled: sa.Connection) -> None:
    found = ask(filled, "mailboxes", select="name,_ownerid_value", orderby="name desc", top="1", count="true")
    assert found.rows == [{"mailboxid": str(SUPPORT), "name": "support", "_ownerid_value": None}]
    assert found.count == 2
    by_profile = ask(filled, "mailboxes", orderby="emailserverprofile/name desc")
    assert names(by_profile) == ["Sales", "support"]


def test_annotations_come_when_asked_for(filled: sa.Connection) -> None:
    (row,) = ask(
        filled, "mailboxes", *Annotation, filter="name eq 'Sales'", select="statecode,_ownerid_value"
    ).rows
    assert row["@odata.etag"] == 'W/"7"'
    assert row[f"statecode@{FORMATTED}"] == "Active"
    assert row[f"_ownerid_value@{FORMATTED}"] == "Ann Ames"
    assert row[f"_ownerid_value@{TARGET}"] == "systemuser"


def test_expand_brings_the_related_records(filled: sa.Connection) -> None:
    (row,) = ask(
        filled,
        "emails",
        select="subject",
        expand="email_activity_parties($select=addressused;$orderby=addressused;$top=1)",
    ).rows
    assert row["email_activity_parties"] == [
        {"activitypartyid": str(UUID(int=21)), "addressused": "A@example.org"}
    ]
    sales, support = ask(filled, "mailboxes", orderby="name", expand="emailserverprofile($select=name)").rows
    assert sales["emailserverprofile"] == {"emailserverprofileid": str(PROFILE), "name": "Office"}
    assert support["emailserverprofile"] is None


def test_all_mistakes_are_named_at_once_with_what_was_meant() -> None:
    with pytest.raises(UserError) as fault:
        read_query(
            "mailboxes",
            {
                "$filter": "nmae eq 'x'",
                "$select": "emailadress,name",
                "$top": "-1",
                "$orderby": "zzz",
                "$expand": "emailserverprofil",
                "$skip": "1",
            },
        )
    problems = "\n".join(fault.value.problems)
    assert "$filter: mailbox has no column 'nmae'. Did you mean name" in problems
    assert "$select: mailbox has no column 'emailadress'. Did you mean emailaddress" in problems
    assert "$top: expected a whole number from 1, not '-1'." in problems
    assert "$orderby: mailbox has no column 'zzz'. There are: " in problems
    assert "$expand: mailbox has no navigation property 'emailserverprofil'. Did you mean" in problems
    assert "There is no option '$skip'" in problems
    with pytest.raises(UserError, match=r"There is no set 'mailbox'. Did you mean mailboxes"):
        read_query("mailbox", {})


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("name eq 1", "name holds a text (in single quotes); 1 is not one."),
        ("statecode eq 'Active'", "statecode holds a number; 'Active' is not one."),
        ("createdon gt 'x'", "createdon holds an instant such as 2024-01-31T10:00:00Z"),
        ("_ownerid_value eq 'x'", "_ownerid_value holds a GUID"),
        ("statecode gt null", "null goes with eq and ne only"),
        ("1 eq 1", "one of them must be a column"),
        ("name eq createdon", "can't be compared"),
        ("name", "compared with nothing"),
        ("emailserverprofil/name eq 'x'", "Did you mean emailserverprofile?"),
        ("contains(statecode,'x')", "contains works on texts"),
        ("statecode eq 99999999999999999999", "holds a number"),
        ("ownerid/zzz eq 1", "systemuser has no column 'zzz'"),
    ],
)
def test_a_value_that_can_t_be_compared_is_refused_in_words(text: str, problem: str) -> None:
    with pytest.raises(UserError) as fault:
        read_query("mailboxes", {"$filter": text})
    assert problem in str(fault.value)


def test_a_number_beyond_the_column_simply_finds_nothing(filled: sa.Connection) -> None:
    assert names(ask(filled, "mailboxes", filter="statecode eq 5000000000")) == []


def test_odd_texts_are_data_and_never_sql(filled: sa.Connection) -> None:
    for text in ("'; drop table mailbox; --", "%", "_", "\\", "[a-z]"):
        quoted = text.replace("'", "''")
        assert (
            names(ask(filled, "mailboxes", filter=f"contains(name,'{quoted}') or name eq '{quoted}'")) == []
        )
    assert len(ask(filled, "mailboxes").rows) == 2
