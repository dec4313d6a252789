"""Keeping a batch: facts, verdicts and all rows in one transaction.

Where the database refuses a batch because another worker was first, the batch is judged anew on
what the store holds now. Where it refuses a single message, that message goes into quarantine
with its bytes and the rest is kept.
"""

import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from postroom.configuration.attachments import AttachmentRules
from postroom.errors import DuplicateRow, PostroomError, StoreBusy
from postroom.mime.message import Attachment, BytesContent, Raw
from postroom.passes import newcomers
from postroom.passes.context import Context
from postroom.passes.gather import AddressBook, gather
from postroom.passes.judge import Judged, Opened, judge
from postroom.passes.rows import Stored, add
from postroom.passes.terms import Terms
from postroom.ports.blobs import BlobRef
from postroom.schema.choices import QuarantineCause
from postroom.store import alerts, ledger, messages, reports
from postroom.store import blobs as blob_store
from postroom.store.messages import Rows

log = logging.getLogger(__name__)

# Each time another worker was first and has come on by that, so that no more tries are needed than there
# are workers at one message; beyond this the cause is another.
_TRIES = 20


def keep(context: Context, book: AddressBook, batch: Sequence[Opened], terms: Terms) -> list[Judged]:
    """Record the batch durably and return the verdicts, in order."""
    refusal: Exception | None = None
    for _ in range(_TRIES):
        try:
            return _keep_at_once(context, book, batch, terms)
        except DuplicateRow as error:
            refusal = error
        except StoreBusy:
            raise
        except PostroomError as error:
            refusal = error
            break
        except Exception as error:
            # One message that trips a fault of our own must not stop its mailbox for ever: it is
            # found below, put aside with its bytes, and the rest is kept.
            log.exception("a batch could not be kept")
            refusal = error
            break
    assert refusal is not None  # noqa: S101 - the loop ends by returning or with a refusal
    items = list(_items(batch))
    if len(items) == 1:
        return _keep_at_once(context, book, [_put_aside(batch, refusal)], terms)
    return [judged for item in items for judged in keep(context, book, item, terms)]


def _items(batch: Sequence[Opened]) -> Iterator[list[Opened]]:
    """Yield the batch item by item: the messages of one forwarded item belong together."""
    item: list[Opened] = []
    for opened in batch:
        if opened.heads_item and item:
            yield item
            item = []
        item.append(opened)
    if item:
        yield item


def _put_aside(item: Sequence[Opened], refusal: Exception) -> Opened:
    """Return what stands for an item that can't be stored; the bytes kept are those of the whole item."""
    if all(opened.message is None for opened in item):
        raise refusal
    opened = item[0]
    opened.message = None
    opened.cause = QuarantineCause.STORE_REFUSED
    # The driver's text may quote the message; the class of the refusal is what helps.
    opened.trouble = f"the record could not be stored ({type(refusal).__name__})"
    return opened


def _keep_at_once(context: Context, book: AddressBook, batch: Sequence[Opened], terms: Terms) -> list[Judged]:
    with context.database.write() as connection:
        setting = terms.setting
        again = [o.offered.server_id for o in batch if o.is_judged_again]
        ledger.take_back(connection, setting.mailbox, again)
        gathered = gather(
            connection, book, setting.mailbox, batch, terms.policy, setting.now, some_gone=terms.some_gone
        )
        verdicts = list(judge(batch, gathered, terms.policy, terms.is_gone))
        newcomers.welcome(context, connection, book, verdicts)
        stored = _keep_contents(context, connection, verdicts, terms)
        rows = Rows()
        for judged, (attachments, raw) in zip(verdicts, stored, strict=True):
            add(rows, judged, attachments, raw, setting)
        if terms.some_broken:
            ledger.forget_failures(connection, setting.mailbox, [o.offered.server_id for o in batch])
        messages.insert(context.database, connection, rows)
        bounced = reports.note(context.database, connection, rows.reports, setting.now)
        for mailbox in bounced:
            alerts.raise_alert(context.database, connection, mailbox, alerts.BOUNCED, setting.now)
    return verdicts


def _keep_contents(
    context: Context, connection: Connection, verdicts: Sequence[Judged], terms: Terms
) -> list[tuple[list[Stored], BlobRef | None]]:
    """Keep attachments of tracked messages and the bytes of those in quarantine, all in one go."""
    plan: list[tuple[list[Stored], bool]] = []
    contents: list[Any] = []
    for judged in verdicts:
        attachments = _attachments_of(judged, terms.rules)
        judged.left_out = sum(bool(s.refusal) for s in attachments)
        contents.extend(s.attachment.content for s in attachments if not s.refusal)
        aside = judged.opened.message is None and judged.opened.raw is not None and not judged.renumbered_from
        if aside and judged.opened.raw is not None:
            contents.append(RawContent(judged.opened.raw))
        plan.append((attachments, aside))
    refs = iter(
        blob_store.keep(
            connection, contents, context.blobs, now=terms.setting.now, threshold=terms.blob_threshold
        )
        if contents
        else ()
    )
    return [
        (
            [s if s.refusal else Stored(s.attachment, next(refs)) for s in attachments],
            next(refs) if aside else None,
        )
        for attachments, aside in plan
    ]


def _attachments_of(judged: Judged, rules: AttachmentRules) -> list[Stored]:
    message = judged.opened.message
    if message is None or not judged.verdict.track:
        return []
    return [
        Stored(a, None, rules.refusal(a.filename, _size_of(a, rules.largest))) for a in message.attachments
    ]


def _size_of(attachment: Attachment, enough: int) -> int:
    """Return the content's length, or some length beyond `enough` as soon as it is passed."""
    if isinstance(attachment.content, BytesContent):
        return len(attachment.content.data)
    size = 0
    for chunk in attachment.content.chunks():
        size += len(chunk)
        if size > enough:
            break
    return size


@dataclass(frozen=True, slots=True)
class RawContent:
    """The bytes of a message as the server gave them, as a content to keep."""

    raw: Raw

    def chunks(self) -> Iterator[bytes]:
        """Yield the octets in order."""
        step = 1024 * 1024
        for start in range(0, self.raw.size, step):
            yield self.raw.read(start, min(start + step, self.raw.size))


def trail_of(text: str | None) -> list[tuple[str, str]]:
    """Return the steps of a stored trail."""
    return [(rule, finding) for rule, finding in json.loads(text or "[]")]
