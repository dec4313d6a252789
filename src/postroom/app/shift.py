"""A worker on its shift, with witnesses, probes and traces, until it is told to stop."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http import HTTPStatus

from postroom.app.metrics import CONTENT_TYPE, Metrics
from postroom.app.probes import Answer, Questions, answering, fault_of_store
from postroom.app.service import crew_of
from postroom.app.traces import Traces, set_up_traces
from postroom.app.wiring import Postroom
from postroom.app.witness import witnesses_of
from postroom.engine.worker import Worker


def work(
    postroom: Postroom,
    *,
    threads: int = 0,
    port: int | None = None,
    on_started: Callable[[], None] = lambda: None,
) -> bool:
    """Work until SIGTERM or SIGINT, and say whether all that was under way ended in time.

    With a port, or 0 for any that is free, it answers supervisors from before it takes work until after it
    has stopped. To be called in the main thread: only there do signals arrive.
    """
    with on_shift(postroom, threads=threads) as shift, ExitStack() as stack:
        if port is not None:
            host = postroom.settings.observe.metrics_host
            port = stack.enter_context(answering(host, port, shift.questions))
        return shift.worker.run_until_told(on_started)


@dataclass(frozen=True, slots=True)
class Shift:
    """A worker that has not begun yet, and what may be asked of it."""

    worker: Worker
    questions: Questions


@contextmanager
def on_shift(postroom: Postroom, *, threads: int = 0) -> Iterator[Shift]:
    """Give a worker with witnesses and traces; whoever takes it starts and stops it."""
    flush_traces = set_up_traces(postroom.settings)
    metrics = Metrics(postroom.database, postroom.clock)
    traces = Traces()
    crew = crew_of(
        postroom,
        threads=threads,
        witness=witnesses_of(metrics, traces),
        polled=lambda poll: traces.polled(metrics.polled(poll)),
    )
    worker = Worker(crew)
    try:
        yield Shift(worker, questions_of(postroom, worker, metrics))
    finally:
        flush_traces()


def questions_without_worker(postroom: Postroom) -> Questions:
    """Return what may be asked of a server whose workers run elsewhere."""
    return {
        "/healthz": lambda: Answer.on({}),
        "/readyz": lambda: Answer.on({"store": fault_of_store(postroom.database)}),
    }


def questions_of(postroom: Postroom, worker: Worker, metrics: Metrics) -> Questions:
    """Return what may be asked of a worker: does it live, does it take work, what has it counted?"""
    return {
        # A store that is away does not make this false: a restart would not bring it back.
        "/healthz": lambda: Answer.on({"worker": "" if worker.is_alive else "a thread of the worker died"}),
        "/readyz": lambda: Answer.on(
            {
                "worker": "" if worker.takes_work else "the worker is starting or stopping",
                "store": fault_of_store(postroom.database),
            }
        ),
        "/metrics": lambda: Answer(HTTPStatus.OK, metrics.page(), CONTENT_TYPE),
    }
