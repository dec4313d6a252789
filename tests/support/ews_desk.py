"""Requests to an Exchange in memory, without HTTP, written as they stand in an envelope."""

from lxml import etree

from postroom.ports.clock import Clock
from postroom.sandbox.exchange import ExchangeOffice, SandboxExchange
from postroom.sandbox.exchange.names import MESSAGES, SOAP, TYPES
from postroom.sandbox.exchange.notifications import Subscriptions
from postroom.sandbox.exchange.service import ExchangeService
from postroom.sandbox.exchange.soap import parse
from postroom.sandbox.faults import Faults

ANN, BEN = "ann@northwind.example", "ben@northwind.example"
ID_ONLY = "<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape>"
ALL = "<m:ItemShape><t:BaseShape>AllProperties</t:BaseShape></m:ItemShape>"


class Desk:
    """Where requests are answered over the mailboxes of Ann and Ben; Ann asks unless told otherwise."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.office = ExchangeOffice(clock=clock)
        for address in (ANN, BEN):
            self.office.open_account(address, "sandbox")
        self.faults = Faults()
        subscriptions = Subscriptions(self.office.clock)
        self._service = ExchangeService(self.office, subscriptions, self.faults, SandboxExchange.hear)

    def ask(self, payload: str, user: str = ANN) -> etree._Element:
        """Return the payload of the answer to a request; prefixes m and t are declared."""
        envelope = (
            f'<s:Envelope xmlns:s="{SOAP}" xmlns:m="{MESSAGES}" xmlns:t="{TYPES}"><s:Body>{payload}</s:Body>'
            "</s:Envelope>"
        )
        asked = self._service.read(envelope.encode(), user)
        return parse(self._service.answer(asked)).find(f"{{{SOAP}}}Body")[0]

    def create(self, fields: str, kind: str = "Message", folder: str = "drafts") -> str:
        """Create an item of these fields and return its id as an element."""
        answer = self.ask(
            '<m:CreateItem MessageDisposition="SaveOnly" SendMeetingInvitations="SendToNone">'
            f'<m:SavedItemFolderId><t:DistinguishedFolderId Id="{folder}"/></m:SavedItemFolderId>'
            f"<m:Items><t:{kind}>{fields}</t:{kind}></m:Items></m:CreateItem>"
        )
        assert codes(answer) == ["NoError"], etree.tostring(answer)
        return id_element(answer)

    def update(self, item: str, *changes: str, resolution: str = "AlwaysOverwrite") -> etree._Element:
        """Change an item and return the answer."""
        return self.ask(
            f'<m:UpdateItem ConflictResolution="{resolution}" MessageDisposition="SaveOnly"'
            ' SendMeetingInvitationsOrCancellations="SendToNone"><m:ItemChanges><t:ItemChange>'
            f"{item}<t:Updates>{''.join(changes)}</t:Updates></t:ItemChange></m:ItemChanges></m:UpdateItem>"
        )

    def get(self, item: str, shape: str = ALL) -> etree._Element:
        """Return an item as the shape shows it."""
        answer = self.ask(f"<m:GetItem>{shape}<m:ItemIds>{item}</m:ItemIds></m:GetItem>")
        return answer.find(".//{*}Items")[0]


def codes(answer: etree._Element) -> list[str]:
    """Return the response codes of an answer in order."""
    return [each.text or "" for each in answer.iter(f"{{{MESSAGES}}}ResponseCode")]


def id_element(answer: etree._Element, name: str = "ItemId") -> str:
    """Return the first id of an answer, as it stands in a request."""
    found = answer.find(f".//{{*}}{name}")
    return f'<t:{name} Id="{found.get("Id")}" ChangeKey="{found.get("ChangeKey")}"/>'


def set_field(uri: str, value: str, kind: str = "Message") -> str:
    """Return the change that writes a field; the value is an element or several."""
    path = uri if uri.startswith("<") else f'<t:FieldURI FieldURI="{uri}"/>'
    return f"<t:SetItemField>{path}<t:{kind}>{value}</t:{kind}></t:SetItemField>"


def delete_field(uri: str) -> str:
    """Return the change that removes a field."""
    path = uri if uri.startswith("<") else f'<t:FieldURI FieldURI="{uri}"/>'
    return f"<t:DeleteItemField>{path}</t:DeleteItemField>"
