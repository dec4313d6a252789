"""The operation GetDelegate: who may open a mailbox besides its owner."""

from lxml import etree

from postroom.sandbox.exchange.access import Right
from postroom.sandbox.exchange.call import Call
from postroom.sandbox.exchange.names import child_text, m_element, m_name, t_element

_FOLDERS = ("Calendar", "Tasks", "Inbox", "Contacts", "Notes", "Journal")


def get_delegate(call: Call, request: etree._Element) -> etree._Element:
    """Answer GetDelegate."""
    named = request.find(m_name("Mailbox"))
    address = child_text(named, "EmailAddress") if named is not None else ""
    mailbox = call.mailbox_of(address)
    delegates = call.office.access.delegates_of(mailbox.address)
    response = m_element("GetDelegateResponse", ResponseClass="Success")
    response.append(m_element("ResponseCode", "NoError"))
    messages = m_element("ResponseMessages")
    for who, rights in delegates.items():
        message = m_element("DelegateUserResponseMessageType", ResponseClass="Success")
        message.append(m_element("ResponseCode", "NoError"))
        message.append(_delegate(who, rights, with_permissions=request.get("IncludePermissions") == "true"))
        messages.append(message)
    if delegates:
        response.append(messages)
    response.append(m_element("DeliverMeetingRequests", "DelegatesAndMe"))
    return response


def _delegate(who: str, rights: Right, *, with_permissions: bool) -> etree._Element:
    user = t_element("UserId")
    user.append(t_element("PrimarySmtpAddress", who))
    element = m_element("DelegateUser")
    element.append(user)
    if with_permissions:
        level = "Editor" if rights & Right.OPEN else "None"
        permissions = t_element("DelegatePermissions")
        permissions.extend(t_element(f"{name}FolderPermissionLevel", level) for name in _FOLDERS)
        element.append(permissions)
    return element
