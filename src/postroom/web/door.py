"""The door: who may see the pages, and the sealed cookie that remembers it.

An administrator signs in with an API key. The cookie holds the key's id and an end, sealed with the
installation's own key, so that it can't be forged; whether the key is still good is asked each time.
"""

import json
import secrets as dice
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from postroom.errors import UserError
from postroom.ports.secrets import Secrets

COOKIE: Final = "postroom_session"
#: How long a session lasts that nobody ends.
SESSION_LIFE: Final = timedelta(hours=12)
_PLACE: Final = "web/session"


class Keys(Protocol):
    """What is known of API keys; the pages are for administrators' alone."""

    def admit(self, text: str) -> str | None:
        """Return the id of an administrator's good key, or None."""
        ...

    def name_of(self, id: str) -> str | None:
        """Return the name of an administrator's key that is still good, or None."""
        ...


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who has signed in."""

    key: str
    name: str
    #: What each form must bring along, so that no other site can send one.
    token: str


class Door:
    """Lets people in and knows them again."""

    def __init__(self, keys: Keys, secrets: Secrets) -> None:
        self._keys = keys
        self._secrets = secrets

    def enter(self, text: str, now: datetime) -> str | None:
        """Return the cookie of whoever brings this key, or None."""
        key = self._keys.admit(text)
        if key is None:
            return None
        content = {"key": key, "token": dice.token_urlsafe(24), "end": (now + SESSION_LIFE).timestamp()}
        return self._secrets.seal(json.dumps(content), place=_PLACE)

    def session_of(self, cookie: str | None, now: datetime) -> Session | None:
        """Return whose cookie this is, or None when it is nobody's any more."""
        if not cookie:
            return None
        try:
            content = json.loads(self._secrets.open(cookie, place=_PLACE))
        except (UserError, ValueError):
            return None
        name = self._keys.name_of(content["key"]) if content["end"] > now.timestamp() else None
        return None if name is None else Session(content["key"], name, content["token"])
