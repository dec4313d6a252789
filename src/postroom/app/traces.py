"""Traces: an OpenTelemetry span for every pass, with ids and numbers and nobody's mail.

The API is always there and costs next to nothing where nobody listens. Spans are sent where the setting
`observe.traces_endpoint` says, by the SDK, which is an extra: `pip install 'postroom[traces]'`. A program
that embeds Postroom and has set up OpenTelemetry for itself gets the spans without further ado.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from opentelemetry import trace
from opentelemetry.trace import Span, StatusCode, Tracer

from postroom import __version__
from postroom.app.metrics import name_of, outcome_of
from postroom.app.settings import Settings
from postroom.engine.lane import Poll
from postroom.engine.work import Course
from postroom.errors import UserError


def set_up_traces(settings: Settings) -> Callable[[], None]:
    """Send spans where the settings say, and return what is to be called at the end, so that none is lost."""
    endpoint = settings.observe.traces_endpoint
    if not endpoint:
        return lambda: None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as fault:
        raise UserError(
            "observe.traces_endpoint is set, but what sends traces is not installed: "
            "pip install 'postroom[traces]', or leave the setting empty."
        ) from fault
    about = {"service.name": "postroom", "service.version": __version__}
    provider = TracerProvider(resource=Resource.create(about))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    trace.set_tracer_provider(provider)
    return provider.shutdown


class Traces:
    """Makes a span of every pass."""

    def __init__(self, tracer: Tracer | None = None) -> None:
        self._tracer = tracer or trace.get_tracer("postroom", __version__)

    @contextmanager
    def witness(self, course: Course) -> Iterator[None]:
        """Go along with a pass in a span of its own, under which lie the spans of instrumented libraries."""
        ticket = course.ticket
        attributes: dict[str, str | int] = {
            "postroom.workload": name_of(ticket.workload),
            "postroom.mailbox": str(ticket.mailbox_id),
            "postroom.sequence": ticket.sequence,
        }
        with self._tracer.start_as_current_span(
            f"pass {name_of(ticket.workload)}",
            attributes=attributes,
            # An error's text may name an address; its kind is enough, and the log has the rest.
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield
            finally:
                _tell(span, course)

    def polled(self, poll: Poll) -> Poll:
        """Return the same way of asking idle mailboxes, with a span for every lane."""

        def ask(mailboxes: Sequence[UUID]) -> Iterator[tuple[UUID, bool]]:
            span = self._tracer.start_span("lane", attributes={"postroom.mailboxes": len(mailboxes)})
            looks, news = 0, 0
            try:
                for mailbox, has_news in poll(mailboxes):
                    looks, news = looks + 1, news + has_news
                    yield mailbox, has_news
            finally:
                span.set_attributes({"postroom.looks": looks, "postroom.news": news})
                span.end()

        return ask


def _tell(span: Span, course: Course) -> None:
    outcome = outcome_of(course)
    span.set_attribute("postroom.outcome", outcome)
    finished = course.finished
    if finished is not None:
        span.set_attribute("postroom.items", finished.result.items)
        span.set_attribute("postroom.failed", finished.result.failed)
        span.set_attribute("postroom.backlog", finished.result.backlog)
        if finished.failure is not None:
            span.set_attribute("error.type", type(finished.failure).__name__)
    if outcome in ("failed", "broken"):
        span.set_status(StatusCode.ERROR)
