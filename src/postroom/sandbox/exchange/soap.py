"""SOAP envelopes of Exchange Web Services: read without trust, written with a version."""

from dataclasses import dataclass

from lxml import etree

from postroom.sandbox.exchange.names import (
    ERRORS,
    MESSAGES,
    NSMAP,
    SOAP,
    TYPES,
    child_text,
    local_name,
    t_element,
    t_name,
)
from postroom.sandbox.exchange.refusal import Refusal, WholeRefusal

#: Octets that one request may have.
LARGEST_REQUEST = 64 * 1024 * 1024

#: Texts up to here need no parser without limits.
_LONG_TEXT = 8 * 1024 * 1024

#: The version that the server says it is: Exchange 2016.
_BUILD = {
    "MajorVersion": "15",
    "MinorVersion": "1",
    "MajorBuildNumber": "2507",
    "MinorBuildNumber": "39",
    "Version": "V2017_07_11",
}
#: The schema versions that a request may name, oldest first.
# source: MS-OXWSCDATA RequestServerVersion
VERSIONS = (
    "Exchange2007",
    "Exchange2007_SP1",
    "Exchange2010",
    "Exchange2010_SP1",
    "Exchange2010_SP2",
    "Exchange2013",
    "Exchange2013_SP1",
    "Exchange2015",
    "Exchange2016",
    "V2015_10_05",
    "V2016_01_06",
    "V2016_04_13",
    "V2016_07_13",
    "V2016_10_10",
    "V2017_01_07",
    "V2017_04_14",
    "V2017_07_11",
)


@dataclass(frozen=True, slots=True)
class Envelope:
    """A request: the one child of the body and what the header says about it."""

    payload: etree._Element
    version: str = ""
    #: The address of the user to act as, or empty.
    impersonated: str = ""
    #: The t:TimeZoneDefinition in which times without a zone are meant.
    time_zone: etree._Element | None = None

    @property
    def operation(self) -> str:
        """Return the name of the operation that is asked for."""
        return local_name(self.payload)


def parse(data: bytes) -> etree._Element:
    """Return the root of a document that anybody may have written; `WholeRefusal` when it is none.

    Documents with a DTD are refused, entities with it; nothing is ever fetched.
    """
    # Also within an encoding that hides the word: these have octets of zero.
    if b"<!DOCTYPE" in data or b"\0" in data:
        raise WholeRefusal("ErrorSchemaValidation", "The request holds a document type, which is not taken.")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        # Without it no text may be longer than 10 MB, and large messages are.
        huge_tree=len(data) > _LONG_TEXT,
        remove_comments=True,
    )
    try:
        return etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as problem:
        text = f"The request failed schema validation: {problem}"[:300]
        raise WholeRefusal("ErrorSchemaValidation", text) from problem


def read_envelope(data: bytes) -> Envelope:
    """Return what a request asks for; `WholeRefusal` when that can't be made out."""
    root = parse(data)
    body = root.find(f"{{{SOAP}}}Body")
    if root.tag != f"{{{SOAP}}}Envelope" or body is None or len(body) != 1:
        raise WholeRefusal("ErrorSchemaValidation", "The request is no SOAP envelope with one payload.")
    payload = body[0]
    if not str(payload.tag).startswith(f"{{{MESSAGES}}}"):
        raise WholeRefusal("ErrorSchemaValidation", f"The element {str(payload.tag)[:100]} is no operation.")
    header = root.find(f"{{{SOAP}}}Header")
    if header is None:
        return Envelope(payload)
    asked = header.find(t_name("RequestServerVersion"))
    version = (asked.get("Version") or "") if asked is not None else ""
    if version and version not in VERSIONS:
        raise WholeRefusal("ErrorInvalidServerVersion", "The specified server version is invalid.")
    return Envelope(
        payload,
        version,
        _impersonated(header),
        header.find(f"{t_name('TimeZoneContext')}/{t_name('TimeZoneDefinition')}"),
    )


def _impersonated(header: etree._Element) -> str:
    identity = header.find(f"{t_name('ExchangeImpersonation')}/{t_name('ConnectingSID')}")
    if identity is None:
        return ""
    for name in ("SmtpAddress", "PrimarySmtpAddress", "PrincipalName"):
        if address := child_text(identity, name).strip():
            return address
    raise WholeRefusal("ErrorInvalidExchangeImpersonationHeaderData", "The impersonated user is not named.")


def write_envelope(payload: etree._Element) -> bytes:
    """Return a response around its payload."""
    return _serialized(payload, with_version=True)


def write_fault(refusal: Refusal) -> bytes:
    """Return a response that is a SOAP fault."""
    # The children of a fault have no namespace. source: SOAP11 4.4
    fault = etree.Element(f"{{{SOAP}}}Fault", nsmap=dict(NSMAP))
    code = etree.SubElement(fault, "faultcode", nsmap={"a": TYPES})
    code.text = f"a:{refusal.code}"
    etree.SubElement(fault, "faultstring").text = refusal.text
    detail = etree.SubElement(fault, "detail")
    etree.SubElement(detail, f"{{{ERRORS}}}ResponseCode", nsmap={"e": ERRORS}).text = refusal.code
    etree.SubElement(detail, f"{{{ERRORS}}}Message", nsmap={"e": ERRORS}).text = refusal.text
    if refusal.values:
        detail.append(message_xml(refusal, t_element("MessageXml")))
    return _serialized(fault, with_version=False)


def message_xml(refusal: Refusal, into: etree._Element) -> etree._Element:
    """Fill an element with the named particulars of a refusal and return it."""
    into.extend(t_element("Value", value, Name=name) for name, value in refusal.values.items())
    return into


def _serialized(payload: etree._Element, *, with_version: bool) -> bytes:
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap=dict(NSMAP))
    if with_version:
        header = etree.SubElement(envelope, f"{{{SOAP}}}Header")
        header.append(t_element("ServerVersionInfo", **_BUILD))
    etree.SubElement(envelope, f"{{{SOAP}}}Body").append(payload)
    written: bytes = etree.tostring(envelope, xml_declaration=True, encoding="utf-8")
    return written
