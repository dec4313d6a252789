"""What is remembered of a folder between two looks: how far it was read, and how it looked."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from postroom.servers.exchange.answer import read_instant

#: A folder is asked again after so long although it looks unchanged: no server's word is the last.
TRUSTED_FOR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a folder has been read."""

    #: The server's own account of what was given already; empty before the first time.
    state: str = ""
    #: How the folder looked when it was last read to its end.
    glance: str = ""
    #: When it was last asked.
    at: datetime | None = None
    #: The folder that this is about.
    folder: str = ""
    #: It has been read to its end once: what comes from now on has arrived.
    is_complete: bool = False

    def written(self) -> str:
        """Return the mark as a text that `read_mark` reads."""
        at = self.at.isoformat() if self.at else ""
        kept = {
            "state": self.state,
            "glance": self.glance,
            "at": at,
            "folder": self.folder,
            "complete": self.is_complete,
        }
        return json.dumps(kept, separators=(",", ":"))

    def still_holds(self, glance: str, now: datetime) -> bool:
        """Say whether nothing can have changed since, as far as the server and the time tell."""
        if not glance or glance != self.glance or self.at is None:
            return False
        return timedelta(0) <= now - self.at < TRUSTED_FOR


def read_mark(text: str) -> Mark:
    """Return the mark in a text; a blank one for a text that is none.

    >>> read_mark(Mark("abc", "g", folder="f", is_complete=True).written()).state
    'abc'
    >>> read_mark("what?") == read_mark("") == Mark()
    True
    """
    try:
        kept = json.loads(text)
        state, glance, folder = (str(kept.get(name) or "") for name in ("state", "glance", "folder"))
        return Mark(state, glance, read_instant(str(kept.get("at"))), folder, kept.get("complete") is True)
    except (ValueError, AttributeError, TypeError, RecursionError):
        return Mark()
