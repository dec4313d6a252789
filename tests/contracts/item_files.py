"""What every side promises about attached files; each adapter's test inherits it and supplies one."""

import pytest
from tests.support.items import an_appointment

from postroom.errors import StaleVersion
from postroom.mime.message import BytesContent
from postroom.ports.items import ItemSide
from postroom.reconcile.canonical import Form, canonical
from postroom.reconcile.files import AttachedFile, Files, files_in
from postroom.reconcile.item import Item, Side, Value
from postroom.reconcile.notice import IN_CRM


class ItemFilesContract:
    """Inherit, and give fixtures `side`, which is empty at first, and `which` it is."""

    @pytest.fixture
    def side(self) -> ItemSide:
        raise NotImplementedError

    @pytest.fixture
    def which(self) -> Side:
        return Side.SERVER

    def test_what_is_made_has_its_files_and_is_made_once(self, side: ItemSide, which: Side) -> None:
        draft = _draft(which, a=b"1", b=b"22")
        made = side.create(draft, "token-1", IN_CRM, is_first_try=True)
        assert side.create(draft, "token-1", IN_CRM) == made
        item = side.get([made[0]])[made[0]]
        assert (_contents(item), item.version) == ({"a": b"1", "b": b"22"}, made[1])

    def test_files_that_nobody_changed_are_equal_however_often_they_are_read(
        self, side: ItemSide, which: Side
    ) -> None:
        item_id, version = side.create(_draft(which, a=b"1", b=b""), "token-1", IN_CRM)
        before = _files(side, item_id)
        side.update(item_id, version, {"subject": "Another"}, IN_CRM)
        assert _files(side, item_id) == before

    def test_an_update_leaves_what_is_wanted_still(self, side: ItemSide, which: Side) -> None:
        item_id, version = side.create(_draft(which, a=b"1", b=b"22"), "token-1", IN_CRM)
        before = {each.name: each for each in _files(side, item_id)}
        wanted = {"attachments": _given(b=b"22", c=b"3"), "subject": "Another"}
        version = side.update(item_id, version, wanted, IN_CRM)
        item = side.get([item_id])[item_id]
        assert (_contents(item), item.subject, item.version) == ({"b": b"22", "c": b"3"}, "Another", version)
        assert before["b"] in files_in(item.fields["attachments"]), "what is there already is not written"

    def test_another_content_under_the_same_name_takes_its_place(self, side: ItemSide, which: Side) -> None:
        item_id, version = side.create(_draft(which, a=b"old"), "token-1", IN_CRM)
        side.update(item_id, version, {"attachments": _given(a=b"new")}, IN_CRM)
        assert _contents(side.get([item_id])[item_id]) == {"a": b"new"}

    def test_nothing_takes_all_files_off(self, side: ItemSide, which: Side) -> None:
        item_id, version = side.create(_draft(which, a=b"1", b=b"2"), "token-1", IN_CRM)
        side.update(item_id, version, {"attachments": None}, IN_CRM)
        assert side.get([item_id])[item_id].fields.get("attachments") is None

    def test_no_file_is_written_over_a_change_that_was_not_seen(self, side: ItemSide, which: Side) -> None:
        item_id, version = side.create(_draft(which, a=b"1"), "token-1", IN_CRM)
        side.update(item_id, version, {"subject": "Newer"}, IN_CRM)
        with pytest.raises(StaleVersion):
            side.update(item_id, version, {"attachments": _given(b=b"2")}, IN_CRM)
        assert _contents(side.get([item_id])[item_id]) == {"a": b"1"}


def _draft(which: Side, **files: bytes) -> Item:
    return an_appointment("Review", which, attachments=_given(**files))


def _given(**files: bytes) -> Value:
    """Return files as another side has them, which knows no digests."""
    made = (
        AttachedFile(name, f"elsewhere {name} {content.hex()}", content=BytesContent(content))
        for name, content in files.items()
    )
    return canonical(Form.FILES, tuple(made))


def _files(side: ItemSide, item_id: str) -> Files:
    return files_in(side.get([item_id])[item_id].fields.get("attachments"))


def _contents(item: Item) -> dict[str, bytes]:
    files = files_in(item.fields.get("attachments"))
    assert len({each.name for each in files}) == len(files), "a file is there twice"
    return {each.name: b"".join(each.content.chunks()) for each in files}
