"""Operations on user configurations: settings that clients keep in folders."""

import copy
from collections.abc import Sequence

from lxml import etree

from postroom.sandbox.exchange.answer import respond_each
from postroom.sandbox.exchange.call import Call
from postroom.sandbox.exchange.folder import Folder
from postroom.sandbox.exchange.mailbox import Mailbox
from postroom.sandbox.exchange.names import local_name, m_element, m_name, t_element, t_name
from postroom.sandbox.exchange.refusal import Refusal

#: What each value of UserConfigurationProperties shows.
# source: MS-OXWSUSRCFG UserConfigurationPropertyType
_SHOWN = {
    "Id": {"ItemId"},
    "Dictionary": {"Dictionary"},
    "XmlData": {"XmlData"},
    "BinaryData": {"BinaryData"},
    "All": {"ItemId", "Dictionary", "XmlData", "BinaryData"},
}
_DATA = ("Dictionary", "XmlData", "BinaryData")


def get_user_configuration(call: Call, request: etree._Element) -> etree._Element:
    """Answer GetUserConfiguration."""
    asked = (request.findtext(m_name("UserConfigurationProperties")) or "All").split()
    shown = set().union(*(_SHOWN.get(word, set()) for word in asked))

    def get(name: etree._Element) -> Sequence[etree._Element]:
        _, folder = _folder(call, name)
        kept = _kept(folder, name)
        answer = m_element("UserConfiguration")
        answer.append(_name_element(folder, name.get("Name") or ""))
        answer.extend(copy.deepcopy(child) for child in kept if local_name(child) in shown)
        return [answer]

    return respond_each(call.operation, request.findall(m_name("UserConfigurationName")), get)


def create_user_configuration(call: Call, request: etree._Element) -> etree._Element:
    """Answer CreateUserConfiguration."""

    def create(element: etree._Element) -> Sequence[etree._Element]:
        name = element.find(t_name("UserConfigurationName"))
        mailbox, folder = _folder(call, name)
        if name.get("Name") in folder.configurations:
            raise Refusal("ErrorItemSave", "A user configuration of this name exists already.")
        made = t_element("UserConfiguration")
        made.append(t_element("ItemId", Id=mailbox.new_id(), ChangeKey=mailbox.new_key()))
        folder.configurations[name.get("Name") or ""] = made
        _write(made, element)
        return []

    return respond_each(call.operation, request.findall(m_name("UserConfiguration")), create)


def update_user_configuration(call: Call, request: etree._Element) -> etree._Element:
    """Answer UpdateUserConfiguration."""

    def update(element: etree._Element) -> Sequence[etree._Element]:
        name = element.find(t_name("UserConfigurationName"))
        mailbox, folder = _folder(call, name)
        kept = _kept(folder, name)
        kept[0].set("ChangeKey", mailbox.new_key())
        _write(kept, element)
        return []

    return respond_each(call.operation, request.findall(m_name("UserConfiguration")), update)


def delete_user_configuration(call: Call, request: etree._Element) -> etree._Element:
    """Answer DeleteUserConfiguration."""

    def delete(name: etree._Element) -> Sequence[etree._Element]:
        _, folder = _folder(call, name)
        _kept(folder, name)
        del folder.configurations[name.get("Name") or ""]
        return []

    return respond_each(call.operation, request.findall(m_name("UserConfigurationName")), delete)


def _folder(call: Call, name: etree._Element | None) -> tuple[Mailbox, Folder]:
    found = call.folder_in(name)
    if found is None:
        raise Refusal("ErrorInvalidRequest", "The folder of the user configuration is not named.")
    return found


def _kept(folder: Folder, name: etree._Element) -> etree._Element:
    kept = folder.configurations.get(name.get("Name") or "")
    if kept is None:
        raise Refusal("ErrorItemNotFound", "The specified object was not found in the store.")
    return kept


def _write(kept: etree._Element, given: etree._Element) -> None:
    """Replace the data that are given, and keep the rest in the order of the schema."""
    data = {local_name(child): child for source in (kept, given) for child in source}
    for child in list(kept)[1:]:
        kept.remove(child)
    kept.extend(copy.deepcopy(data[name]) for name in _DATA if name in data)


def _name_element(folder: Folder, name: str) -> etree._Element:
    element = t_element("UserConfigurationName", Name=name)
    element.append(t_element("FolderId", Id=folder.id, ChangeKey=folder.change_key))
    return element
