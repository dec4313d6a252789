"""The CRM as one side of synchronization: a user's records as items.

Read `side` (the port), then `keeper` (whose items they are), `people` (attendees and parties) and the
module of each kind: what a row is as an item, and what an item's fields are as columns.
"""

from postroom.store.items.keeper import Keeper, keeper_of
from postroom.store.items.side import StoreItems

__all__ = ["Keeper", "StoreItems", "keeper_of"]
