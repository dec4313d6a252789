"""Watching for news: servers say when mail has come, and that makes passes due.

Of a fleet one worker watches for all. News are hints: who misses them finds the mail at the next look.
"""

import logging
import threading
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa

from postroom.configuration.permission import EXCHANGE_TYPES
from postroom.errors import PostroomError, StoreError
from postroom.passes import access
from postroom.passes.context import Context
from postroom.passes.exchange import watched_exchange
from postroom.schema.choices import Workload
from postroom.schema.mailbox import Mailbox
from postroom.schema.profile import EmailServerProfile
from postroom.store import alerts, workloads
from postroom.store.watchman import Watchman

if TYPE_CHECKING:
    from postroom.servers.exchange.listen import Listener, Watched

log = logging.getLogger(__name__)

_MAILBOX, _PROFILE = Mailbox.__table__, EmailServerProfile.__table__

#: Seconds after which it is looked at who is to be watched.
REVIEW_SECONDS = 30.0
#: Seconds for which news are gathered, so that a hundred messages make one pass due and not a hundred.
GATHER_SECONDS = 0.3


class Watch:
    """Watches while it is held: a context manager; does nothing as long as another worker does it."""

    def __init__(self, context: Context, *, review_seconds: float = REVIEW_SECONDS) -> None:
        self._context = context
        self._review_seconds = review_seconds
        self._watchman = Watchman(context.database)
        self._listener: Listener | None = None
        self._watched: Mapping[UUID, Watched] = {}
        #: Mailboxes that have news and those that their server gives none of.
        self._news: set[UUID] = set()
        self._refused: set[UUID] = set()
        self._lock = threading.Lock()
        self._told, self._stopping = threading.Event(), threading.Event()
        self._threads = [
            threading.Thread(target=self._review, name="watch", daemon=True),
            threading.Thread(target=self._pass_on, name="news", daemon=True),
        ]

    def __enter__(self) -> "Watch":
        """Watch from now on."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Watch no longer."""
        self._stopping.set()
        self._told.set()
        for thread in self._threads:
            thread.join()
        self._listen_to({})
        self._watchman.go_off()

    def _review(self) -> None:
        while not self._stopping.is_set():
            try:
                self._listen_to(to_be_watched(self._context) if self._watchman.is_on() else {})
            except PostroomError:
                log.warning("who is to be watched could not be found out; tried again soon", exc_info=True)
            self._stopping.wait(self._review_seconds)

    def _listen_to(self, wanted: "Mapping[UUID, Watched]") -> None:
        """Listen to these mailboxes and no others; one whose server gives no news is not asked again."""
        wanted = {key: watched for key, watched in wanted.items() if key not in self._refused}
        if wanted == self._watched:
            return
        listener, self._listener, self._watched = self._listener, None, wanted
        if listener is not None:
            listener.stop()
        if wanted:
            # The client of Exchange is loaded where there is one to listen to.
            from postroom.servers.exchange.listen import Listener

            everyone: dict[Hashable, Watched] = dict(wanted.items())
            self._listener = Listener(everyone, self._hear, self._be_refused)
            self._listener.start()

    def _hear(self, key: object) -> None:
        with self._lock:
            self._news.add(key)  # type: ignore[arg-type]  # the listener hands back what it was given
        self._told.set()

    def _be_refused(self, key: object, failure: Exception) -> None:
        """Leave a mailbox to being looked at, and say so on it."""
        assert isinstance(key, UUID)  # noqa: S101 - the listener hands back what it was given
        self._refused.add(key)
        alert = alerts.NO_NEWS.with_details(str(failure))
        try:
            with self._context.database.write() as connection:
                now = self._context.clock.now()
                alerts.raise_alert(self._context.database, connection, key, alert, now)
        except StoreError:
            log.warning("a mailbox without news could not be told of", exc_info=True)

    def _pass_on(self) -> None:
        """Make mailboxes due that have news, many at once."""
        while not self._stopping.is_set():
            self._told.wait()
            if self._stopping.wait(GATHER_SECONDS):
                return
            self._told.clear()
            with self._lock:
                news, self._news = self._news, set()
            try:
                with self._context.database.write() as connection:
                    workloads.tell_of_news(connection, news, self._context.clock.now())
            except StoreError:
                # The next look finds what this would have hastened.
                log.warning("news could not be passed on", exc_info=True)


def to_be_watched(context: Context) -> "dict[UUID, Watched]":
    """Return the mailboxes whose server can tell of news and that may be read."""
    with context.database.read() as connection:
        found = connection.scalars(
            sa.select(_MAILBOX.c.mailboxid)
            .join(_PROFILE, _PROFILE.c.emailserverprofileid == _MAILBOX.c.emailserverprofile)
            .where(
                _MAILBOX.c.enabledforincomingemail.is_(True),
                _PROFILE.c.servertype.in_([int(each) for each in EXCHANGE_TYPES]),
            )
        ).all()
    watched: dict[UUID, Watched] = {}
    for mailbox in found:
        setup = access.read_setup(context, mailbox)
        if access.obstacle_for(setup, Workload.INCOMING) is None:
            watched[mailbox] = watched_exchange(context, setup)
    return watched
