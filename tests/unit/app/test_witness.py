"""What goes along with passes: what is counted, traced and logged of them, and what never is."""

import io
import json
import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from postroom.app.log import set_up_log
from postroom.app.metrics import Metrics
from postroom.app.settings import LogFormat, LogSettings, read_settings
from postroom.app.traces import Traces, set_up_traces
from postroom.app.witness import logged, together
from postroom.engine.schedule import Due
from postroom.engine.work import Course, Finished, Settled, Witness
from postroom.errors import PostroomError, Unreachable, UserError
from postroom.passes.result import PassResult
from postroom.ports.clock import ManualClock
from postroom.schema.choices import Reason, Workload
from postroom.store.database import Database
from postroom.store.workloads import Ticket

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MAILBOX = UUID(int=7)
SECRET = "ann@example.org said: no such mailbox"

RECEIVED = PassResult(
    items=5,
    failed=1,
    backlog=2,
    counts={"octets": 4096, "tracked/SENDER_MATCH": 3, "ignored/FILTER_NONE": 1, "ignored/MALFORMED": 1},
)
WELL = Finished(RECEIVED)
UNREACHABLE = Finished(PassResult(failure=Unreachable(SECRET)))
OUR_FAULT = Finished(fault=PostroomError(SECRET))


def go(witness: Witness, finished: Finished | None, *, settled: bool = True) -> None:
    """Let a pass go by a witness."""
    ticket = Ticket(MAILBOX, Workload.INCOMING, 3, NOON)
    course = Course(ticket)
    with witness(course):
        course.finished = finished
        if settled and finished is not None:
            course.settled = Settled(ticket, finished, Due(NOON, "soon"))


@pytest.fixture
def metrics(tmp_path: Path) -> Iterator[Metrics]:
    """Metrics over a store that is not set up, and so can't be asked."""
    database = Database(f"sqlite:///{tmp_path}/nothing.sqlite")
    yield Metrics(database, ManualClock(NOON))
    database.dispose()


@pytest.fixture
def value(metrics: Metrics) -> Callable[..., float]:
    def value(name: str, **labels: str) -> float:
        return metrics.registry.get_sample_value(name, labels) or 0.0

    return value


def test_a_pass_is_counted_by_workload_and_outcome(metrics: Metrics, value: Callable[..., float]) -> None:
    for finished in (WELL, WELL, UNREACHABLE, OUR_FAULT, None):
        go(metrics.witness, finished)
    go(metrics.witness, WELL, settled=False)

    passes = {
        outcome: value("postroom_passes_total", workload="incoming", outcome=outcome)
        for outcome in ("done", "failed", "broken", "taken_over")
    }
    assert passes == {"done": 2, "failed": 1, "broken": 2, "taken_over": 1}
    assert value("postroom_pass_seconds_count", workload="incoming") == 6
    assert value("postroom_pass_failures_total", workload="incoming", failure="Unreachable") == 1


def test_messages_are_counted_by_verdict_and_reason(metrics: Metrics, value: Callable[..., float]) -> None:
    go(metrics.witness, WELL)

    assert value("postroom_messages_total", verdict="tracked", reason="sender_match") == 3
    assert value("postroom_messages_total", verdict="ignored", reason="malformed") == 1
    assert value("postroom_items_total", workload="incoming", result="done") == 4
    assert value("postroom_items_total", workload="incoming", result="failed") == 1
    assert value("postroom_received_bytes_total") == 4096


def test_a_pass_counts_as_running_for_as_long_as_it_runs(
    metrics: Metrics, value: Callable[..., float]
) -> None:
    with metrics.witness(Course(Ticket(MAILBOX, Workload.ITEMS, 1, NOON))):
        assert value("postroom_passes_running", workload="items") == 1
    assert value("postroom_passes_running", workload="items") == 0


def test_a_count_that_is_no_reason_makes_no_label(metrics: Metrics) -> None:
    go(metrics.witness, Finished(PassResult(counts={f"tracked/{SECRET}": 1, SECRET: 2, "octets": 1})))

    assert "ann@" not in metrics.page().decode()


def test_a_store_that_can_not_be_asked_is_said_so_and_the_rest_is_shown(metrics: Metrics) -> None:
    go(metrics.witness, WELL)

    page = metrics.page().decode()

    assert "postroom_store_up 0.0" in page
    assert 'postroom_passes_total{outcome="done",workload="incoming"} 1.0' in page


def test_labels_are_words_of_which_there_are_few(metrics: Metrics) -> None:
    for number in range(50):
        ticket = Ticket(UUID(int=number), Workload.INCOMING, number, NOON)
        course = Course(ticket)
        with metrics.witness(course):
            course.finished = WELL

    values = {
        text
        for family in metrics.registry.collect()
        if family.name.startswith("postroom_")
        for sample in family.samples
        for label, text in sample.labels.items()
        if label not in ("le", "version")
    }
    known = {reason.name.lower() for reason in Reason} | {each.name.lower() for each in Workload}
    known |= {"done", "failed", "broken", "taken_over", "tracked", "ignored", "in_use", "idle"}
    assert values <= known


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def traces(exporter: InMemorySpanExporter) -> Traces:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return Traces(provider.get_tracer("test"))


def only(exporter: InMemorySpanExporter) -> ReadableSpan:
    (span,) = exporter.get_finished_spans()
    return span


def test_a_pass_is_a_span_with_ids_and_numbers(traces: Traces, exporter: InMemorySpanExporter) -> None:
    go(traces.witness, WELL)

    span = only(exporter)
    assert span.name == "pass incoming"
    assert dict(span.attributes or {}) == {
        "postroom.workload": "incoming",
        "postroom.mailbox": str(MAILBOX),
        "postroom.sequence": 3,
        "postroom.outcome": "done",
        "postroom.items": 5,
        "postroom.failed": 1,
        "postroom.backlog": 2,
    }
    assert span.status.is_unset


@pytest.mark.parametrize(
    ("finished", "outcome", "kind"),
    [(UNREACHABLE, "failed", "Unreachable"), (OUR_FAULT, "broken", "PostroomError")],
)
def test_a_failed_pass_is_a_failed_span_without_the_words_of_the_failure(
    traces: Traces, exporter: InMemorySpanExporter, finished: Finished, outcome: str, kind: str
) -> None:
    go(traces.witness, finished)

    span = only(exporter)
    assert span.status.status_code is StatusCode.ERROR
    assert (span.attributes or {})["postroom.outcome"] == outcome
    assert (span.attributes or {})["error.type"] == kind
    assert "ann@" not in span.to_json()


def test_what_escapes_from_a_pass_ends_its_span_without_its_words(
    traces: Traces, exporter: InMemorySpanExporter
) -> None:
    with (
        pytest.raises(RuntimeError),
        traces.witness(Course(Ticket(MAILBOX, Workload.OUTGOING, 1, NOON))),
    ):
        raise RuntimeError(SECRET)

    assert (only(exporter).attributes or {})["postroom.outcome"] == "broken"
    assert "ann@" not in only(exporter).to_json()


def test_looks_into_idle_mailboxes_are_counted_and_a_lane_is_a_span(
    metrics: Metrics, traces: Traces, exporter: InMemorySpanExporter, value: Callable[..., float]
) -> None:
    mailboxes = [UUID(int=number) for number in range(3)]

    def poll(asked: Sequence[UUID]) -> Iterator[tuple[UUID, bool]]:
        yield asked[0], False
        yield asked[1], True
        raise Unreachable(SECRET)

    answers: list[tuple[UUID, bool]] = []
    with pytest.raises(Unreachable):
        answers.extend(traces.polled(metrics.polled(poll))(mailboxes))

    assert value("postroom_looks_total", result="idle") == 1
    assert value("postroom_looks_total", result="news") == 1
    span = only(exporter)
    assert span.name == "lane"
    assert dict(span.attributes or {}) == {
        "postroom.mailboxes": 3,
        "postroom.looks": 2,
        "postroom.news": 1,
    }
    assert "ann@" not in span.to_json()


def test_traces_that_can_not_be_sent_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "opentelemetry.sdk.trace", None)
    wanted = read_settings({"POSTROOM_OBSERVE_TRACES_ENDPOINT": "http://127.0.0.1:9/v1/traces"})

    with pytest.raises(UserError, match=r"postroom\[traces\]"):
        set_up_traces(wanted)

    set_up_traces(read_settings({}))()


@pytest.fixture
def lines() -> Iterator[Callable[[], list[dict[str, object]]]]:
    """The lines of the log, as JSON."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    stream = io.StringIO()
    set_up_log(LogSettings(format=LogFormat.JSON), stream=stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers, root.level = handlers, level


def test_what_a_pass_logs_bears_its_key(lines: Callable[[], list[dict[str, object]]]) -> None:
    with logged(Course(Ticket(MAILBOX, Workload.INCOMING, 3, NOON))):
        logging.getLogger("postroom.passes").warning("odd")
    logging.getLogger("postroom").warning("after")

    odd, ended, after = lines()
    assert odd["pass"] == ended["pass"] == f"{MAILBOX}:0:3"
    assert odd["workload"] == "incoming"
    assert "pass" not in after


def test_a_pass_that_found_something_ends_with_a_line_and_an_idle_one_without(
    lines: Callable[[], list[dict[str, object]]],
) -> None:
    go(logged, Finished())
    go(logged, WELL)
    go(logged, UNREACHABLE)

    assert [(line["outcome"], line["items"]) for line in lines()] == [("done", 5), ("failed", 0)]


def test_witnesses_stand_together_and_all_see_the_pass_through(
    metrics: Metrics, traces: Traces, exporter: InMemorySpanExporter, value: Callable[..., float]
) -> None:
    go(together(metrics.witness, traces.witness, logged), WELL)

    assert value("postroom_passes_total", workload="incoming", outcome="done") == 1
    assert only(exporter).name == "pass incoming"
