"""Operations of the sandbox's Exchange on single requests, as they stand in the standard."""

import base64

import pytest
from tests.support.ews_desk import ALL, BEN, ID_ONLY, Desk, codes, delete_field, id_element, set_field
from tests.support.ews_schema import Traffic

from postroom.sandbox.exchange.changes import ChangeKind, ChangeLog

INBOX = '<t:DistinguishedFolderId Id="inbox"/>'
DEFAULT = "<m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape>"
CRM_TEXT = (
    '<t:ExtendedFieldURI PropertySetId="c11ff724-aa03-4555-9952-8fa248a11c3e" PropertyName="crm"'
    ' PropertyType="String"/>'
)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def _property(value: str) -> str:
    return f"<t:ExtendedProperty>{CRM_TEXT}<t:Value>{value}</t:Value></t:ExtendedProperty>"


def _deliver(desk: Desk, *subjects: str) -> None:
    for subject in subjects:
        desk.office.deliver(
            "ann@northwind.example", f"From: a@b.example\r\nSubject: {subject}\r\n\r\n".encode()
        )


def _find(desk: Desk, inner: str, traversal: str = "Shallow") -> tuple[list[str], dict[str, str]]:
    """Return the subjects that FindItem gives, and the attributes of the page."""
    shape = ID_ONLY.replace(
        "</m:ItemShape>",
        '<t:AdditionalProperties><t:FieldURI FieldURI="item:Subject"/></t:AdditionalProperties>'
        "</m:ItemShape>",
    )
    answer = desk.ask(
        f'<m:FindItem Traversal="{traversal}">{shape}{inner}'
        f"<m:ParentFolderIds>{INBOX}</m:ParentFolderIds></m:FindItem>"
    )
    root = answer.find(".//{*}RootFolder")
    if root is None:
        return codes(answer), {}
    return [each.text or "" for each in answer.iter("{*}Subject")], dict(root.attrib)


def _view(offset: int, most: int, base: str = "Beginning") -> str:
    return f'<m:IndexedPageItemView MaxEntriesReturned="{most}" Offset="{offset}" BasePoint="{base}"/>'


def test_pages_are_counted_from_either_end(desk: Desk) -> None:
    _deliver(desk, "1", "2", "3", "4", "5")

    assert _find(desk, "")[0] == ["5", "4", "3", "2", "1"]
    assert _find(desk, _view(1, 2)) == (
        ["4", "3"],
        {"IndexedPagingOffset": "3", "TotalItemsInView": "5", "IncludesLastItemInRange": "false"},
    )
    assert _find(desk, _view(4, 2))[0] == ["1"]
    assert _find(desk, _view(9, 2))[0] == []
    assert _find(desk, _view(0, 2, "End"))[0] == ["2", "1"]
    assert _find(desk, _view(4, 2, "End")) == (
        ["5"],
        {"IndexedPagingOffset": "5", "TotalItemsInView": "5", "IncludesLastItemInRange": "true"},
    )


def test_a_page_of_nothing_is_refused(desk: Desk, ews_traffic: Traffic) -> None:
    ews_traffic.forgive()

    assert _find(desk, _view(0, 0))[0] == ["ErrorInvalidPagingMaxRows"]
    assert _find(desk, _view(0, 2).replace('"2"', '"two"'))[0] == ["ErrorInvalidRequest"]


def test_ways_of_asking_that_are_not_answered_are_refused(desk: Desk) -> None:
    answer = desk.ask(
        f'<m:FindItem Traversal="Shallow">{ID_ONLY}<m:ParentFolderIds>{INBOX}</m:ParentFolderIds>'
        "<m:QueryString>subject:x</m:QueryString></m:FindItem>"
    )

    assert codes(answer) == ["ErrorInvalidOperation"]


def test_only_what_lies_there_is_found_by_the_usual_traversal(desk: Desk) -> None:
    _deliver(desk, "Shown", "Hidden")
    desk.office.outlook("ann@northwind.example").find("Hidden").is_associated = True

    assert _find(desk, "")[0] == ["Shown"]
    assert _find(desk, "", "Associated")[0] == ["Hidden"]
    assert _find(desk, "", "SoftDeleted")[0] == []


def test_a_summary_refuses_what_needs_the_item_opened(desk: Desk) -> None:
    _deliver(desk, "One")
    shape = ID_ONLY.replace(
        "</m:ItemShape>",
        '<t:AdditionalProperties><t:FieldURI FieldURI="item:Body"/></t:AdditionalProperties></m:ItemShape>',
    )

    answer = desk.ask(
        f'<m:FindItem Traversal="Shallow">{shape}<m:ParentFolderIds>{INBOX}</m:ParentFolderIds></m:FindItem>'
    )

    assert codes(answer) == ["ErrorInvalidPropertyRequest"]


def test_text_is_appended_to_a_body_and_people_to_recipients(desk: Desk) -> None:
    item = desk.create('<t:Subject>s</t:Subject><t:Body BodyType="Text">one</t:Body>')
    person = "<t:Mailbox><t:EmailAddress>{}@x.example</t:EmailAddress></t:Mailbox>"
    append = '<t:AppendToItemField><t:FieldURI FieldURI="{}"/><t:Message>{}</t:Message></t:AppendToItemField>'

    for uri, value in (
        ("item:Body", '<t:Body BodyType="Text"> two</t:Body>'),
        ("message:ToRecipients", f"<t:ToRecipients>{person.format('a')}</t:ToRecipients>"),
        ("message:ToRecipients", f"<t:ToRecipients>{person.format('b')}</t:ToRecipients>"),
    ):
        assert codes(desk.update(item, append.format(uri, value))) == ["NoError"]

    shown = desk.get(item)
    assert shown.findtext("{*}Body") == "one two"
    assert [each.text for each in shown.iter("{*}EmailAddress")] == ["a@x.example", "b@x.example"]


def test_single_entries_of_a_contact_are_written_and_removed(desk: Desk) -> None:
    item = desk.create("<t:DisplayName>Carla</t:DisplayName>", "Contact", "contacts")
    street = '<t:IndexedFieldURI FieldURI="contacts:PhysicalAddress:Street" FieldIndex="Business"/>'
    city = street.replace("Street", "City")
    mail = '<t:IndexedFieldURI FieldURI="contacts:EmailAddress" FieldIndex="EmailAddress1"/>'
    address = (
        '<t:PhysicalAddresses><t:Entry Key="Business"><t:{0}>{1}</t:{0}></t:Entry></t:PhysicalAddresses>'
    )

    answer = desk.update(
        item,
        set_field(city, address.format("City", "Ulm"), "Contact"),
        set_field(street, address.format("Street", "High St"), "Contact"),
        set_field(
            mail,
            '<t:EmailAddresses><t:Entry Key="EmailAddress1">c@x.example</t:Entry></t:EmailAddresses>',
            "Contact",
        ),
    )
    assert codes(answer) == ["NoError"]
    shown = desk.get(item)
    assert [child.text for child in shown.find(".//{*}PhysicalAddresses")[0]] == ["High St", "Ulm"]
    assert shown.findtext(".//{*}EmailAddresses/{*}Entry") == "c@x.example"

    desk.update(item, delete_field(street), delete_field(mail))
    shown = desk.get(item)
    assert [child.text for child in shown.find(".//{*}PhysicalAddresses")[0]] == ["Ulm"]
    assert shown.find(".//{*}EmailAddresses") is None
    desk.update(item, delete_field(city))
    assert desk.get(item).find(".//{*}PhysicalAddresses") is None


def test_properties_of_ones_own_are_removed(desk: Desk) -> None:
    item = desk.create(f"<t:Subject>s</t:Subject>{_property('4711')}")
    shape = ID_ONLY.replace(
        "</m:ItemShape>", f"<t:AdditionalProperties>{CRM_TEXT}</t:AdditionalProperties></m:ItemShape>"
    )
    assert desk.get(item, shape).findtext(".//{*}Value") == "4711"

    desk.update(item, delete_field(CRM_TEXT))

    assert desk.get(item, shape).find(".//{*}Value") is None


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (set_field("item:Size", "<t:Size>1</t:Size>"), "ErrorInvalidPropertySet"),
        (set_field("calendar:Start", "<t:Subject>x</t:Subject>"), "ErrorInvalidPropertyRequest"),
        (set_field("item:Subject", ""), "ErrorIncorrectUpdatePropertyCount"),
        (
            set_field(
                '<t:IndexedFieldURI FieldURI="item:InternetMessageHeader" FieldIndex="X"/>',
                "<t:Size>1</t:Size>",
            ),
            "ErrorInvalidPropertyRequest",
        ),
        (
            set_field("item:MimeContent", "<t:MimeContent>%</t:MimeContent>"),
            "ErrorMimeContentInvalidBase64String",
        ),
    ],
)
def test_a_change_that_cannot_be_is_refused_and_nothing_is_changed(
    desk: Desk, change: str, code: str
) -> None:
    item = desk.create("<t:Subject>before</t:Subject>")

    answer = desk.update(item, set_field("item:Subject", "<t:Subject>after</t:Subject>"), change)

    assert codes(answer) == [code]
    assert desk.get(item).findtext("{*}Subject") == "before"


def test_who_will_never_overwrite_needs_the_change_key(desk: Desk) -> None:
    item = desk.create("<t:Subject>before</t:Subject>")
    without = item.partition(" ChangeKey")[0] + "/>"
    change = set_field("item:Subject", "<t:Subject>after</t:Subject>")

    assert codes(desk.update(without, change, resolution="NeverOverwrite")) == ["ErrorChangeKeyRequired"]
    assert codes(desk.update(without, change, resolution="AutoResolve")) == ["NoError"]
    assert codes(desk.update(item, change, resolution="NeverOverwrite")) == ["ErrorIrresolvableConflict"]
    foreign = item.replace('ChangeKey="', 'ChangeKey="%')
    assert codes(desk.update(foreign, change, resolution="AutoResolve")) == ["ErrorIrresolvableConflict"]


def test_old_mail_is_brought_in_as_what_it_was(desk: Desk) -> None:
    flags = (
        '<t:ExtendedProperty><t:ExtendedFieldURI PropertyTag="0x0E07" PropertyType="Integer"/>'
        "<t:Value>1</t:Value></t:ExtendedProperty>"
    )
    raw = base64.b64encode(b"From: a@b.example\r\nSubject: Old\r\n\r\n").decode()

    item = desk.create(f"<t:MimeContent>{raw}</t:MimeContent>{flags}", folder="inbox")

    shown = desk.get(item)
    assert (shown.findtext("{*}Subject"), shown.findtext("{*}IsDraft")) == ("Old", "false")


@pytest.mark.parametrize(
    ("items", "code"),
    [
        ("<t:PostItem/>", "ErrorInvalidRequest"),
        ("<t:Message><t:MimeContent>%</t:MimeContent></t:Message>", "ErrorMimeContentInvalidBase64String"),
        ("<t:Message><t:Start>x</t:Start></t:Message>", "ErrorInvalidPropertyForOperation"),
        (
            "<t:Message><t:Attachments><t:FileAttachment><t:Name>a</t:Name><t:Content>%%%=</t:Content>"
            "</t:FileAttachment></t:Attachments></t:Message>",
            "ErrorInvalidRequest",
        ),
        (
            "<t:Message><t:Attachments><t:ItemAttachment><t:Name>a</t:Name></t:ItemAttachment></t:Attachments>"
            "</t:Message>",
            "ErrorInvalidRequest",
        ),
        (
            "<t:Message><t:Attachments><t:ReferenceAttachment/></t:Attachments></t:Message>",
            "ErrorInvalidRequest",
        ),
    ],
)
def test_what_is_no_item_is_not_created(desk: Desk, ews_traffic: Traffic, items: str, code: str) -> None:
    ews_traffic.forgive()

    answer = desk.ask(
        f'<m:CreateItem MessageDisposition="SaveOnly"><m:Items>{items}</m:Items></m:CreateItem>'
    )

    assert codes(answer) == [code]
    assert desk.office.outlook("ann@northwind.example").items("drafts") == []


def test_a_message_must_say_what_becomes_of_it(desk: Desk) -> None:
    answer = desk.ask("<m:CreateItem><m:Items><t:Message/></m:Items></m:CreateItem>")

    assert codes(answer) == ["ErrorMessageDispositionRequired"]


def test_a_draft_is_sent_only_as_it_is_known(desk: Desk) -> None:
    to = f"<t:ToRecipients><t:Mailbox><t:EmailAddress>{BEN}</t:EmailAddress></t:Mailbox></t:ToRecipients>"
    item = desk.create(f"<t:Subject>s</t:Subject>{to}")
    send = '<m:SendItem SaveItemToFolder="{}"><m:ItemIds>{}</m:ItemIds>{}</m:SendItem>'
    desk.update(item, set_field("item:Subject", "<t:Subject>t</t:Subject>"))
    folder = f"<m:SavedItemFolderId>{INBOX}</m:SavedItemFolderId>"

    assert codes(desk.ask(send.format("true", item, ""))) == ["ErrorStaleObject"]
    without = item.partition(" ChangeKey")[0] + "/>"
    assert codes(desk.ask(send.format("true", without, ""))) == ["ErrorChangeKeyRequiredForWriteOperations"]
    assert codes(desk.ask(send.format("false", item, folder))) == ["ErrorInvalidSendItemSaveSettings"]
    assert desk.office.outlook(BEN).items() == []

    known = id_element(desk.ask(f"<m:GetItem>{ALL}<m:ItemIds>{without}</m:ItemIds></m:GetItem>"))
    assert codes(desk.ask(send.format("false", known, ""))) == ["NoError"]
    assert desk.office.outlook(BEN).subjects() == ["t"]
    assert desk.office.outlook("ann@northwind.example").items("sentitems") == []


def test_folders_carry_properties_and_a_class_of_their_own(desk: Desk) -> None:
    made = desk.ask(
        f"<m:CreateFolder><m:ParentFolderId>{INBOX}</m:ParentFolderId><m:Folders><t:Folder>"
        f"<t:FolderClass>IPF.Note.Crm</t:FolderClass><t:DisplayName>CRM</t:DisplayName>{_property('1')}"
        "</t:Folder></m:Folders></m:CreateFolder>"
    )
    folder = id_element(made, "FolderId")
    shape = (
        "<m:FolderShape><t:BaseShape>AllProperties</t:BaseShape>"
        f"<t:AdditionalProperties>{CRM_TEXT}</t:AdditionalProperties></m:FolderShape>"
    )

    def shown() -> list[str | None]:
        answer = desk.ask(f"<m:GetFolder>{shape}<m:FolderIds>{folder}</m:FolderIds></m:GetFolder>")
        return [answer.findtext(f".//{{*}}{name}") for name in ("DisplayName", "FolderClass", "Value")]

    assert shown() == ["CRM", "IPF.Note.Crm", "1"]
    updates = (
        f"<t:SetFolderField>{CRM_TEXT}<t:Folder>{_property('2')}</t:Folder></t:SetFolderField>"
        '<t:SetFolderField><t:FieldURI FieldURI="folder:FolderClass"/><t:Folder>'
        "<t:FolderClass>IPF.Task</t:FolderClass></t:Folder></t:SetFolderField>"
    )
    change = (
        "<m:UpdateFolder><m:FolderChanges><t:FolderChange>{}<t:Updates>{}</t:Updates></t:FolderChange>"
        "</m:FolderChanges></m:UpdateFolder>"
    )
    assert codes(desk.ask(change.format(folder, updates))) == ["NoError"]
    assert shown() == ["CRM", "IPF.Task", "2"]

    desk.ask(change.format(folder, f"<t:DeleteFolderField>{CRM_TEXT}</t:DeleteFolderField>"))
    assert shown() == ["CRM", "IPF.Task", None]
    wrong = (
        '<t:SetFolderField><t:FieldURI FieldURI="folder:TotalCount"/><t:Folder><t:TotalCount>1</t:TotalCount>'
        "</t:Folder></t:SetFolderField>"
    )
    assert codes(desk.ask(change.format(folder, wrong))) == ["ErrorInvalidPropertySet"]


def test_folders_are_found_by_what_they_say(desk: Desk) -> None:
    outlook = desk.office.outlook("ann@northwind.example")
    outlook.make_folder("Projects", "inbox")
    outlook.make_folder("Private", "inbox")

    answer = desk.ask(
        f'<m:FindFolder Traversal="Deep">{DEFAULT}<m:Restriction><t:IsEqualTo>'
        '<t:FieldURI FieldURI="folder:DisplayName"/><t:FieldURIOrConstant><t:Constant Value="Private"/>'
        f"</t:FieldURIOrConstant></t:IsEqualTo></m:Restriction><m:ParentFolderIds>{INBOX}</m:ParentFolderIds>"
        "</m:FindFolder>"
    )

    assert [each.text for each in answer.iter("{*}DisplayName")] == ["Private"]


def test_a_folder_goes_to_the_deleted_items_or_away(desk: Desk) -> None:
    outlook = desk.office.outlook("ann@northwind.example")
    first, second = (outlook.make_folder(name, "inbox") for name in ("First", "Second"))

    for folder, how in ((first, "MoveToDeletedItems"), (second, "HardDelete")):
        desk.ask(
            f'<m:DeleteFolder DeleteType="{how}"><m:FolderIds><t:FolderId Id="{folder.id}"/></m:FolderIds>'
            "</m:DeleteFolder>"
        )

    assert outlook.folder("Deleted Items/First").id == first.id
    with pytest.raises(LookupError):
        outlook.folder("Inbox/Second")


def test_a_folder_is_emptied_with_all_below_it_but_the_top_is_not(desk: Desk) -> None:
    outlook = desk.office.outlook("ann@northwind.example")
    outlook.make_folder("Below", "inbox")
    _deliver(desk, "One")
    empty = (
        '<m:EmptyFolder DeleteType="HardDelete" DeleteSubFolders="true"><m:FolderIds>'
        '<t:DistinguishedFolderId Id="{}"/></m:FolderIds></m:EmptyFolder>'
    )

    assert codes(desk.ask(empty.format("inbox"))) == ["NoError"]
    assert codes(desk.ask(empty.format("msgfolderroot"))) == ["ErrorCannotEmptyFolder"]

    assert outlook.items() == []
    assert outlook.mailbox.children(outlook.folder("inbox")) == []


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (
            f"<m:CreateFolder><m:ParentFolderId>{INBOX}</m:ParentFolderId><m:Folders><t:Folder>"
            "<t:DisplayName> </t:DisplayName></t:Folder></m:Folders></m:CreateFolder>",
            "ErrorFolderSavePropertyError",
        ),
        (
            f"<m:GetFolder>{DEFAULT}<m:FolderIds><t:DistinguishedFolderId Id='starred'/></m:FolderIds>"
            "</m:GetFolder>",
            "ErrorFolderNotFound",
        ),
        (
            f"<m:MoveFolder><m:ToFolderId>{INBOX}</m:ToFolderId><m:FolderIds>"
            "<t:DistinguishedFolderId Id='calendar'/></m:FolderIds></m:MoveFolder>",
            "ErrorMoveCopyFailed",
        ),
        (
            "<m:MoveItem><m:ToFolderId><t:DistinguishedFolderId Id='starred'/></m:ToFolderId>"
            "<m:ItemIds><t:ItemId Id='x'/></m:ItemIds></m:MoveItem>",
            "ErrorToFolderNotFound",
        ),
        (
            "<m:GetAttachment><m:AttachmentIds><t:AttachmentId Id='x'/></m:AttachmentIds></m:GetAttachment>",
            "ErrorInvalidIdMalformed",
        ),
        (
            f"<m:GetUserConfiguration><m:UserConfigurationName Name='x'>{INBOX}</m:UserConfigurationName>"
            "<m:UserConfigurationProperties>All</m:UserConfigurationProperties></m:GetUserConfiguration>",
            "ErrorItemNotFound",
        ),
    ],
)
def test_what_cannot_be_done_is_refused_by_its_name(desk: Desk, payload: str, code: str) -> None:
    assert codes(desk.ask(payload)) == [code]


def test_an_attachment_that_is_gone_is_not_found_on_its_item(desk: Desk) -> None:
    item = desk.create("<t:Subject>s</t:Subject>")
    item_id = item.split('"')[1]

    answer = desk.ask(
        f'<m:GetAttachment><m:AttachmentIds><t:AttachmentId Id="{item_id}.abc"/></m:AttachmentIds>'
        "</m:GetAttachment>"
    )

    assert codes(answer) == ["ErrorInvalidAttachmentId"]


def test_a_change_is_told_under_its_own_number_not_that_of_a_later_reading() -> None:
    log = ChangeLog()
    log.enter("a", 1)
    log.change("a", 3)
    log.enter("b", 4)
    log.mark_read("a", 5)

    assert [(change.number, change.kind) for change in log.since(2)] == [
        (3, ChangeKind.UPDATE),
        (4, ChangeKind.CREATE),
    ]
    assert [change.kind for change in log.since(4)] == [ChangeKind.READ_FLAG]
