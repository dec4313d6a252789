"""$metadata: the schema and the messages as CSDL.

# source: ODATA-CSDL
"""

from collections.abc import Iterator
from functools import cache
from typing import Final
from xml.sax.saxutils import quoteattr

from postroom.api.messages import catalog
from postroom.api.messages.message import Form, Message
from postroom.api.odata.names import names_of, property_of
from postroom.schema import registry
from postroom.schema.column import Kind
from postroom.schema.table import TableInfo

_EDM: Final = {
    Kind.KEY: "Edm.Guid",
    Kind.GUID: "Edm.Guid",
    Kind.LOOKUP: "Edm.Guid",
    Kind.OWNER: "Edm.Guid",
    Kind.TEXT: "Edm.String",
    Kind.MEMO: "Edm.String",
    Kind.TABLE_NAME: "Edm.String",
    Kind.INTEGER: "Edm.Int32",
    Kind.CHOICE: "Edm.Int32",
    Kind.STATE: "Edm.Int32",
    Kind.STATUS: "Edm.Int32",
    Kind.BIGINT: "Edm.Int64",
    Kind.DECIMAL: "Edm.Decimal",
    Kind.DOUBLE: "Edm.Double",
    Kind.BOOLEAN: "Edm.Boolean",
    Kind.MOMENT: "Edm.DateTimeOffset",
    Kind.DAY: "Edm.Date",
    Kind.BINARY: "Edm.Binary",
}
_HEAD: Final = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>'
    '<Schema Namespace="Microsoft.Dynamics.CRM" Alias="mscrm" xmlns="http://docs.oasis-open.org/odata/ns/edm">'
    '<EntityType Name="crmbaseentity" Abstract="true"/>'
    '<EntityType Name="principal" BaseType="mscrm.crmbaseentity" Abstract="true">'
    '<Key><PropertyRef Name="ownerid"/></Key><Property Name="ownerid" Type="Edm.Guid" Nullable="false"/>'
    "</EntityType>"
)
_FOOT: Final = "</Schema></edmx:DataServices></edmx:Edmx>"


@cache
def describe() -> str:
    """Return the document."""
    tables = registry.tables()
    parts = [*map(_entity, tables), *map(_message, catalog.ALL), *_responses(), _container()]
    return f"{_HEAD}{''.join(parts)}{_FOOT}"


def _entity(table: TableInfo) -> str:
    key = table.primary_id
    lines = [f'<EntityType Name={quoteattr(table.logical_name)} BaseType="mscrm.crmbaseentity">']
    lines.append(f"<Key><PropertyRef Name={quoteattr(key)}/></Key>")
    for column, info in table.columns.items():
        if info.may_read:
            name, empty = property_of(column, info), ' Nullable="false"' if column == key else ""
            lines.append(f"<Property Name={quoteattr(name)} Type={quoteattr(_EDM[info.kind])}{empty}/>")
    lines.extend(_navigation(table))
    return "".join([*lines, "</EntityType>"])


def _navigation(table: TableInfo) -> Iterator[str]:
    names = names_of(table.logical_name)
    for link in names.links.values():
        known = [target for target in link.targets if registry.find(target) is not None]
        if not known:
            continue
        type_ = f"mscrm.{known[0]}" if len(known) == 1 else "mscrm.crmbaseentity"
        name, column, key = (quoteattr(text) for text in (link.name, f"_{link.column}_value", _key_of(known)))
        constraint = f"<ReferentialConstraint Property={column} ReferencedProperty={key}/>"
        yield f"<NavigationProperty Name={name} Type={quoteattr(type_)}>{constraint}</NavigationProperty>"
    for collection in names.collections.values():
        type_ = f"Collection(mscrm.{collection.table.logical_name})"
        yield f"<NavigationProperty Name={quoteattr(collection.name)} Type={quoteattr(type_)}/>"


def _key_of(targets: list[str]) -> str:
    return registry.by_logical_name(targets[0]).primary_id if len(targets) == 1 else "ownerid"


def _message(message: Message) -> str:
    bound = ' IsBound="true"' if message.binding is not None else ""
    lines = [f"<{message.form.value} Name={quoteattr(message.name)}{bound}>"]
    if message.binding is not None:
        type_ = "crmbaseentity" if message.binding == "*" else message.binding
        bound = f"Collection(mscrm.{type_})" if message.is_of_collection else f"mscrm.{type_}"
        lines.append(f'<Parameter Name="entity" Type={quoteattr(bound)} Nullable="false"/>')
    for parameter in message.parameters:
        empty = ' Nullable="false"' if parameter.is_required else ""
        lines.append(
            f"<Parameter Name={quoteattr(parameter.name)} Type={quoteattr(parameter.type.value)}{empty}/>"
        )
    if message.returns:
        lines.append(f'<ReturnType Type={quoteattr(f"mscrm.{message.name}Response")} Nullable="false"/>')
    elif message.form is Form.FUNCTION:
        lines.append('<ReturnType Type="Edm.Untyped"/>')
    return "".join([*lines, f"</{message.form.value}>"])


def _responses() -> Iterator[str]:
    said = set()
    for message in catalog.ALL:
        if message.returns and message.name not in said:
            said.add(message.name)
            members = "".join(
                f"<Property Name={quoteattr(name)} Type={quoteattr(type_)}/>"
                for name, type_ in message.returns.items()
            )
            yield f"<ComplexType Name={quoteattr(message.name + 'Response')}>{members}</ComplexType>"


def _container() -> str:
    lines = ['<EntityContainer Name="System">']
    for table in registry.tables():
        name, type_ = quoteattr(table.set_name), quoteattr(f"mscrm.{table.logical_name}")
        lines.append(f"<EntitySet Name={name} EntityType={type_}/>")
    for message in catalog.ALL:
        if message.binding is None:
            kind = message.form.value
            name = quoteattr(message.name)
            lines.append(f"<{kind}Import Name={name} {kind}={quoteattr('mscrm.' + message.name)}/>")
    return "".join([*lines, "</EntityContainer>"])
