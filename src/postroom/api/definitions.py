"""What the schema says of itself: definitions of tables, columns, relationships.

# source: DATAVERSE-METADATA
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final
from uuid import UUID, uuid5

from postroom.api.address import Segment
from postroom.api.call import Reply
from postroom.api.odata.memory import Node, check_options, chosen, shown
from postroom.api.odata.names import names_of
from postroom.api.problems import Problem, not_allowed, not_found
from postroom.api.visit import Visit
from postroom.schema import registry
from postroom.schema.choices import Choice
from postroom.schema.column import ColumnInfo, Format, Kind
from postroom.schema.table import TableInfo
from postroom.store.records.deletions import TRACKED

_SPACE: Final = UUID("6f0d3c1e-5a94-5d0e-9f55-b1c0de5c0a11")
_NAMESPACE: Final = "#Microsoft.Dynamics.CRM."
_ENGLISH: Final = 1033
#: First segments of addresses that are answered here.
SETS: Final = ("EntityDefinitions", "RelationshipDefinitions", "GlobalOptionSetDefinitions", "CreateEntities")

#: The attribute type, its type's name and the class of metadata, by kind.
_TYPES: Final[Mapping[Kind, tuple[str, str, str]]] = {
    Kind.KEY: ("Uniqueidentifier", "UniqueidentifierType", "UniqueIdentifierAttributeMetadata"),
    Kind.GUID: ("Uniqueidentifier", "UniqueidentifierType", "UniqueIdentifierAttributeMetadata"),
    Kind.TEXT: ("String", "StringType", "StringAttributeMetadata"),
    Kind.MEMO: ("Memo", "MemoType", "MemoAttributeMetadata"),
    Kind.INTEGER: ("Integer", "IntegerType", "IntegerAttributeMetadata"),
    Kind.BIGINT: ("BigInt", "BigIntType", "BigIntAttributeMetadata"),
    Kind.DECIMAL: ("Decimal", "DecimalType", "DecimalAttributeMetadata"),
    Kind.DOUBLE: ("Double", "DoubleType", "DoubleAttributeMetadata"),
    Kind.BOOLEAN: ("Boolean", "BooleanType", "BooleanAttributeMetadata"),
    Kind.CHOICE: ("Picklist", "PicklistType", "PicklistAttributeMetadata"),
    Kind.STATE: ("State", "StateType", "StateAttributeMetadata"),
    Kind.STATUS: ("Status", "StatusType", "StatusAttributeMetadata"),
    Kind.MOMENT: ("DateTime", "DateTimeType", "DateTimeAttributeMetadata"),
    Kind.DAY: ("DateTime", "DateTimeType", "DateTimeAttributeMetadata"),
    Kind.LOOKUP: ("Lookup", "LookupType", "LookupAttributeMetadata"),
    Kind.OWNER: ("Owner", "OwnerType", "LookupAttributeMetadata"),
    Kind.TABLE_NAME: ("EntityName", "EntityNameType", "EntityNameAttributeMetadata"),
    Kind.BINARY: ("Virtual", "ImageType", "ImageAttributeMetadata"),
}


def answer(visit: Visit, segments: Sequence[Segment]) -> Reply:
    """Return the answer to a request for definitions."""
    if visit.call.method not in ("GET", "HEAD"):
        raise not_allowed(
            "Tables and columns are declared by Postroom and can't be changed over the Web API.", "GET"
        )
    first, rest = segments[0], segments[1:]
    options = visit.call.options
    check_options(options)
    if first.name not in _SETS:
        raise not_found(f"{first.name} is nothing to read.")
    nodes = _SETS[first.name]()
    if first.inside is None:
        if rest:
            return _count_or_refuse(rest, nodes)
        return _collection(visit, first.name, nodes)
    return _within(visit, first.name, _one(nodes, first), rest)


def tracks_changes(table: TableInfo) -> bool:
    """Say whether changes of a table can be asked for."""
    return table.logical_name in TRACKED


def _count_or_refuse(rest: Sequence[Segment], nodes: Sequence[Node]) -> Reply:
    if rest[0].name == "$count":
        return Reply.text(f"\ufeff{len(nodes)}", "text/plain")
    raise not_found(f"There is no {rest[0].name!r:.60} here.")


def _within(visit: Visit, path: str, node: Node, rest: Sequence[Segment]) -> Reply:
    """Return a definition, or what lies below it."""
    if not rest:
        context = f"{visit.call.base}$metadata#{path}/$entity"
        return Reply.of({"@odata.context": context, **shown(node, visit.call.options)})
    first, rest = rest[0], rest[1:]
    if first.message is not None:
        # A cast: the same definition as the class it is of.
        return _within(visit, path, node, rest)
    if first.name in node.related:
        related = node.related[first.name]()
        if related is None or isinstance(related, Node):
            return Reply(204) if related is None else _within(visit, first.name, related, rest)
        return _among(visit, first, related, rest)
    if first.name in node.values and not rest:
        context = f"{visit.call.base}$metadata#{path}/{first.name}"
        return Reply.of({"@odata.context": context, "value": node.values[first.name]})
    raise not_found(f"There is no {first.name!r:.60} here.")


def _among(visit: Visit, first: Segment, nodes: Sequence[Node], rest: Sequence[Segment]) -> Reply:
    if first.inside is not None:
        return _within(visit, first.name, _one(nodes, first), rest)
    if rest and rest[0].message is not None:
        wanted = f"{_NAMESPACE}{rest[0].message}"
        cast = [node for node in nodes if node.values.get("@odata.type") == wanted]
        if rest[0].inside is not None:
            return _within(visit, first.name, _one(cast, rest[0]), rest[1:])
        nodes, rest = cast, rest[1:]
    if rest:
        return _count_or_refuse(rest, nodes)
    return _collection(visit, first.name, nodes)


def _collection(visit: Visit, path: str, nodes: Sequence[Node]) -> Reply:
    rows = chosen(nodes, visit.call.options)
    body: dict[str, Any] = {"@odata.context": f"{visit.call.base}$metadata#{path}"}
    if visit.call.options.get("$count") == "true":
        body["@odata.count"] = len(rows)
    return Reply.of({**body, "value": rows})


def _one(nodes: Sequence[Node], segment: Segment) -> Node:
    """Return the definition that the parentheses name: by its id, or by a property such as LogicalName."""
    key = segment.key()
    if key is None:
        raise Problem(400, f"{segment.name}() names nothing.")
    wanted = {"MetadataId": str(key.id)} if key.id is not None else {k: str(v) for k, v in key.values.items()}
    for node in nodes:
        if all(str(node.values.get(name)).lower() == text.lower() for name, text in wanted.items()):
            return node
    shown_key = ", ".join(wanted.values())
    raise Problem(404, f"Could not find {shown_key} in {segment.name}.", 0x80060891)


def _id(*names: str) -> str:
    return str(uuid5(_SPACE, "/".join(names)))


def _label(text: str, *names: str) -> dict[str, Any]:
    label = {
        "Label": text,
        "LanguageCode": _ENGLISH,
        "IsManaged": True,
        "MetadataId": _id("label", *names),
        "HasChanged": None,
    }
    return {"LocalizedLabels": [label] if text else [], "UserLocalizedLabel": label if text else None}


# Tables ---------------------------------------------------------------------------------------------------


@cache
def _tables() -> tuple[Node, ...]:
    return tuple(_table(table) for table in registry.tables())


def _table(table: TableInfo) -> Node:
    name = table.logical_name
    is_ours = name.startswith("postroom_")
    is_party = name in {
        target for each in registry.by_logical_name("activityparty").lookups() for target in each[1].targets
    }
    values = {
        "MetadataId": _id("table", name),
        "LogicalName": name,
        "SchemaName": name if is_ours else table.schema_name,
        "EntitySetName": table.set_name,
        "LogicalCollectionName": table.set_name,
        "CollectionSchemaName": table.set_name,
        "PrimaryIdAttribute": table.primary_id,
        "PrimaryNameAttribute": table.primary_name,
        "ObjectTypeCode": table.object_type_code,
        "DisplayName": _label(table.label, "table", name),
        "DisplayCollectionName": _label(table.plural_label, "tables", name),
        "Description": _label((table.cls.__doc__ or "").partition("\n")[0], "about", name),
        "OwnershipType": table.ownership.value,
        "IsActivity": table.is_activity,
        "IsActivityParty": is_party,
        "IsPrivate": False,
        "IsCustomEntity": is_ours,
        "IsManaged": True,
        "IsIntersect": False,
        "IsLogicalEntity": not table.is_stored,
        "HasActivities": name in registry.by_logical_name("email").columns["regardingobjectid"].targets,
        "HasNotes": name in registry.by_logical_name("annotation").columns["objectid"].targets,
        "ChangeTrackingEnabled": tracks_changes(table),
        "IsOptimisticConcurrencyEnabled": table.has("versionnumber"),
        "CanCreateAttributes": _managed(value=False, name="cancreateattributes"),
        "CanTriggerWorkflow": False,
    }
    return Node(
        values,
        {
            "Attributes": lambda: _attributes(name),
            "Keys": lambda: (),
            "OneToManyRelationships": lambda: [
                n for n in _relationships() if n.values["ReferencedEntity"] == name
            ],
            "ManyToOneRelationships": lambda: [
                n for n in _relationships() if n.values["ReferencingEntity"] == name
            ],
            "ManyToManyRelationships": lambda: (),
        },
    )


def _managed(*, value: Any, name: str) -> dict[str, Any]:
    return {"Value": value, "CanBeChanged": False, "ManagedPropertyLogicalName": name}


# Attributes -----------------------------------------------------------------------------------------------


@cache
def _attributes(name: str) -> tuple[Node, ...]:
    table = registry.by_logical_name(name)
    columns = [_attribute(table, column, info) for column, info in table.columns.items()]
    lists = [_party_list(table, column) for column in table.party_lists]
    return (*columns, *lists)


def _attribute(table: TableInfo, column: str, info: ColumnInfo) -> Node:
    type_, type_name, class_ = _TYPES[info.kind]
    if info.kind is Kind.LOOKUP and set(info.targets) == {"account", "contact"}:
        type_, type_name = "Customer", "CustomerType"
    values = {
        "@odata.type": f"{_NAMESPACE}{class_}",
        **_common(table, column, type_, type_name, info.label, info.description),
        "IsPrimaryId": column == table.primary_id,
        "IsPrimaryName": column == table.primary_name,
        "IsValidForCreate": info.may_create,
        "IsValidForUpdate": info.may_update,
        "IsValidForRead": info.may_read,
        "RequiredLevel": _managed(value=info.required.value, name="canmodifyrequirementlevelsettings"),
        **_limits(info),
    }
    related: dict[str, Callable[[], Node | None]] = {}
    options = _options_of(table, column, info)
    if options is not None:
        related = {"OptionSet": lambda: options, "GlobalOptionSet": lambda: None}
    return Node(values, related)


def _party_list(table: TableInfo, column: str) -> Node:
    values = {
        "@odata.type": f"{_NAMESPACE}LookupAttributeMetadata",
        **_common(table, column, "PartyList", "PartyListType", table.party_lists[column].label, ""),
        "IsPrimaryId": False,
        "IsPrimaryName": False,
        "IsValidForCreate": True,
        "IsValidForUpdate": True,
        "IsValidForRead": True,
        "RequiredLevel": _managed(value="None", name="canmodifyrequirementlevelsettings"),
        "Targets": list(registry.by_logical_name("activityparty").columns["partyid"].targets),
    }
    return Node(values)


def _common(
    table: TableInfo, column: str, type_: str, type_name: str, label: str, description: str
) -> dict[str, Any]:
    name = table.logical_name
    return {
        "MetadataId": _id("column", name, column),
        "LogicalName": column,
        "SchemaName": column,
        "EntityLogicalName": name,
        "AttributeType": type_,
        "AttributeTypeName": {"Value": type_name},
        "AttributeOf": None,
        "IsCustomAttribute": column.startswith("postroom_"),
        "IsManaged": True,
        "DisplayName": _label(label, "column", name, column),
        "Description": _label(description, "about", name, column),
    }


def _limits(info: ColumnInfo) -> dict[str, Any]:
    match info.kind:
        case Kind.TEXT | Kind.MEMO:
            return {
                "MaxLength": info.length,
                "Format": info.format.value,
                "FormatName": {"Value": info.format.value},
            }
        case Kind.INTEGER | Kind.BIGINT | Kind.DOUBLE | Kind.DECIMAL:
            return {"MinValue": info.minimum, "MaxValue": info.maximum}
        case Kind.MOMENT | Kind.DAY:
            is_day = info.kind is Kind.DAY
            return {
                "Format": (Format.DATE_ONLY if is_day else info.format).value,
                "DateTimeBehavior": {"Value": "DateOnly" if is_day else "UserLocal"},
            }
        case Kind.LOOKUP | Kind.OWNER:
            return {"Targets": list(info.targets)}
        case Kind.CHOICE | Kind.STATE | Kind.STATUS | Kind.BOOLEAN:
            default = info.default
            return {"DefaultFormValue": -1 if default is None else int(default)}
    return {}


# Option sets ----------------------------------------------------------------------------------------------


def _options_of(table: TableInfo, column: str, info: ColumnInfo) -> Node | None:
    name = f"{table.logical_name}_{column}"
    if info.kind is Kind.BOOLEAN:
        no, yes = info.labels
        values = {
            "@odata.type": f"{_NAMESPACE}BooleanOptionSetMetadata",
            **_set_values(name, "Boolean"),
            "TrueOption": _option(1, yes, name),
            "FalseOption": _option(0, no, name),
        }
        return Node(values)
    if info.choices is None:
        return None
    kind = {Kind.STATE: "State", Kind.STATUS: "Status"}.get(info.kind, "Picklist")
    options = [
        _option(int(choice), choice.label, name, *_state_of(table, info, choice)) for choice in info.choices
    ]
    return Node(
        {"@odata.type": f"{_NAMESPACE}OptionSetMetadata", **_set_values(name, kind), "Options": options}
    )


def _state_of(table: TableInfo, info: ColumnInfo, choice: Choice) -> tuple[int, ...]:
    if info.kind is not Kind.STATUS or table.states is None:
        return ()
    return (int(table.states.state_of(int(choice))),)


def _set_values(name: str, kind: str) -> dict[str, Any]:
    return {
        "MetadataId": _id("options", name),
        "Name": name,
        "IsGlobal": False,
        "IsManaged": True,
        "OptionSetType": kind,
    }


def _option(value: int, label: str, name: str, *state: int) -> dict[str, Any]:
    option = {
        "Value": value,
        "Label": _label(label, "option", name, str(value)),
        "Description": _label("", "option", name, str(value)),
        "Color": None,
        "IsManaged": True,
        "MetadataId": None,
        "HasChanged": None,
    }
    return {**option, "State": state[0]} if state else option


def _option_sets() -> tuple[Node, ...]:
    """Return the option sets that several tables share: none, each belongs to its column."""
    return ()


# Relationships --------------------------------------------------------------------------------------------


@cache
def _relationships() -> tuple[Node, ...]:
    return tuple(_each_relationship())


def _each_relationship() -> Iterator[Node]:
    known = {table.logical_name: table for table in registry.tables()}
    for table in registry.tables():
        collections = {
            (name, collection.column): collection.name
            for name in known
            for collection in names_of(name).collections.values()
            if collection.table is table
        }
        for column, info in table.lookups():
            for target in info.targets:
                if target in known:
                    collection = collections.get((target, column))
                    yield _relationship(table, column, info, known[target], collection)


def _relationship(
    table: TableInfo, column: str, info: ColumnInfo, target: TableInfo, collection: str | None
) -> Node:
    name = collection or f"{target.logical_name}_{table.logical_name}_{column}"
    values = {
        "@odata.type": f"{_NAMESPACE}OneToManyRelationshipMetadata",
        "MetadataId": _id("relationship", table.logical_name, column, target.logical_name),
        "SchemaName": name,
        "RelationshipType": "OneToManyRelationship",
        "IsCustomRelationship": table.logical_name.startswith("postroom_"),
        "IsManaged": True,
        "ReferencedEntity": target.logical_name,
        "ReferencedAttribute": target.primary_id,
        "ReferencingEntity": table.logical_name,
        "ReferencingAttribute": column,
        "ReferencedEntityNavigationPropertyName": collection,
        "ReferencingEntityNavigationPropertyName": table.navigation(column, target.logical_name),
        "CascadeConfiguration": {
            "Assign": "NoCascade",
            "Delete": info.on_delete.value,
            "Merge": "NoCascade",
            "Reparent": "NoCascade",
            "Share": "NoCascade",
            "Unshare": "NoCascade",
        },
    }
    return Node(values)


_SETS: Final[Mapping[str, Callable[[], tuple[Node, ...]]]] = {
    "EntityDefinitions": _tables,
    "RelationshipDefinitions": _relationships,
    "GlobalOptionSetDefinitions": _option_sets,
}
