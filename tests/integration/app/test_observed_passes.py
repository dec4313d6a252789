"""Real passes over real servers, as metrics, traces and log tell of them: numbers, and nobody's mail."""

import io
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from tests.support.company import Company, a_company
from tests.support.mail import a_message

from postroom.app.log import set_up_log
from postroom.app.metrics import Metrics
from postroom.app.service import passes_of
from postroom.app.settings import LogFormat, LogSettings
from postroom.app.traces import Traces
from postroom.app.witness import witnesses_of
from postroom.engine.fleet import Crew, run_due
from postroom.store import workloads
from postroom.store.records import Records

SUBJECT, TEXT, PLAN = "Merger of Umbrella", "nobody may know", "plan.pdf"


@pytest.fixture
def company(records: Records, tmp_path: Path) -> Iterator[Company]:
    """A working company over the sandbox's servers."""
    with a_company(records, tmp_path) as made:
        yield made


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What is logged, in full."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    stream = io.StringIO()
    set_up_log(LogSettings(format=LogFormat.JSON, level="debug"), stream=stream)
    yield stream
    root.handlers, root.level = handlers, level


def test_passes_are_told_of_in_numbers_and_without_anybodys_mail(
    company: Company, tmp_path: Path, log: io.StringIO
) -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    metrics = Metrics(company.context.database, company.clock)
    witness = witnesses_of(metrics, Traces(provider.get_tracer("test")))
    crew = Crew(
        company.context.database,
        passes_of(company.context),
        home=tmp_path,
        machine="test",
        clock=company.clock,
        witness=witness,
    )
    carl, ann = "carl@contoso.example", "ann@corp.example"
    attached = [(PLAN, b"%PDF")]
    company.server.deliver(
        ann, a_message(sender=carl, to=[ann], subject=SUBJECT, text=TEXT, attachments=attached)
    )
    company.server.deliver(ann, a_message(sender="who@else.example", to=[ann], subject=SUBJECT, text=TEXT))
    company.email(company.ids["ann"], "systemuser", company.ids["carl"], subject=SUBJECT, statuscode=6)
    company.server.deliver("sales@corp.example", b"\x00 no message at all")
    with company.context.database.write() as connection:
        workloads.hint(
            connection, [company.mailbox(each) for each in (ann, "sales@corp.example")], crew.clock.now()
        )

    settled = run_due(crew)

    def value(name: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(name, labels)

    assert value("postroom_messages_total", verdict="tracked", reason="sender_match") == 1
    assert (value("postroom_received_bytes_total") or 0) > 500
    assert value("postroom_items_total", workload="outgoing", result="done") == 1
    spans = exporter.get_finished_spans()
    assert len(spans) == len(settled) > 0
    told = metrics.page().decode() + "".join(span.to_json() for span in spans) + log.getvalue()
    assert '"pass ended"' in log.getvalue()
    for word in (SUBJECT, TEXT, PLAN, carl, ann, "else.example", "Umbrella", "s3cret"):
        assert word not in told, word
