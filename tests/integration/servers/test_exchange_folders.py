"""Folders, categories and the owner's mark of a mailbox on the sandbox's Exchange."""

import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from tests.support.exchange_place import ExchangePlace, a_message, exchange, look

from postroom.errors import BadReply, Refused, TransportError
from postroom.ports.folders import Category, Folder, OwnerMark, Recategorized
from postroom.sandbox.exchange.names import t_element
from postroom.sandbox.faults import Misbehaviour
from postroom.servers.exchange.folders import ExchangeFolders

pytestmark = pytest.mark.integration


@pytest.fixture
def place() -> Iterator[ExchangePlace]:
    with exchange() as place:
        yield place


@pytest.fixture
def folders(place: ExchangePlace) -> ExchangeFolders:
    return place.open().folders


def by_name(folders: ExchangeFolders) -> dict[str, Folder]:
    return {folder.name: folder for folder in folders.tree()}


def test_the_tree_holds_mail_folders_only_and_parents_come_before_children(place: ExchangePlace) -> None:
    place.outlook.make_folder("Projects", "inbox")
    place.outlook.make_folder("Contoso", "Inbox/Projects")
    place.outlook.make_folder("People", folder_class="IPF.Contact")
    tree = place.open().folders.tree()
    names = [folder.name for folder in tree]
    assert not {"Calendar", "Contacts", "Tasks", "People"} & set(names)
    assert names.index("Inbox") < names.index("Projects") < names.index("Contoso")
    found = by_name(place.open().folders)
    assert found["Contoso"].parent == found["Projects"].id
    assert (found["Inbox"].is_inbox, found["Inbox"].in_inbox, found["Inbox"].parent) == (True, True, "")
    assert found["Contoso"].in_inbox
    assert not found["Sent Items"].in_inbox


def test_very_many_folders_come_in_pages(place: ExchangePlace) -> None:
    for number in range(1100):
        place.outlook.make_folder(f"Folder {number}")
    assert len(place.open().folders.tree()) > 1100


def test_a_missing_folder_is_made_once(place: ExchangePlace, folders: ExchangeFolders) -> None:
    made = folders.ensure("Undeliverable")
    assert folders.ensure("undeliverable") == made
    assert place.open().folders.ensure("Undeliverable") == made
    assert place.outlook.folder("Undeliverable").id == made


def test_moved_messages_have_new_ids_and_what_is_gone_is_told(
    place: ExchangePlace, folders: ExchangeFolders
) -> None:
    first = place.deliver(a_message(1))
    target = folders.ensure("Undeliverable")
    gone = place.deliver(a_message(2))
    place.outlook.destroy(place.outlook.find("number 2"))
    moved = folders.move([first, gone], target)
    (there,) = place.outlook.items("Undeliverable")
    assert moved[first] == there.id
    assert isinstance(moved[gone], Refused)


def test_the_list_of_categories_is_made_when_missing_and_kept_as_others_wrote_it(
    place: ExchangePlace, folders: ExchangeFolders
) -> None:
    assert folders.categories() == []
    assert folders.add_category(Category("Tracked", color=3)).id is not None
    wrote_by_outlook(place)
    made = folders.add_category(Category("Tracked"))
    assert isinstance(made.id, UUID)
    assert [(c.name, c.color) for c in folders.categories()] == [("Red, with <signs>", 0), ("Tracked", -1)]
    assert b'renameOnFirstUse="1"' in document(place)
    assert folders.add_category(Category("TRACKED")) == made


def wrote_by_outlook(place: ExchangePlace, xml: bytes = b"") -> None:
    """Let Outlook write the list, with marks that Postroom knows nothing of."""
    xml = xml or (
        b'<?xml version="1.0"?>\n<categories default="Red" lastSavedSession="5" xmlns="CategoryList.xsd">'
        b'<category name="Red, with &lt;signs>" color="0" keyboardShortcut="0" renameOnFirstUse="1" '
        b'guid="{2B7FA5B3-0000-4444-8888-0123456789AB}"/><category/></categories>'
    )
    configuration = place.outlook.folder("calendar").configurations["CategoryList"]
    for child in list(configuration):
        if child.tag.endswith("XmlData"):
            configuration.remove(child)
    configuration.append(t_element("XmlData", base64.b64encode(xml).decode()))


def document(place: ExchangePlace) -> bytes:
    configuration = place.outlook.folder("calendar").configurations["CategoryList"]
    return base64.b64decode(configuration.findtext("{*}XmlData") or "")


def test_a_category_is_taken_off_by_its_id(place: ExchangePlace, folders: ExchangeFolders) -> None:
    made = folders.add_category(Category("Tracked"))
    other = folders.add_category(Category("Other"))
    folders.remove_category(Category("Renamed", made.id))
    folders.remove_category(Category("Never was", uuid4()))
    assert list(folders.categories()) == [other]


@pytest.mark.parametrize(
    "damaged", [b"nonsense", b"<categories", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>']
)
def test_a_damaged_list_is_not_written_over(
    place: ExchangePlace, folders: ExchangeFolders, damaged: bytes
) -> None:
    folders.add_category(Category("Tracked"))
    wrote_by_outlook(place, damaged)
    with pytest.raises(BadReply, match="mend it in Outlook"):
        folders.add_category(Category("Other"))
    assert document(place) == damaged


def test_categories_of_messages_change_and_nothing_else_of_them(
    place: ExchangePlace, folders: ExchangeFolders
) -> None:
    server_id = place.deliver(a_message(1))
    item = place.outlook.find("number 1")
    place.outlook.categorize(item, "Private", "Old")
    assert folders.recategorize([Recategorized(server_id, frozenset({"New"}), frozenset({"OLD"}))]) == {}
    item = place.outlook.find("number 1")
    assert item.categories() == ["Private", "New"]
    assert item.text("message:IsRead") == "false"
    before = item.change_key
    assert folders.recategorize([Recategorized(server_id, frozenset({"new"}))]) == {}
    assert place.outlook.find("number 1").change_key == before, "it had it already"
    everything = frozenset({"Private", "New"})
    assert folders.recategorize([Recategorized(server_id, remove=everything)]) == {}
    assert place.outlook.find("number 1").categories() == []


def test_what_could_not_be_changed_is_told_and_the_rest_is_done(
    place: ExchangePlace, folders: ExchangeFolders
) -> None:
    ids = [place.deliver(a_message(number)) for number in range(3)]
    place.outlook.destroy(place.outlook.find("number 1"))
    failures = folders.recategorize([Recategorized(each, frozenset({"New"})) for each in ids])
    assert list(failures) == [ids[1]]
    assert isinstance(failures[ids[1]], Refused)
    assert [item.categories() for item in place.outlook.items()] == [["New"]] * 2


def test_a_mailbox_says_whose_it_is_once_somebody_has_said_so(
    place: ExchangePlace, folders: ExchangeFolders
) -> None:
    assert folders.owner_mark() is None
    mark = OwnerMark(uuid4(), "Näme & <Söhne>", datetime(2026, 3, 2, 12, 0, tzinfo=UTC))
    folders.set_owner_mark(mark)
    assert place.open().folders.owner_mark() == mark
    folders.set_owner_mark(OwnerMark(mark.organization, "Other"))
    assert place.open().folders.owner_mark() == OwnerMark(mark.organization, "Other")


@pytest.mark.parametrize("version", ["Exchange2013_SP1", "Exchange2010_SP2"])
def test_the_inbox_is_known_whether_the_server_names_it_or_has_to_be_asked(
    place: ExchangePlace, version: str
) -> None:
    place.account = place.with_account(version=version)
    (inbox,) = [folder for folder in place.open().folders.tree() if folder.is_inbox]
    assert inbox.id == place.outlook.folder("inbox").id
    assert ("GetFolder" in place.requests) is (version == "Exchange2010_SP2")


def test_a_look_after_the_tree_was_asked_for_goes_by_the_same_glance(place: ExchangePlace) -> None:
    place.deliver(a_message(1))
    source = place.open()
    source.folders.tree()
    assert look(source, {}, sent_items=True)
    assert place.requests.count("FindFolder") == 1
    look(source, {})
    assert place.requests.count("FindFolder") == 2, "once only"


def test_a_refusal_of_the_whole_is_raised(place: ExchangePlace, folders: ExchangeFolders) -> None:
    place.misbehave(Misbehaviour.THROTTLE, operation="FindFolder")
    with pytest.raises(TransportError):
        folders.tree()
