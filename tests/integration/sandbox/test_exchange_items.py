"""Items of the sandbox's Exchange: found, changed, moved, attached to, in conflict."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from exchangelib import ExtendedProperty, Message
from exchangelib.errors import ErrorIrresolvableConflict, ErrorItemNotFound
from exchangelib.items import AUTO_RESOLVE, NEVER_OVERWRITE
from tests.support.exchange import ANN, BEN, Exchange, letter


class CrmId(ExtendedProperty):
    property_set_id = "c11ff724-aa03-4555-9952-8fa248a11c3e"
    property_name = "crmid"
    property_type = "String"


def _fill(exchange: Exchange, count: int) -> None:
    for number in range(count):
        exchange.office.deliver(ANN, letter(f"Message {number:04}"))


def test_a_folder_is_read_in_pages(exchange: Exchange) -> None:
    _fill(exchange, 230)
    ann = exchange.account(ANN)

    query = ann.inbox.all().order_by("subject").only("subject")
    query.page_size = 50
    slow = ann.inbox.all().order_by("subject").only("subject")[100:103]

    assert [item.subject for item in query] == [f"Message {number:04}" for number in range(230)]
    assert ann.inbox.all().count() == 230
    assert [item.subject for item in slow] == ["Message 0100", "Message 0101", "Message 0102"]


def test_items_are_found_by_what_they_hold(exchange: Exchange) -> None:
    exchange.office.deliver(ANN, letter("Order 4711", body="Ten chairs"))
    exchange.office.deliver(ANN, letter("Lunch", sender=BEN))
    ann = exchange.account(ANN)

    assert [item.subject for item in ann.inbox.filter(subject__icontains="order")] == ["Order 4711"]
    assert [item.subject for item in ann.inbox.filter(message_id="<Lunch@contoso.example>")] == ["Lunch"]
    assert [item.subject for item in ann.inbox.filter(is_read=False, subject__startswith="L")] == ["Lunch"]
    assert list(ann.inbox.filter(is_read=True)) == []


def test_categories_are_set_found_and_removed(exchange: Exchange) -> None:
    _fill(exchange, 2)
    ann = exchange.account(ANN)
    item = ann.inbox.get(subject="Message 0001")

    item.categories = ["Tracked to CRM", "Red"]
    item.save(update_fields=["categories"])

    assert exchange.office.outlook(ANN).find("Message 0001").categories() == ["Tracked to CRM", "Red"]
    assert [each.subject for each in ann.inbox.filter(categories__contains=["Tracked to CRM"])] == [
        "Message 0001"
    ]
    item.categories = None
    item.save(update_fields=["categories"])
    assert exchange.office.outlook(ANN).find("Message 0001").categories() == []


def test_a_moved_item_has_another_id_and_the_old_one_is_gone(exchange: Exchange) -> None:
    _fill(exchange, 1)
    ann = exchange.account(ANN)
    item = ann.inbox.get()
    before = (item.id, item.changekey)

    item.move(ann.junk)

    assert item.id != before[0]
    assert ann.junk.get().id == item.id
    assert isinstance(next(iter(ann.fetch([before]))), ErrorItemNotFound)


def test_a_copy_lies_beside_the_original(exchange: Exchange) -> None:
    _fill(exchange, 1)
    ann = exchange.account(ANN)

    ann.inbox.get().copy(ann.junk)

    assert ann.inbox.get().id != ann.junk.get().id
    assert ann.junk.get().mime_content == ann.inbox.get().mime_content


def test_items_are_deleted_softly_or_for_good(exchange: Exchange) -> None:
    _fill(exchange, 3)
    ann = exchange.account(ANN)
    first, second, third = ann.inbox.all().order_by("subject")

    first.move_to_trash()
    second.soft_delete()
    third.delete()

    assert ann.inbox.all().count() == 0
    assert [item.subject for item in ann.trash.all()] == ["Message 0000"]
    assert [item.subject for item in ann.recoverable_items_deletions.all()] == ["Message 0001"]


def test_many_are_fetched_at_once_and_one_that_is_gone_does_not_spoil_the_rest(exchange: Exchange) -> None:
    _fill(exchange, 150)
    ann = exchange.account(ANN)
    ids = list(ann.inbox.all().order_by("subject").values_list("id", "changekey"))
    outlook = exchange.office.outlook(ANN)
    outlook.destroy(outlook.find("Message 0007"))

    got = list(ann.fetch(ids))

    assert isinstance(got[7], ErrorItemNotFound)
    assert [item.subject for item in got[:7] + got[8:]] == [
        f"Message {number:04}" for number in range(150) if number != 7
    ]


def test_a_change_that_collides_with_another_is_refused_and_one_beside_it_is_not(exchange: Exchange) -> None:
    _fill(exchange, 1)
    ann = exchange.account(ANN)
    stale = ann.inbox.get()
    fresh = ann.inbox.get()
    fresh.categories = ["Red"]
    fresh.save(update_fields=["categories"], conflict_resolution=NEVER_OVERWRITE)

    stale.categories = ["Blue"]
    with pytest.raises(ErrorIrresolvableConflict):
        stale.save(update_fields=["categories"], conflict_resolution=AUTO_RESOLVE)
    stale.importance = "High"
    with pytest.raises(ErrorIrresolvableConflict):
        stale.save(update_fields=["importance"], conflict_resolution=NEVER_OVERWRITE)
    stale.save(update_fields=["importance"], conflict_resolution=AUTO_RESOLVE)

    item = exchange.office.outlook(ANN).find("Message 0000")
    assert (item.categories(), item.text("item:Importance")) == (["Red"], "High")


def test_properties_of_ones_own_are_kept_found_and_moved_along(exchange: Exchange) -> None:
    Message.register("crm_id", CrmId)
    try:
        _fill(exchange, 2)
        ann = exchange.account(ANN)
        item = ann.inbox.get(subject="Message 0001")
        item.crm_id = "4711"
        item.save(update_fields=["crm_id"])

        found = ann.inbox.filter(crm_id="4711").get()
        found.move(ann.junk)

        assert ann.junk.all().only("subject", "crm_id").get().crm_id == "4711"
    finally:
        Message.deregister("crm_id")


def test_the_category_list_is_kept_on_the_calendar_folder(exchange: Exchange) -> None:
    ann = exchange.account(ANN)
    xml = b'<categories xmlns="CategoryList.xsd"><category name="Tracked to CRM" color="4"/></categories>'
    ann.calendar.create_user_configuration(name="CategoryList", xml_data=xml)

    assert ann.calendar.get_user_configuration(name="CategoryList").xml_data == xml
    ann.calendar.update_user_configuration(name="CategoryList", xml_data=b"<categories/>")
    assert ann.calendar.get_user_configuration(name="CategoryList").xml_data == b"<categories/>"
    ann.calendar.delete_user_configuration(name="CategoryList")
    with pytest.raises(ErrorItemNotFound):
        ann.calendar.get_user_configuration(name="CategoryList")


def test_a_changed_body_of_a_draft_is_in_its_mime_content(exchange: Exchange) -> None:
    ann = exchange.account(ANN)
    draft = Message(account=ann, folder=ann.drafts, subject="Draft", body="before").save()

    draft.body = "after"
    draft.save(update_fields=["body"])

    assert b"after" in ann.drafts.get().mime_content


def test_mime_content_that_is_written_replaces_what_the_item_said(exchange: Exchange) -> None:
    ann = exchange.account(ANN)
    draft = Message(account=ann, folder=ann.drafts, mime_content=letter("Before")).save()

    draft.mime_content = letter("After")
    draft.save(update_fields=["mime_content"])

    assert ann.drafts.get().subject == "After"


def test_many_clients_at_once_lose_nothing(exchange: Exchange) -> None:
    def work(number: int) -> int:
        account = exchange.account(ANN)
        for each in range(10):
            Message(account=account, folder=account.drafts, subject=f"{number}/{each}").save()
        return sum(1 for _ in account.drafts.filter(subject__startswith=f"{number}/"))

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(work, range(6))) == [10] * 6
    assert len(set(exchange.office.outlook(ANN).subjects("drafts"))) == 60
