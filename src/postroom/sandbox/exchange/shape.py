"""Response shapes: which fields of an item or folder a request wants to see."""

from dataclasses import dataclass, field
from enum import Enum

from lxml import etree

from postroom.sandbox.exchange.names import child_text, t_name
from postroom.sandbox.exchange.refusal import Refusal


class Base(Enum):
    """The set of fields that a shape begins with."""

    ID_ONLY = "IdOnly"
    DEFAULT = "Default"
    ALL = "AllProperties"


class Extent(Enum):
    """How much an operation can tell of an item."""

    #: GetItem and SyncFolderItems.
    WHOLE = "whole"
    #: FindItem, which leaves out what would need the item opened.
    SUMMARY = "summary"


@dataclass(frozen=True, slots=True)
class Shape:
    """What is wanted: a base set, and single fields by the elements that name them."""

    base: Base = Base.ID_ONLY
    paths: tuple[etree._Element, ...] = ()
    with_mime: bool = False
    #: HTML, Text or Best.
    body_type: str = "Best"
    extent: Extent = field(default=Extent.WHOLE)


def read_shape(element: etree._Element | None, extent: Extent = Extent.WHOLE) -> Shape:
    """Return the shape that an m:ItemShape, m:FolderShape or m:AttachmentShape asks for."""
    if element is None:
        return Shape(extent=extent)
    try:
        base = Base(child_text(element, "BaseShape") or "IdOnly")
    except ValueError as problem:
        raise Refusal("ErrorInvalidRequest", "There is no such base shape.") from problem
    more = element.find(t_name("AdditionalProperties"))
    return Shape(
        base,
        tuple(more) if more is not None else (),
        child_text(element, "IncludeMimeContent").strip() in ("true", "1"),
        child_text(element, "BodyType") or "Best",
        extent,
    )
