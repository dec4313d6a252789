"""Autodiscover as Exchange answers it: from an address to the URL of its web services.

Both ways of asking are served: plain XML as Outlook asks, and the SOAP operation GetUserSettings.
Bytes in, bytes out; who lives where is told by a function that is handed over.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from lxml import etree

from postroom.sandbox.exchange.names import SOAP, local_name, text_of
from postroom.sandbox.exchange.refusal import Refusal

# source: MS-OXDSCLI Autodiscover
POX_REQUEST: Final = "http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"
POX_ENVELOPE: Final = "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"
POX_RESPONSE: Final = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
# source: MS-OXWSADISC GetUserSettings
AUTODISCOVER: Final = "http://schemas.microsoft.com/exchange/2010/Autodiscover"
ADDRESSING: Final = "http://www.w3.org/2005/08/addressing"
INSTANCE: Final = "http://www.w3.org/2001/XMLSchema-instance"

#: Versions of the schema that the server speaks, as it announces them.
SCHEMAS: Final = (
    "Exchange2007, Exchange2007_SP1, Exchange2010, Exchange2010_SP1, Exchange2010_SP2, Exchange2013, "
    "Exchange2013_SP1, Exchange2016"
)
#: Most octets of a request, most users and most settings asked for in one.
MAX_REQUEST = 256 * 1024
MAX_USERS = 100
MAX_SETTINGS = 200


@dataclass(frozen=True, slots=True)
class Home:
    """Where a mailbox lives."""

    address: str
    display_name: str
    ews_url: str


@dataclass(frozen=True, slots=True)
class Redirect:
    """Where to ask instead: for another address, or at another URL."""

    address: str = ""
    url: str = ""


#: Gives the home of an address, where to ask instead, or None when nobody has it.
Lookup = Callable[[str], Home | Redirect | None]


def answer_pox(request: bytes, lookup: Lookup, at: datetime) -> bytes:
    """Return the answer to a request for autodiscover.xml; `at` stands in its errors."""
    answer = etree.Element(f"{{{POX_ENVELOPE}}}Autodiscover", nsmap={None: POX_ENVELOPE})
    try:
        address = _asked_address(_parse(request))
    except Refusal:
        answer.append(_pox_error("600", "Invalid Request", at))
        return _bytes(answer)
    found = lookup(address)
    if found is None:
        answer.append(_pox_error("500", "The email address can't be found.", at))
    elif isinstance(found, Redirect):
        answer.append(_pox_redirect(found))
    else:
        answer.append(_pox_settings(found))
    return _bytes(answer)


def answer_soap(request: bytes, lookup: Lookup) -> bytes:
    """Return the answer to a request for autodiscover.svc, of which GetUserSettings is served.

    Raises `Refusal` when the request is no such envelope; the server answers with a fault.
    """
    message = _parse(request).find(f"{{{SOAP}}}Body/{{{AUTODISCOVER}}}GetUserSettingsRequestMessage")
    if message is None:
        raise Refusal("ErrorInvalidRequest", "Only GetUserSettings is served here.")
    users = [text_of(each).strip() for each in message.iter(f"{{{AUTODISCOVER}}}Mailbox")]
    settings = [text_of(each).strip() for each in message.iter(f"{{{AUTODISCOVER}}}Setting")]
    if not users or not settings or len(users) > MAX_USERS or len(settings) > MAX_SETTINGS:
        return _envelope(
            _response("InvalidRequest", "Ask for some users and settings, and not for too many.")
        )
    responses = _element("UserResponses")
    responses.extend(_user_response(lookup(user), settings) for user in users)
    return _envelope(_response("NoError", "", responses))


def _parse(request: bytes) -> etree._Element:
    if len(request) > MAX_REQUEST:
        raise Refusal("ErrorInvalidRequest", "The request is too long.")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(request, parser)
    except (etree.XMLSyntaxError, ValueError) as problem:
        raise Refusal("ErrorInvalidRequest", "The request is no XML.") from problem
    if root.getroottree().docinfo.doctype:
        raise Refusal("ErrorInvalidRequest", "The request declares a document type.")
    return root


def _asked_address(root: etree._Element) -> str:
    address = text_of(root.find("{*}Request/{*}EMailAddress")).strip()
    wanted = text_of(root.find("{*}Request/{*}AcceptableResponseSchema")).strip()
    if local_name(root) != "Autodiscover" or "@" not in address or wanted not in ("", POX_RESPONSE):
        raise Refusal(
            "ErrorInvalidRequest", "The request asks for no address, or for another kind of answer."
        )
    return address


def _pox(parent: etree._Element, name: str, text: str = "") -> etree._Element:
    made = etree.SubElement(parent, f"{{{POX_RESPONSE}}}{name}")
    made.text = text or None
    return made


def _pox_account(display_name: str = "", address: str = "") -> tuple[etree._Element, etree._Element]:
    response = etree.Element(f"{{{POX_RESPONSE}}}Response", nsmap={None: POX_RESPONSE})
    if address:
        user = _pox(response, "User")
        _pox(user, "DisplayName", display_name)
        _pox(user, "AutoDiscoverSMTPAddress", address)
    account = _pox(response, "Account")
    _pox(account, "AccountType", "email")
    return response, account


def _pox_settings(home: Home) -> etree._Element:
    response, account = _pox_account(home.display_name, home.address)
    _pox(account, "Action", "settings")
    # EXCH is for clients inside, EXPR for those outside, EXHTTP for both since Exchange 2013.
    # source: MS-OXDSCLI Type
    for kind in ("EXCH", "EXPR", "EXHTTP"):
        protocol = _pox(account, "Protocol")
        _pox(protocol, "Type", kind)
        _pox(protocol, "Server", home.ews_url.partition("://")[2].partition("/")[0].partition(":")[0])
        if kind != "EXCH":
            _pox(protocol, "SSL", "On" if home.ews_url.startswith("https:") else "Off")
        _pox(protocol, "AuthPackage", "Basic")
        _pox(protocol, "ASUrl", home.ews_url)
        _pox(protocol, "EwsUrl", home.ews_url)
    return response


def _pox_redirect(redirect: Redirect) -> etree._Element:
    response, account = _pox_account()
    if redirect.address:
        _pox(account, "Action", "redirectAddr")
        _pox(account, "RedirectAddr", redirect.address)
    else:
        _pox(account, "Action", "redirectUrl")
        _pox(account, "RedirectUrl", redirect.url)
    return response


def _pox_error(code: str, text: str, at: datetime) -> etree._Element:
    # source: MS-OXDSCLI Error
    response = etree.Element(f"{{{POX_ENVELOPE}}}Response")
    time = at.strftime("%H:%M:%S.%f0")
    error = etree.SubElement(response, f"{{{POX_ENVELOPE}}}Error", Time=time, Id="1")
    for name, value in (("ErrorCode", code), ("Message", text), ("DebugData", "")):
        etree.SubElement(error, f"{{{POX_ENVELOPE}}}{name}").text = value
    return response


def _element(name: str, text: str = "") -> etree._Element:
    made = etree.Element(f"{{{AUTODISCOVER}}}{name}")
    made.text = text or None
    return made


def _with(name: str, *children: etree._Element) -> etree._Element:
    made = _element(name)
    made.extend(children)
    return made


def _result(code: str, text: str = "") -> tuple[etree._Element, etree._Element]:
    return _element("ErrorCode", code), _element("ErrorMessage", text)


def _response(code: str, text: str, *children: etree._Element) -> etree._Element:
    return _with("GetUserSettingsResponseMessage", _with("Response", *_result(code, text), *children))


def _user_response(found: Home | Redirect | None, settings: Sequence[str]) -> etree._Element:
    if found is None:
        return _with("UserResponse", *_result("InvalidUser", "There is no mailbox with this address."))
    if isinstance(found, Redirect):
        code = "RedirectAddress" if found.address else "RedirectUrl"
        target = _element("RedirectTarget", found.address or found.url)
        return _with("UserResponse", *_result(code), target, _element("UserSettingErrors"))
    known = _settings(found)
    missing = (_setting_error(name) for name in settings if name not in known)
    given = (_setting(name, known[name]) for name in settings if name in known)
    errors, values = _with("UserSettingErrors", *missing), _with("UserSettings", *given)
    return _with("UserResponse", *_result("NoError", "No error."), errors, values)


def _settings(home: Home) -> dict[str, str]:
    return {
        "UserDisplayName": home.display_name,
        "AutoDiscoverSMTPAddress": home.address,
        "ExternalEwsUrl": home.ews_url,
        "InternalEwsUrl": home.ews_url,
        "EwsSupportedSchemas": SCHEMAS,
        "ExternalEwsVersion": "15.01.0000.000",
        "CasVersion": "15.01.0000.000",
        "MapiHttpEnabled": "False",
    }


def _setting(name: str, value: str) -> etree._Element:
    made = _with("UserSetting", _element("Name", name), _element("Value", value))
    made.set(f"{{{INSTANCE}}}type", "StringSetting")
    return made


def _setting_error(name: str) -> etree._Element:
    problem = _result("SettingIsNotAvailable", "This setting is not available.")
    return _with("UserSettingError", *problem, _element("SettingName", name))


def _envelope(message: etree._Element) -> bytes:
    names = {"s": SOAP, "a": ADDRESSING, "i": INSTANCE, None: AUTODISCOVER}
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap=names)
    header = etree.SubElement(envelope, f"{{{SOAP}}}Header")
    action = etree.SubElement(header, f"{{{ADDRESSING}}}Action")
    action.text = f"{AUTODISCOVER}/Autodiscover/GetUserSettingsResponse"
    header.append(_version())
    etree.SubElement(envelope, f"{{{SOAP}}}Body").append(message)
    return _bytes(envelope)


def _version() -> etree._Element:
    parts = (
        ("MajorVersion", "15"),
        ("MinorVersion", "1"),
        ("MajorBuildNumber", "0"),
        ("MinorBuildNumber", "0"),
    )
    return _with(
        "ServerVersionInfo",
        *(_element(name, number) for name, number in parts),
        _element("Version", "Exchange2016"),
    )


def _bytes(root: etree._Element) -> bytes:
    etree.cleanup_namespaces(root)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="utf-8"))
