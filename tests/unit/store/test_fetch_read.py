"""FetchXML read: what a query says, and what is refused with which words."""

import pytest

from postroom.store.fetch import BadFetch, read
from postroom.store.fetch.query import Condition, Filter, Joint, LinkKind

MINE = """
<fetch version="1.0" output-format="xml-platform" mapping="logical" top="5" distinct="false">
  <entity name="contact">
    <attribute name="fullname" />
    <order attribute="fullname" descending="true" />
    <filter type="and">
      <condition attribute="ownerid" operator="eq-userid" />
      <filter type="or">
        <condition attribute="statuscode" operator="in"><value>1</value><value>2</value></condition>
        <condition entityname="company" attribute="name" operator="like" value="A%" />
      </filter>
    </filter>
    <link-entity name="account" from="accountid" to="parentcustomerid" link-type="outer" alias="company" />
  </entity>
</fetch>
"""


def test_a_query_is_read_with_filters_links_and_order() -> None:
    fetch = read(MINE)
    assert fetch.table == "contact"
    assert fetch.attributes == ["fullname"]
    assert fetch.orders[0].descending
    assert fetch.links[0].kind is LinkKind.OUTER
    assert fetch.links[0].alias == "company"
    assert fetch.filters[0].conditions == [Condition("ownerid", "eq-userid", [])]
    inner = fetch.filters[0].filters[0]
    assert inner == Filter(
        Joint.OR,
        [
            Condition("statuscode", "in", ["1", "2"]),
            Condition("name", "like", ["A%"], of="company"),
        ],
        [],
        [],
    )


@pytest.mark.parametrize(
    ("xml", "words"),
    [
        ("", "not XML"),
        ("<fetch>", "not XML"),
        ("<query/>", "begins with <fetch>, not with <query>"),
        ("<fetch/>", "has one <entity>, not 0"),
        ("<fetch><entity/></fetch>", "<entity> needs the attribute name"),
        ("<fetch aggregate='true'><entity name='contact'/></fetch>", "aggregate"),
        ("<fetch><entity name='contact'><where/></entity></fetch>", "<entity> can't hold <where>"),
        ("<fetch><entity name='contact'><filter type='xor'/></entity></fetch>", '<filter type="xor">'),
        (
            "<fetch><entity name='contact'><filter><condition operator='eq'/></filter></entity></fetch>",
            "<condition> needs the attribute attribute",
        ),
        (
            "<fetch><entity name='contact'><link-entity name='account' from='a' to='b' link-type='sideways'/>"
            "</entity></fetch>",
            'link-type="sideways"',
        ),
        ("<fetch>" + "<filter>" * 30 + "</filter>" * 30 + "</fetch>", "deeper than 20"),
        ("<fetch>" + "<a/>" * 6000 + "</fetch>", "more than 5000 elements"),
        ("<fetch>" + " " * 300_000 + "</fetch>", "characters"),
    ],
)
def test_what_is_no_query_is_refused_by_the_name_of_the_element(xml: str, words: str) -> None:
    with pytest.raises(BadFetch) as refused:
        read(xml)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    "xml",
    [
        '<!DOCTYPE fetch [<!ENTITY a "b">]><fetch><entity name="&a;"/></fetch>',
        '<!DOCTYPE fetch SYSTEM "file:///etc/passwd"><fetch><entity name="contact"/></fetch>',
        '<!DOCTYPE f [<!ENTITY x SYSTEM "file:///x">]><fetch><entity name="contact">&x;</entity></fetch>',
    ],
)
def test_a_query_with_a_document_type_is_refused(xml: str) -> None:
    with pytest.raises(BadFetch):
        read(xml)
