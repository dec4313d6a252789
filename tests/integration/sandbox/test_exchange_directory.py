"""Names, ids and delegates in the sandbox's Exchange, as exchangelib sees them."""

from exchangelib.errors import ErrorInvalidIdMalformed, ErrorNameResolutionNoResults
from exchangelib.properties import EWS_ID, AlternateId
from tests.support.exchange import ANN, BEN, Exchange, letter

from postroom.sandbox.exchange import Right


def test_delegates_are_told_with_what_they_may_do(exchange: Exchange) -> None:
    exchange.office.allow_delegate(ANN, BEN, Right.OPEN)

    delegate = exchange.account(ANN).delegates[0]

    assert delegate.user_id.primary_smtp_address == BEN
    assert delegate.delegate_permissions.inbox_folder_permission_level == "Editor"


def test_a_mailbox_without_delegates_says_so(exchange: Exchange) -> None:
    assert exchange.account(ANN).delegates == []


def test_names_are_resolved(exchange: Exchange) -> None:
    protocol = exchange.account(ANN).protocol

    assert [found.email_address for found in protocol.resolve_names(["ben"])] == [BEN]
    assert isinstance(protocol.resolve_names(["nobody"])[0], ErrorNameResolutionNoResults)


def test_ids_are_converted_to_themselves(exchange: Exchange) -> None:
    exchange.office.deliver(ANN, letter("Hello"))
    ann = exchange.account(ANN)
    known = ann.inbox.get().id

    same, bad = ann.protocol.convert_ids(
        [AlternateId(id=known, format=EWS_ID, mailbox=ANN), AlternateId(id="x", format=EWS_ID, mailbox=ANN)],
        destination_format=EWS_ID,
    )

    assert same.id == known
    assert isinstance(bad, ErrorInvalidIdMalformed)
