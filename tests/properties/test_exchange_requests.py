"""Requests of which something is missing, doubled or changed get an answer, whatever they are."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from tests.support.ews_desk import Desk
from tests.support.ews_schema import Traffic

from postroom.sandbox.exchange.names import MESSAGES, SOAP, TYPES
from postroom.sandbox.exchange.refusal import WholeRefusal

_INBOX = '<t:DistinguishedFolderId Id="inbox"/>'
_PATHS = (
    '<t:AdditionalProperties><t:FieldURI FieldURI="item:Subject"/><t:IndexedFieldURI '
    'FieldURI="item:InternetMessageHeader" FieldIndex="To"/><t:ExtendedFieldURI PropertyTag="0x7d" '
    'PropertyType="String"/></t:AdditionalProperties>'
)
_SHAPE = f"<m:ItemShape><t:BaseShape>Default</t:BaseShape>{_PATHS}</m:ItemShape>"
_FOLDERS = "<m:FolderShape><t:BaseShape>AllProperties</t:BaseShape></m:FolderShape>"
_PERSON = "<t:Mailbox><t:EmailAddress>ben@northwind.example</t:EmailAddress></t:Mailbox>"
_MESSAGE = (
    '<t:Message><t:Subject>s</t:Subject><t:Body BodyType="HTML">b</t:Body><t:Attachments><t:FileAttachment>'
    "<t:Name>a</t:Name><t:Content>YQ==</t:Content></t:FileAttachment><t:ItemAttachment><t:Name>i</t:Name>"
    "<t:Message><t:Subject>x</t:Subject></t:Message></t:ItemAttachment></t:Attachments>"
    f"<t:ToRecipients>{_PERSON}</t:ToRecipients></t:Message>"
)
_EVENT = (
    "<t:CalendarItem><t:Subject>s</t:Subject><t:Start>2026-03-02T10:00:00Z</t:Start>"
    "<t:End>2026-03-02T11:00:00Z</t:End><t:RequiredAttendees><t:Attendee>"
    f"{_PERSON}</t:Attendee></t:RequiredAttendees><t:Recurrence><t:DailyRecurrence><t:Interval>1</t:Interval>"
    "</t:DailyRecurrence><t:NumberedRecurrence><t:StartDate>2026-03-02</t:StartDate>"
    "<t:NumberOfOccurrences>3</t:NumberOfOccurrences></t:NumberedRecurrence></t:Recurrence></t:CalendarItem>"
)
#: {id} and {folder} stand for an item and a folder that are there.
REQUESTS = (
    f"<m:GetFolder>{_FOLDERS}<m:FolderIds>{_INBOX}<t:FolderId Id='{{folder}}'/></m:FolderIds></m:GetFolder>",
    f"<m:FindFolder Traversal='Deep'>{_FOLDERS}<m:IndexedPageFolderView MaxEntriesReturned='5' Offset='0' "
    f"BasePoint='Beginning'/><m:ParentFolderIds>{_INBOX}</m:ParentFolderIds></m:FindFolder>",
    f"<m:CreateFolder><m:ParentFolderId>{_INBOX}</m:ParentFolderId><m:Folders><t:Folder><t:DisplayName>n"
    "</t:DisplayName></t:Folder></m:Folders></m:CreateFolder>",
    "<m:UpdateFolder><m:FolderChanges><t:FolderChange><t:FolderId Id='{folder}'/><t:Updates>"
    "<t:SetFolderField><t:FieldURI FieldURI='folder:DisplayName'/><t:Folder><t:DisplayName>o</t:DisplayName>"
    "</t:Folder></t:SetFolderField></t:Updates></t:FolderChange></m:FolderChanges></m:UpdateFolder>",
    f"<m:FindItem Traversal='Shallow'>{_SHAPE}<m:IndexedPageItemView MaxEntriesReturned='5' Offset='0' "
    "BasePoint='Beginning'/><m:Restriction><t:And><t:IsEqualTo><t:FieldURI FieldURI='message:IsRead'/>"
    "<t:FieldURIOrConstant><t:Constant Value='false'/></t:FieldURIOrConstant></t:IsEqualTo><t:Exists>"
    "<t:FieldURI FieldURI='item:Subject'/></t:Exists></t:And></m:Restriction><m:SortOrder><t:FieldOrder "
    "Order='Ascending'><t:FieldURI FieldURI='item:Subject'/></t:FieldOrder></m:SortOrder>"
    f"<m:ParentFolderIds>{_INBOX}</m:ParentFolderIds></m:FindItem>",
    f"<m:GetItem>{_SHAPE}<m:ItemIds><t:ItemId Id='{{id}}'/></m:ItemIds></m:GetItem>",
    f"<m:CreateItem MessageDisposition='SendAndSaveCopy'><m:SavedItemFolderId>{_INBOX}</m:SavedItemFolderId>"
    f"<m:Items>{_MESSAGE}</m:Items></m:CreateItem>",
    f"<m:CreateItem SendMeetingInvitations='SendToAllAndSaveCopy'><m:Items>{_EVENT}</m:Items></m:CreateItem>",
    "<m:UpdateItem ConflictResolution='AutoResolve' MessageDisposition='SaveOnly'><m:ItemChanges>"
    "<t:ItemChange><t:ItemId Id='{id}'/><t:Updates><t:SetItemField><t:FieldURI FieldURI='item:Subject'/>"
    "<t:Message><t:Subject>n</t:Subject></t:Message></t:SetItemField><t:DeleteItemField><t:FieldURI "
    "FieldURI='item:Categories'/></t:DeleteItemField></t:Updates></t:ItemChange></m:ItemChanges>"
    "</m:UpdateItem>",
    f"<m:MoveItem><m:ToFolderId>{_INBOX}</m:ToFolderId><m:ItemIds><t:ItemId Id='{{id}}'/></m:ItemIds>"
    "</m:MoveItem>",
    "<m:DeleteItem DeleteType='SoftDelete'><m:ItemIds><t:ItemId Id='{id}'/></m:ItemIds></m:DeleteItem>",
    f"<m:SyncFolderItems>{_SHAPE}<m:SyncFolderId>{_INBOX}</m:SyncFolderId><m:Ignore><t:ItemId Id='{{id}}'/>"
    "</m:Ignore><m:MaxChangesReturned>5</m:MaxChangesReturned></m:SyncFolderItems>",
    f"<m:SyncFolderHierarchy>{_FOLDERS}<m:SyncFolderId>{_INBOX}</m:SyncFolderId></m:SyncFolderHierarchy>",
    "<m:CreateAttachment><m:ParentItemId Id='{id}'/><m:Attachments><t:FileAttachment><t:Name>a</t:Name>"
    "<t:Content>YQ==</t:Content></t:FileAttachment></m:Attachments></m:CreateAttachment>",
    f"<m:CreateUserConfiguration><m:UserConfiguration><t:UserConfigurationName Name='n'>{_INBOX}"
    "</t:UserConfigurationName><t:XmlData>YQ==</t:XmlData></m:UserConfiguration></m:CreateUserConfiguration>",
    f"<m:Subscribe><m:PullSubscriptionRequest><t:FolderIds>{_INBOX}</t:FolderIds><t:EventTypes><t:EventType>"
    "NewMailEvent</t:EventType></t:EventTypes><t:Timeout>5</t:Timeout></m:PullSubscriptionRequest>"
    "</m:Subscribe>",
    "<m:ResolveNames ReturnFullContactData='true'><m:UnresolvedEntry>ben</m:UnresolvedEntry>"
    "</m:ResolveNames>",
    "<m:GetServerTimeZones><m:Ids><t:Id>UTC</t:Id></m:Ids></m:GetServerTimeZones>",
    "<m:ConvertId DestinationFormat='EwsId'><m:SourceIds><t:AlternateId Format='EwsId' Id='{id}' "
    "Mailbox='ann@northwind.example'/></m:SourceIds></m:ConvertId>",
    "<m:GetDelegate IncludePermissions='true'><m:Mailbox><t:EmailAddress>ann@northwind.example"
    "</t:EmailAddress></m:Mailbox></m:GetDelegate>",
)
_TEXTS = (
    "",
    " ",
    "x",
    "-1",
    "999999999999999999999",
    "true",
    "%%%",
    "\u2028",
    "2026-03-02T10:00:00Z",
    "inbox",
)


class _Mutator:
    """Changes one place of a request, as the data of the test say."""

    def __init__(self, data: st.DataObject, root: etree._Element) -> None:
        self.pick = lambda choices: data.draw(st.sampled_from(choices))
        self.root = root

    def mutate(self) -> None:
        element = self.pick(list(self.root.iter()))
        kinds = ["text", "attribute", "rename", "empty"]
        if element is not self.root:
            kinds += ["drop", "double", "move"]
        getattr(self, f"_{self.pick(kinds)}")(element)

    def _text(self, element: etree._Element) -> None:
        element.text = self.pick(_TEXTS)

    def _attribute(self, element: etree._Element) -> None:
        if not element.attrib:
            element.set("Id", self.pick(_TEXTS))
            return
        name = self.pick(sorted(element.attrib))
        if self.pick([True, False]):
            del element.attrib[name]
        else:
            element.set(name, self.pick(_TEXTS))

    def _rename(self, element: etree._Element) -> None:
        others = [each.tag for each in self.root.iter()]
        element.tag = self.pick([*others, f"{{{TYPES}}}Nonsense"])

    def _empty(self, element: etree._Element) -> None:
        for child in list(element):
            element.remove(child)

    def _drop(self, element: etree._Element) -> None:
        element.getparent().remove(element)

    def _double(self, element: etree._Element) -> None:
        element.addnext(copy.deepcopy(element))

    def _move(self, element: etree._Element) -> None:
        inside = set(element.iter())
        elsewhere = [each for each in self.root.iter() if each not in inside]
        self.pick(elsewhere).append(element)


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda text: text[3:].split(">")[0].split()[0])
@given(data=st.data())
def test_any_request_is_answered(request_: str, data: st.DataObject) -> None:
    desk = Desk()
    desk.office.deliver("ann@northwind.example", b"From: a@b.example\r\nSubject: s\r\n\r\nx\r\n")
    outlook = desk.office.outlook("ann@northwind.example")
    made = outlook.make_folder("made", "inbox")
    payload = request_.format(id=outlook.find("s").id, folder=made.id)
    root = etree.fromstring(
        f'<s:Body xmlns:s="{SOAP}" xmlns:m="{MESSAGES}" xmlns:t="{TYPES}">{payload}</s:Body>'
    )[0]
    mutator = _Mutator(data, root)
    for _ in range(data.draw(st.integers(0, 3))):
        mutator.mutate()

    assert "ErrorInternalServerError" not in _fault(desk, etree.tostring(root).decode())


def _fault(desk: Desk, payload: str) -> str:
    """Return the fault that answers a request, or nothing when it has a proper answer."""
    try:
        desk.ask(payload)
    except WholeRefusal as refusal:
        return str(refusal)
    return ""


@pytest.fixture(autouse=True)
def _off_schema(ews_traffic: Traffic) -> None:
    ews_traffic.forgive()
