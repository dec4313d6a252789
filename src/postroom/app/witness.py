"""Witnesses of passes: metrics, traces and the log, all of them around every pass."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from time import perf_counter

from postroom.app.metrics import Metrics, name_of, outcome_of
from postroom.app.traces import Traces
from postroom.engine.work import Course, Witness

log = logging.getLogger(__name__)


def together(*witnesses: Witness) -> Witness:
    """Return a witness that stands for several, the first outermost."""

    @contextmanager
    def witness(course: Course) -> Iterator[None]:
        with ExitStack() as stack:
            for each in witnesses:
                stack.enter_context(each(course))
            yield

    return witness


def witnesses_of(metrics: Metrics, traces: Traces) -> Witness:
    """Return the witness of a running worker."""
    return together(metrics.witness, traces.witness, logged)


@contextmanager
def logged(course: Course) -> Iterator[None]:
    """Give every line of the log that a pass writes in its thread the pass's key, and a line at its end."""
    # The log's own library, which commands without passes do without.
    from structlog.contextvars import bound_contextvars

    ticket = course.ticket
    began = perf_counter()
    with bound_contextvars(**{"pass": ticket.key, "workload": name_of(ticket.workload)}):
        try:
            yield
        finally:
            _tell(course, perf_counter() - began)


def _tell(course: Course, seconds: float) -> None:
    finished = course.finished
    result = finished.result if finished is not None else None
    worked = result is not None and (result.items or result.failed)
    is_news = worked or finished is None or finished.failure is not None
    numbers = {"items": result.items, "failed": result.failed} if result is not None else {}
    log.log(
        # Passes that find nothing are most of all; they would bury the rest.
        logging.INFO if is_news else logging.DEBUG,
        "pass ended",
        extra={"outcome": outcome_of(course), "seconds": round(seconds, 3), **numbers},
    )
