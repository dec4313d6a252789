"""Change tracking: who follows the delta links has an exact copy of the table."""

from datetime import timedelta

import pytest
from tests.support.company import on_sqlite
from tests.support.web import BASE, Api

from postroom.api.rights import Caller
from postroom.app.service import forget_old_deletions
from postroom.ports.clock import ManualClock
from postroom.schema.choices import Role

_TRACK = "odata.track-changes"


def _follow(api: Api, copy: dict[str, str], link: str, prefer: str = "") -> tuple[str, int]:
    """Take a delta into the copy; return the next delta link and how many entries there were."""
    count = 0
    while True:
        said = api.follow(link, prefer)
        for entry in said.rows:
            count += 1
            if entry.get("reason") == "deleted":
                assert entry["@odata.context"] == f"{BASE}$metadata#contacts/$deletedEntity"
                copy.pop(entry["id"], None)
            else:
                copy[entry["contactid"]] = entry["lastname"]
        if "@odata.deltaLink" in said.json:
            found: str = said.json["@odata.deltaLink"]
            return found, count
        link = said.json["@odata.nextLink"]


def _begin(api: Api, prefer: str = _TRACK) -> tuple[dict[str, str], str]:
    copy: dict[str, str] = {}
    link, _ = _follow(api, copy, f"{BASE}contacts?$select=lastname", prefer)
    return copy, link


def _truth(api: Api) -> dict[str, str]:
    return {row["contactid"]: row["lastname"] for row in api.get("contacts").rows}


@pytest.mark.parametrize("prefer", [_TRACK, f"{_TRACK},odata.maxpagesize=2"])
def test_a_copy_follows_every_change(api: Api, prefer: str) -> None:
    keys = [api.post("contacts", {"lastname": name}).id for name in "ABCDE"]
    copy, link = _begin(api, prefer)
    assert copy == _truth(api)
    assert _follow(api, copy, link)[1] == 0
    api.patch(f"contacts({keys[0]})", {"lastname": "Z"})
    api.delete(f"contacts({keys[1]})")
    api.post("contacts", {"lastname": "F"})
    api.post("accounts", {"name": "of no concern"})
    link, count = _follow(api, copy, link, prefer)
    assert (copy, count) == (_truth(api), 3)
    assert _follow(api, copy, link)[1] == 0


def test_what_changes_between_two_pages_is_not_lost(api: Api) -> None:
    keys = [api.post("contacts", {"lastname": name}).id for name in "ABC"]
    prefer = f"{_TRACK},odata.maxpagesize=1"
    first = api.get("contacts", prefer, select="lastname")
    copy = {row["contactid"]: row["lastname"] for row in first.rows}
    api.delete(f"contacts({keys[0]})")
    api.patch(f"contacts({keys[1]})", {"lastname": "new"})
    link, _ = _follow(api, copy, first.json["@odata.nextLink"], prefer)
    _follow(api, copy, link)
    assert copy == _truth(api)


def test_what_came_and_went_between_two_calls_is_told_as_deleted(api: Api) -> None:
    _, link = _begin(api)
    key = api.post("contacts", {"lastname": "A"}).id
    api.delete(f"contacts({key})")
    assert [entry["id"] for entry in api.follow(link).rows] == [key]


@on_sqlite
@pytest.mark.parametrize("option", ["filter", "orderby", "expand", "top"])
def test_options_that_would_leave_changes_out_are_refused(api: Api, option: str) -> None:
    said = api.get("contacts", _TRACK, **{option: "1"})
    words = f'The "${option}" query parameter isn\'t supported when Change Tracking is enabled.'
    assert said.error[0::2] == (400, words)


@on_sqlite
@pytest.mark.parametrize(
    "token", ["", "x", "5", "5!yesterday", "-1!03/02/2026 12:00:00", "9" * 30 + "!03/02/2026 12:00:00"]
)
def test_a_token_that_was_made_up_is_refused(api: Api, token: str) -> None:
    assert api.get("contacts", deltatoken=token).status == 400


def test_a_token_that_is_too_old_is_refused_and_its_deletions_are_let_go(
    api: Api, clock: ManualClock
) -> None:
    _, link = _begin(api)
    key = api.post("contacts", {"lastname": "A"}).id
    api.delete(f"contacts({key})")
    clock.at += timedelta(days=6)
    assert len(api.follow(link).rows) == 1
    assert forget_old_deletions(api.postroom.context()) == 0
    clock.at += timedelta(days=2)
    assert api.follow(link).status == 400
    assert forget_old_deletions(api.postroom.context()) == 1


def test_changes_are_for_those_who_may_read_the_whole_table(api: Api) -> None:
    reader = api.by(Caller("r", Role.READER))
    assert reader.get("contacts", _TRACK).status == 200
    assert reader.get("emails", _TRACK).status == 403
    assert api.get("activityparties", _TRACK).status == 400
