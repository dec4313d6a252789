"""The keys of administrators, as the pages ask for them."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from postroom.api import auth
from postroom.api.problems import Problem
from postroom.app.wiring import Postroom
from postroom.schema.choices import Role
from postroom.schema.key import ApiKey

_KEY = ApiKey.__table__


class KeyRing:
    """Knows which API keys are an administrator's and still good."""

    def __init__(self, postroom: Postroom) -> None:
        self._postroom = postroom

    def admit(self, text: str) -> str | None:
        """Return the id of an administrator's good key, or None."""
        postroom = self._postroom
        headers = {"authorization": f"Bearer {text}"}
        try:
            with postroom.database.read() as connection:
                caller = auth.caller_of(connection, postroom.secrets, headers, postroom.clock.now())
                id = connection.scalar(sa.select(_KEY.c.postroom_keyid).where(_KEY.c.name == caller.name))
        except Problem:
            return None
        return str(id) if id is not None and caller.is_administrator else None

    def name_of(self, id: str) -> str | None:
        """Return the name of an administrator's key that is still good, or None."""
        with self._postroom.database.read() as connection:
            row = connection.execute(sa.select(_KEY).where(_KEY.c.postroom_keyid == UUID(id))).one_or_none()
        return row.name if row is not None and self._is_good(row) else None

    def _is_good(self, row: sa.Row[Any]) -> bool:
        ends = row.expireson
        is_over = row.revokedon is not None or (ends is not None and ends <= self._postroom.clock.now())
        return row.role == int(Role.ADMINISTRATOR) and not is_over
