"""Messages about the service itself: who am I, which version."""

from typing import Any

import sqlalchemy as sa

from postroom import __version__
from postroom.api.messages.message import Form, Message, Occasion
from postroom.schema.user import SystemUser
from postroom.store.records import ORGANIZATION_ID

_USER = SystemUser.__table__


def _who_am_i(occasion: Occasion) -> dict[str, Any]:
    user = occasion.visit.caller.user
    unit = occasion.store.scalar(sa.select(_USER.c.businessunitid).where(_USER.c.systemuserid == user))
    return {
        "BusinessUnitId": None if unit is None else str(unit),
        "UserId": str(user),
        "OrganizationId": str(ORGANIZATION_ID),
    }


def _version(_: Occasion) -> dict[str, Any]:
    # Clients read the first two numbers as the version of the Web API.
    return {"Version": f"9.2.{__version__}"}


MESSAGES = (
    Message(
        "WhoAmI",
        Form.FUNCTION,
        _who_am_i,
        "Return who the caller is.",
        returns={"BusinessUnitId": "Edm.Guid", "UserId": "Edm.Guid", "OrganizationId": "Edm.Guid"},
    ),
    Message(
        "RetrieveVersion",
        Form.FUNCTION,
        _version,
        "Return the version of the service.",
        returns={"Version": "Edm.String"},
    ),
)
