"""What every side of a synchronization promises; each adapter's test inherits it and supplies one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import pytest
from tests.support.items import a_task

from postroom.errors import StaleVersion
from postroom.ports.items import Feed, ItemSide, Removal
from postroom.reconcile.item import Item
from postroom.reconcile.notice import IN_CRM


class ItemPlace(Protocol):
    """A side as others see it, who use it without Postroom."""

    @property
    def side(self) -> ItemSide:
        """Return the side that is tested, empty at first."""
        ...

    def put(self, item: Item) -> str:
        """Have a person make an item and return its id."""
        ...

    def edit(self, item_id: str, subject: str) -> None:
        """Have a person change an item."""
        ...

    def drop(self, item_id: str) -> None:
        """Have a person delete an item."""
        ...


@dataclass
class Looked:
    """All pages of one look."""

    subjects: Sequence[str]
    gone: Sequence[str]
    mark: str
    feeds: set[Feed]


class ItemSideContract:
    """Inherit, and give a fixture `place`."""

    @pytest.fixture
    def place(self) -> ItemPlace:
        raise NotImplementedError

    def test_the_first_look_gives_everything(self, place: ItemPlace) -> None:
        place.put(a_task("One"))
        place.put(a_task("Two"))
        seen = look(place.side)
        assert sorted(seen.subjects) == ["One", "Two"]
        assert seen.feeds == {Feed.WHOLE}

    def test_the_next_look_gives_what_was_made_changed_and_deleted(self, place: ItemPlace) -> None:
        place.put(a_task("Same"))
        changed, gone = place.put(a_task("Old")), place.put(a_task("Gone"))
        mark = look(place.side).mark
        place.edit(changed, "Changed")
        place.drop(gone)
        place.put(a_task("New"))
        seen = look(place.side, mark)
        assert (sorted(seen.subjects), list(seen.gone)) == (["Changed", "New"], [gone])
        assert seen.feeds == {Feed.SINCE}

    def test_when_nothing_changed_nothing_is_given_and_the_mark_stays_good(self, place: ItemPlace) -> None:
        place.put(a_task())
        mark = look(place.side).mark
        again = look(place.side, mark)
        assert (list(again.subjects), list(again.gone)) == ([], [])
        place.put(a_task("New"))
        assert list(look(place.side, again.mark or mark).subjects) == ["New"]

    def test_a_mark_that_is_worth_nothing_gives_everything(self, place: ItemPlace) -> None:
        place.put(a_task("One"))
        seen = look(place.side, "no mark of ours")
        assert (list(seen.subjects), seen.feeds) == (["One"], {Feed.WHOLE})

    def test_what_is_got_is_what_is_there(self, place: ItemPlace) -> None:
        item_id = place.put(a_task("One"))
        got = place.side.get([item_id, "nothing"])
        assert set(got) == {item_id}
        assert got[item_id].subject == "One"

    def test_what_was_made_is_found_by_its_token_and_made_once(self, place: ItemPlace) -> None:
        made = place.side.create(a_task("One"), "token-1", IN_CRM, is_first_try=True)
        assert place.side.create(a_task("One"), "token-1", IN_CRM) == made
        assert place.side.find_by_token(["token-1", "token-2"]) == {"token-1": made[0]}
        item = place.side.get([made[0]])[made[0]]
        assert (item.subject, item.version) == ("One", made[1])
        assert len(look(place.side).subjects) == 1

    def test_what_has_a_calendar_id_is_found_by_it(self, place: ItemPlace) -> None:
        item_id = place.put(a_task("One"))
        uid = place.side.get([item_id])[item_id].identity.uid
        if uid:
            assert dict(place.side.find_by_uid([uid, "another"])) == {uid: [item_id]}

    def test_an_update_writes_its_fields_and_no_other(self, place: ItemPlace) -> None:
        item_id = place.put(a_task("Old", body="stays"))
        item = place.side.get([item_id])[item_id]
        version = place.side.update(item_id, item.version, {"subject": "New"}, IN_CRM)
        after = place.side.get([item_id])[item_id]
        assert (after.fields["subject"], after.fields["body"]) == ("New", "stays")
        assert item.version != version == after.version

    def test_a_field_is_emptied_by_nothing(self, place: ItemPlace) -> None:
        item_id = place.put(a_task("Old", body="goes"))
        item = place.side.get([item_id])[item_id]
        place.side.update(item_id, item.version, {"body": None}, IN_CRM)
        assert place.side.get([item_id])[item_id].fields.get("body") is None

    def test_nothing_is_written_over_a_change_that_was_not_seen(self, place: ItemPlace) -> None:
        item_id = place.put(a_task("Old"))
        item = place.side.get([item_id])[item_id]
        place.edit(item_id, "Newer")
        with pytest.raises(StaleVersion):
            place.side.update(item_id, item.version, {"subject": "Mine"}, IN_CRM)
        with pytest.raises(StaleVersion):
            place.side.delete(item_id, item.version, Removal.TO_DELETED_ITEMS, IN_CRM)
        assert place.side.get([item_id])[item_id].subject == "Newer"

    def test_an_update_of_what_is_gone_is_stale(self, place: ItemPlace) -> None:
        item_id = place.put(a_task())
        item = place.side.get([item_id])[item_id]
        place.drop(item_id)
        with pytest.raises(StaleVersion):
            place.side.update(item_id, item.version, {"subject": "Mine"}, IN_CRM)

    @pytest.mark.parametrize("removal", Removal)
    def test_what_was_deleted_is_gone_and_may_be_deleted_again(
        self, place: ItemPlace, removal: Removal
    ) -> None:
        item_id = place.put(a_task())
        item = place.side.get([item_id])[item_id]
        place.side.delete(item_id, item.version, removal, IN_CRM)
        assert not place.side.get([item_id])
        place.side.delete(item_id, item.version, removal, IN_CRM)

    def test_noting_what_it_belongs_to_does_not_change_what_it_says(self, place: ItemPlace) -> None:
        item_id = place.put(a_task("One"))
        before = place.side.get([item_id])[item_id]
        place.side.note(item_id, "record-1")
        after = place.side.get([item_id])[item_id]
        assert after.fields == before.fields
        assert after.identity.crm_id in ("record-1", "")


def look(side: ItemSide, mark: str | None = None) -> Looked:
    """Read all pages."""
    seen = Looked([], [], mark or "", set())
    for page in side.changes(mark):
        seen.subjects = [*seen.subjects, *(item.subject for item in page.items)]
        seen.gone = [*seen.gone, *page.gone]
        seen.mark = page.mark
        seen.feeds.add(page.feed)
    return seen
