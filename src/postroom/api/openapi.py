"""The description of the messages as OpenAPI, made from their declarations."""

from typing import Any

from postroom import __version__
from postroom.api.address import NAMESPACE
from postroom.api.messages import catalog
from postroom.api.messages.message import Form, Message, Type
from postroom.schema import registry

_SCHEMAS: dict[Type, dict[str, Any]] = {
    Type.TEXT: {"type": "string"},
    Type.TRUTH: {"type": "boolean"},
    Type.NUMBER: {"type": "integer", "format": "int32"},
    Type.ID: {"type": "string", "format": "uuid"},
    Type.MOMENT: {"type": "string", "format": "date-time"},
    Type.RECORD: {"type": "object"},
    Type.LIST: {"type": "array", "items": {"type": "object"}},
    Type.TEXTS: {"type": "array", "items": {"type": "string"}},
    Type.OBJECT: {},
}


def describe(server: str) -> dict[str, Any]:
    """Return the OpenAPI document of the service at this address."""
    paths: dict[str, Any] = {}
    for message in catalog.ALL:
        method = "get" if message.form is Form.FUNCTION else "post"
        paths.setdefault(_path(message), {})[method] = _operation(message)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Postroom", "version": __version__},
        "servers": [{"url": f"{server}/api/data/v9.2"}],
        "security": [{"key": []}],
        "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
        "paths": paths,
    }


def _path(message: Message) -> str:
    if message.binding is None:
        return f"/{message.name}" + (_arguments(message) if message.form is Form.FUNCTION else "")
    set_name = "{set}" if message.binding == "*" else registry.by_logical_name(message.binding).set_name
    row = "" if message.is_of_collection else "({id})"
    arguments = _arguments(message) if message.form is Form.FUNCTION else ""
    return f"/{set_name}{row}/{NAMESPACE}{message.name}{arguments}"


def _arguments(message: Message) -> str:
    return "(" + ",".join(f"{p.name}=@{p.name}" for p in message.parameters) + ")"


def _operation(message: Message) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": f"{message.binding or ''}{message.name}".replace("*", "any"),
        "summary": message.description,
        "responses": {
            "200" if message.returns else "204": {"description": "Done."},
            "default": {"description": "An error, with its code and message."},
        },
    }
    parameters: list[dict[str, Any]] = []
    if message.binding == "*":
        parameters.append(_in_path("set", {"type": "string"}))
    if message.binding is not None and not message.is_of_collection:
        parameters.append(_in_path("id", {"type": "string", "format": "uuid"}))
    if message.form is Form.FUNCTION:
        for each in message.parameters:
            parameters.append(
                {
                    "name": f"@{each.name}",
                    "in": "query",
                    "required": each.is_required,
                    "description": each.description,
                    "schema": _SCHEMAS[each.type],
                }
            )
    elif message.parameters:
        described["requestBody"] = {"content": {"application/json": {"schema": _body(message)}}}
    if parameters:
        described["parameters"] = parameters
    return described


def _in_path(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _body(message: Message) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            each.name: {**_SCHEMAS[each.type], "description": each.description} for each in message.parameters
        },
        "required": [each.name for each in message.parameters if each.is_required],
    }
