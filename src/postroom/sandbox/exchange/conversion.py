"""The operation ConvertId: ids of one form as ids of another; this server knows one form."""

from collections.abc import Sequence

from lxml import etree

from postroom.sandbox.exchange.answer import children, respond_each
from postroom.sandbox.exchange.call import Call
from postroom.sandbox.exchange.names import TYPES, m_element
from postroom.sandbox.exchange.refusal import Refusal

_KIND = "{http://www.w3.org/2001/XMLSchema-instance}type"


def convert_id(call: Call, request: etree._Element) -> etree._Element:
    """Answer ConvertId."""

    def convert(element: etree._Element) -> Sequence[etree._Element]:
        given = element.get("Id") or ""
        if call.office.mailbox_by_id(given) is None:
            raise Refusal("ErrorInvalidIdMalformed", "Id is malformed.")
        if request.get("DestinationFormat") != "EwsId" or element.get("Format") != "EwsId":
            raise Refusal("ErrorUnsupportedTypeForConversion", "Only EWS ids are known here.")
        answer = m_element("AlternateId", Format="EwsId", Id=given, Mailbox=element.get("Mailbox") or "")
        prefix = next(name for name, uri in answer.nsmap.items() if uri == TYPES)
        answer.set(_KIND, f"{prefix}:AlternateIdType")
        return [answer]

    return respond_each(call.operation, children(request, "SourceIds"), convert)
