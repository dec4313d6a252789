"""One request under way: who asks, what he asks, and with what it is answered."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import sqlalchemy as sa

from postroom.api.address import NAMESPACE
from postroom.api.call import Call, Reply
from postroom.api.odata.sight import Sight
from postroom.api.rights import Caller, sight_of
from postroom.app.wiring import Postroom
from postroom.store.fetch import viewer_of
from postroom.store.zones import zone_of_user


class Needs(Enum):
    """What an operation needs of the store."""

    READING = "a connection for reading"
    WRITING = "a connection for writing"
    #: It sees to its own transactions, and can't be part of one.
    NOTHING = "no connection"


@dataclass(frozen=True, slots=True)
class Operation:
    """What a request comes to, before it is done."""

    needs: Needs
    run: Callable[[sa.Connection], Reply]
    #: For messages that open connections of their own.
    alone: Callable[[], Reply] | None = None


@dataclass(frozen=True, slots=True)
class Visit:
    """One request by one caller."""

    postroom: Postroom
    caller: Caller
    call: Call

    def sight(self, connection: sa.Connection) -> Sight:
        """Return what the caller sees; who he is comes along where the query may speak of him."""
        query = self.call.query
        if NAMESPACE not in query and "fetchXml" not in query and "Query=" not in query:
            return sight_of(self.caller)
        return self.full_sight(connection)

    def full_sight(self, connection: sa.Connection) -> Sight:
        """Return what the caller sees, with who he is and where his days begin."""
        user = self.caller.user
        zone = zone_of_user(connection, user).tz
        viewer = viewer_of(connection, user, self.postroom.clock.now(), zone)
        return sight_of(self.caller, viewer)

    def address(self, set_name: str, id_: object) -> str:
        """Return the address of a record."""
        return f"{self.call.base}{set_name}({id_})"


def perform(postroom: Postroom, operation: Operation) -> Reply:
    """Do what a request comes to, in a transaction of its own."""
    match operation.needs:
        case Needs.READING:
            with postroom.database.read() as connection:
                return operation.run(connection)
        case Needs.WRITING:
            with postroom.database.write() as connection:
                return operation.run(connection)
        case Needs.NOTHING:
            assert operation.alone is not None  # noqa: S101 - made so
            return operation.alone()
