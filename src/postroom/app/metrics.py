"""Metrics: what this process did and how the store stands, in the form Prometheus reads.

Counters and histograms are of this process and begin at zero with it. Gauges of the store are read when they
are asked for and say the same whichever worker is asked: a dashboard takes their maximum, not their sum.
Labels are workloads, reasons, levels and other words of which there are few: no mailbox, no address, no name.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter
from uuid import UUID

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import Connection

from postroom import __version__
from postroom.engine.lane import Poll
from postroom.engine.work import Course
from postroom.errors import PostroomError
from postroom.ports.clock import Clock
from postroom.schema.choices import Reason, Workload
from postroom.store import census, workloads
from postroom.store.database import Database

#: What `Metrics.page` returns, in words of HTTP.
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
#: Seconds; a pass over an idle mailbox takes a few hundredths, one over a full one up to an hour.
_PASS_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600)

Values = Mapping[tuple[str, ...], float]


@dataclass(frozen=True, slots=True)
class Gauged:
    """One number of the store, by its labels, read when it is asked for."""

    name: str
    said: str
    labels: tuple[str, ...]
    read: Callable[[Connection, datetime], Values]


def name_of(workload: Workload) -> str:
    """Return how a workload is named in labels: incoming, outgoing, items."""
    return workload.name.lower()


def _lines(connection: Connection, now: datetime) -> Values:
    return {
        (name_of(workload), state): number
        for workload, line in workloads.lines(connection, now).items()
        for state, number in (
            ("waiting", line.waiting),
            ("in_flight", line.in_flight),
            ("failing", line.failing),
        )
    }


def _lateness(connection: Connection, now: datetime) -> Values:
    lines = workloads.lines(connection, now)
    return {(name_of(workload),): _seconds_since(line.due_since, now) for workload, line in lines.items()}


def _silence(connection: Connection, now: datetime) -> Values:
    lines = workloads.lines(connection, now)
    return {(name_of(workload),): _seconds_since(line.succeeded_at, now) for workload, line in lines.items()}


def _seconds_since(at: datetime | None, now: datetime) -> float:
    return (now - at).total_seconds() if at is not None else 0.0


def _alerts(connection: Connection, now: datetime) -> Values:
    return {(level.name.lower(),): number for level, number in census.alerts(connection).items()}


def _outbox(connection: Connection, now: datetime) -> Values:
    return {(state,): number for state, number in census.outbox(connection).items()}


def _quarantine(connection: Connection, now: datetime) -> Values:
    return {(): census.quarantined(connection)}


#: The numbers of the store. One more is one more line here, and a panel on the dashboard.
STANDING: tuple[Gauged, ...] = (
    Gauged(
        "postroom_workloads",
        "Workloads of mailboxes that may run: waiting (due), in flight, failing (the last pass failed).",
        ("workload", "state"),
        _lines,
    ),
    Gauged(
        "postroom_lateness_seconds",
        "For how long the workload that waits longest has been due.",
        ("workload",),
        _lateness,
    ),
    Gauged(
        "postroom_silence_seconds",
        "For how long the workload that went well least recently has not: rises whatever the cause.",
        ("workload",),
        _silence,
    ),
    Gauged("postroom_alerts", "Alerts that stand, by level.", ("level",), _alerts),
    Gauged(
        "postroom_outbox_emails", "E-mails that have yet to leave, or may have left.", ("state",), _outbox
    ),
    Gauged(
        "postroom_quarantined_messages", "Messages in quarantine that wait for a person.", (), _quarantine
    ),
)
STORE_UP = "postroom_store_up"


class _StoreCollector(Collector):
    """Asks the store for its numbers, all in one look; says so where it can't be asked."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Yield the metrics without their values, so that registering asks nothing of the store."""
        yield from (GaugeMetricFamily(gauged.name, gauged.said, labels=gauged.labels) for gauged in STANDING)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the metrics."""
        try:
            found = list(self._read())
        except PostroomError:
            found = []
        yield GaugeMetricFamily(STORE_UP, "Whether the store could be asked.", value=1 if found else 0)
        yield from found

    def _read(self) -> Iterator[GaugeMetricFamily]:
        now = self._clock.now()
        with self._database.read() as connection:
            for gauged in STANDING:
                family = GaugeMetricFamily(gauged.name, gauged.said, labels=gauged.labels)
                for labels, value in gauged.read(connection, now).items():
                    family.add_metric(labels, value)
                yield family


class Metrics:
    """What one process counts; safe to use from many threads."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.registry = CollectorRegistry()
        self._make_counters()
        self._pass_seconds = Histogram(
            "postroom_pass_seconds",
            "How long passes took, from their begin to their entry in the books.",
            ["workload"],
            buckets=_PASS_BUCKETS,
            registry=self.registry,
        )
        self._running = Gauge(
            "postroom_passes_running", "Passes this process is at.", ["workload"], registry=self.registry
        )
        self._pool(database)
        Info("postroom_build", "The release that runs.", registry=self.registry).info(
            {"version": __version__}
        )
        for workload in Workload:
            self._pass_seconds.labels(name_of(workload))
            self._running.labels(name_of(workload))
        self.registry.register(_StoreCollector(database, clock))
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)

    def _make_counters(self) -> None:
        self._passes = Counter(
            "postroom_passes",
            "Passes that ended: done, failed (a server's fault), broken (ours), taken over by another.",
            ["workload", "outcome"],
            registry=self.registry,
        )
        self._failures = Counter(
            "postroom_pass_failures",
            "Passes that ended early, by the kind of failure.",
            ["workload", "failure"],
            registry=self.registry,
        )
        self._items = Counter(
            "postroom_items",
            "Messages and items that passes dealt with: done, or failed and put aside.",
            ["workload", "result"],
            registry=self.registry,
        )
        self._messages = Counter(
            "postroom_messages",
            "Messages that were decided upon, by verdict (tracked, ignored) and reason.",
            ["verdict", "reason"],
            registry=self.registry,
        )
        self._looks = Counter(
            "postroom_looks",
            "Looks into mailboxes that had been idle: still idle, or with news for a pass.",
            ["result"],
            registry=self.registry,
        )
        self._octets = Counter(
            "postroom_received_bytes", "Octets of messages taken from mail servers.", registry=self.registry
        )

    def _pool(self, database: Database) -> None:
        in_use = Gauge(
            "postroom_database_connections",
            "Connections to the database: in use, and idle in the pool.",
            ["state"],
            registry=self.registry,
        )
        in_use.labels("in_use").set_function(lambda: database.pool_use().in_use)
        in_use.labels("idle").set_function(lambda: database.pool_use().idle)

    @contextmanager
    def witness(self, course: Course) -> Iterator[None]:
        """Go along with a pass and count what came of it."""
        workload = name_of(course.ticket.workload)
        running = self._running.labels(workload)
        began = perf_counter()
        running.inc()
        try:
            yield
        finally:
            running.dec()
            self._pass_seconds.labels(workload).observe(perf_counter() - began)
            self._passes.labels(workload, outcome_of(course)).inc()
            self._count(workload, course)

    def _count(self, workload: str, course: Course) -> None:
        if course.finished is None:
            return
        result, failure = course.finished.result, course.finished.failure
        if failure is not None:
            self._failures.labels(workload, type(failure).__name__).inc()
        self._items.labels(workload, "done").inc(max(0, result.items - result.failed))
        self._items.labels(workload, "failed").inc(result.failed)
        self._octets.inc(result.counts.get("octets", 0))
        for name, number in result.counts.items():
            verdict, _, reason = name.partition("/")
            if reason in Reason.__members__:
                self._messages.labels(verdict, reason.lower()).inc(number)

    def polled(self, poll: Poll) -> Poll:
        """Return the same way of asking idle mailboxes, with every look counted."""

        def ask(mailboxes: Sequence[UUID]) -> Iterator[tuple[UUID, bool]]:
            for mailbox, has_news in poll(mailboxes):
                self._looks.labels("news" if has_news else "idle").inc()
                yield mailbox, has_news

        return ask

    def page(self) -> bytes:
        """Return everything in the text form that Prometheus reads; see `CONTENT_TYPE`."""
        return generate_latest(self.registry)


def outcome_of(course: Course) -> str:
    """Return how a pass ended: done, failed, broken or taken_over."""
    if course.finished is None or course.finished.fault is not None:
        return "broken"
    if course.settled is None:
        return "taken_over"
    return "done" if course.finished.failure is None else "failed"
