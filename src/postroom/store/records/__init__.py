"""Validated rows: create, update, delete, read, over every table of the schema.

Read `writing` (what happens to a write, in order), then `values` (what one value must be), `links` (lookups
and owners), `hooks` (how a table adds rules of its own). `Records` is what others use.
"""

from postroom.schema.ids import SYSTEM_USER_ID
from postroom.store.records.hooks import Hook, Hooks, Write, WriteKind
from postroom.store.records.organization import ORGANIZATION_ID, ROOT_UNIT_ID
from postroom.store.records.rules import DEFAULT_HOOKS
from postroom.store.records.writing import Records

__all__ = [
    "DEFAULT_HOOKS",
    "ORGANIZATION_ID",
    "ROOT_UNIT_ID",
    "SYSTEM_USER_ID",
    "Hook",
    "Hooks",
    "Records",
    "Write",
    "WriteKind",
]
