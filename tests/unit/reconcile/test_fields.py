"""The mapping tables, the directions that may be chosen, and the canonical forms."""

from itertools import chain

import pytest

from postroom.errors import UserError
from postroom.reconcile.fields import NAMED, ROWS, canonical_fields, directions_of, goes_to, is_one_way
from postroom.reconcile.item import Attendee, Kind, Side
from postroom.reconcile.policy import Policy, PrivateItems
from postroom.schema.choices import SyncDirection
from postroom.schema.registry import by_logical_name
from postroom.store.pairs import TABLES

FIXED = {
    Kind.APPOINTMENT: {"time", "importance", "show_as", "required", "optional", "organizer", "regarding"},
    Kind.SERIES: {"recurrence", "importance", "show_as", "required", "optional", "organizer", "regarding"},
    Kind.TASK: {"importance", "status", "regarding"},
    Kind.CONTACT: {"full_name", "company"},
    Kind.PHONE_CALL: {"importance", "status", "regarding"},
    Kind.LETTER: {"importance", "status", "regarding"},
    Kind.FAX: {"importance", "status", "regarding"},
    Kind.SERVICE: set(),
}
# Kept elsewhere than in a column of the record's own.
ELSEWHERE = {"activitymimeattachment", "recurrencerule", "activityparty.postroom_response"}


@pytest.mark.parametrize("kind", Kind)
def test_the_rows_that_are_fixed_both_ways_are_those_of_the_specification(kind: Kind) -> None:
    fixed = {row.name for row in ROWS[kind] if row.allowed == {SyncDirection.BIDIRECTIONAL}}
    assert fixed == FIXED[kind]


@pytest.mark.parametrize("kind", Kind)
def test_every_column_of_the_mapping_is_in_the_schema(kind: Kind) -> None:
    known = set(by_logical_name(TABLES[kind]).columns)
    parties = {"requiredattendees", "optionalattendees", "organizer"}
    named = set(chain.from_iterable(row.columns for row in ROWS[kind]))
    assert named - ELSEWHERE - parties <= known


@pytest.mark.parametrize("kind", Kind)
def test_names_and_columns_are_used_once(kind: Kind) -> None:
    assert len(NAMED[kind]) == len(ROWS[kind])
    columns = list(chain.from_iterable(row.columns for row in ROWS[kind]))
    assert len(columns) == len(set(columns))


def test_settable_are_all_but_those_that_have_one_way_only() -> None:
    for row in chain.from_iterable(ROWS.values()):
        assert row.is_settable == (len(row.allowed) > 1)
        assert row.default in row.allowed


def test_a_settable_row_may_be_set_to_any_direction() -> None:
    for way in SyncDirection:
        assert directions_of(Kind.TASK, Policy(), {"body": way}).get("body", SyncDirection.NONE) is way


def test_all_wrong_choices_are_refused_at_once() -> None:
    chosen = {"time": SyncDirection.TO_CRM, "colour": SyncDirection.TO_CRM, "body": SyncDirection.TO_CRM}
    with pytest.raises(UserError) as caught:
        directions_of(Kind.APPOINTMENT, Policy(), chosen)
    assert len(caught.value.problems) == 2


def test_attachments_go_nowhere_until_the_organization_wants_them() -> None:
    assert "attachments" not in directions_of(Kind.APPOINTMENT, Policy())
    wanted = directions_of(Kind.APPOINTMENT, Policy(sync_attachments=True))
    assert wanted["attachments"] is SyncDirection.BIDIRECTIONAL
    assert "attachments" not in directions_of(Kind.SERIES, Policy(sync_attachments=True))


@pytest.mark.parametrize("kind", [Kind.PHONE_CALL, Kind.LETTER, Kind.FAX])
def test_what_is_a_task_on_the_server_has_the_fields_of_one_without_the_percentage(kind: Kind) -> None:
    assert kind.on_server is Kind.TASK
    assert set(NAMED[kind]) == set(NAMED[Kind.TASK]) - {"percent"}
    assert not is_one_way(kind)


def test_a_service_activity_goes_out_and_nothing_of_it_comes_back() -> None:
    ways = directions_of(Kind.SERVICE, Policy(private_items=PrivateItems.MARKED))
    assert set(ways.values()) == {SyncDirection.TO_EXCHANGE}
    assert set(ways) == set(directions_of(Kind.APPOINTMENT, Policy())) - {"responses"}
    assert [kind for kind in Kind if is_one_way(kind)] == [Kind.SERVICE]
    with pytest.raises(UserError, match="can't be set to Bidirectional"):
        directions_of(Kind.SERVICE, Policy(), {"subject": SyncDirection.BIDIRECTIONAL})


def test_only_the_mailing_address_goes_unless_all_three_are_wanted() -> None:
    assert "home_address" not in directions_of(Kind.CONTACT, Policy())
    assert {"home_address", "other_address"} <= set(
        directions_of(Kind.CONTACT, Policy(mailing_address_only=False))
    )


def test_the_private_mark_goes_to_the_crm_only_where_it_is_taken_over() -> None:
    assert "private" not in directions_of(Kind.APPOINTMENT, Policy())
    marked = directions_of(Kind.APPOINTMENT, Policy(private_items=PrivateItems.MARKED))
    assert not goes_to(Side.SERVER, marked["private"])
    assert goes_to(Side.CRM, marked["private"])


def test_two_spellings_of_one_content_are_equal() -> None:
    mine = canonical_fields(
        Kind.APPOINTMENT,
        {"subject": " A  b", "body": "x \r\ny\r\n", "required": [Attendee("a@b", name="A")], "other": 1},
    )
    theirs = canonical_fields(
        Kind.APPOINTMENT,
        {"subject": "A b ", "body": "x\ny", "required": (Attendee("a@b", name="Other"),)},
    )
    assert mine == theirs
