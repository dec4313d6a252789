"""Reports, explanations and verdicts as JSON, alike in commands and in the Web API."""

from uuid import UUID

from postroom.passes.explain import Explanation, Match
from postroom.passes.judge import Judged
from postroom.passes.test_mailbox import Report
from postroom.schema.choices import CorrelationMethod


def report_in_json(report: Report) -> dict[str, object]:
    """Return a report as JSON has it."""
    return {
        "mailbox": str(report.mailbox),
        "emailaddress": report.address,
        "status": report.status.label,
        "incoming": report.incoming.label,
        "outgoing": report.outgoing.label,
        "items": report.items.label,
        "steps": [
            {
                "workload": finding.workload.name.lower(),
                "step": finding.name,
                "ok": finding.ok,
                "seconds": round(finding.seconds, 4),
                "said": finding.said,
            }
            for finding in report.findings
        ],
    }


def explanation_in_json(entry: Explanation, address: str) -> dict[str, object]:
    """Return an explanation as programs read it."""
    is_correlated = entry.method not in (CorrelationMethod.NONE, CorrelationMethod.SKIPPED)
    return {
        "mailbox": address,
        "messageid": entry.message_id,
        "direction": "sent" if entry.is_sent_copy else "received",
        "tracked": entry.tracked,
        "verdict": "tracked" if entry.tracked else "not tracked",
        "reason": entry.reason.label,
        "reasoncode": int(entry.reason),
        "sentence": entry.reason.sentence,
        "kind": entry.kind.label,
        "evidence": entry.evidence or None,
        "email": _text(entry.email),
        "decision": _text(entry.decision),
        "acceptor": _record(entry.acceptor),
        "filter": entry.filtering.label if entry.filtering is not None else None,
        "matchedaddress": entry.matched_address,
        "matched": _record(entry.matched),
        "correlated": _text(entry.correlated),
        "correlationmethod": entry.method.label if is_correlated else None,
        "score": entry.score,
        "reportson": _text(entry.reported),
        "regarding": _record(entry.regarding),
        "matches": [_match(match) for match in entry.matches],
        "decidedon": f"{entry.decided_at:%Y-%m-%dT%H:%M:%SZ}" if entry.decided_at else None,
        "trail": [{"rule": rule, "finding": finding} for rule, finding in entry.trail],
    }


def _text(key: UUID | None) -> str | None:
    return str(key) if key else None


def _record(record: tuple[str, UUID] | None) -> str | None:
    return f"{record[0]} {record[1]}" if record else None


def _match(match: Match) -> dict[str, object]:
    return {
        "role": match.role,
        "address": match.address,
        "record": _record(match.record),
        "name": match.name or None,
        "active": match.active,
        "chosen": match.chosen,
    }


def judged_in_json(judged: Judged) -> dict[str, object]:
    """Return a verdict as programs read it."""
    message, verdict = judged.opened.message, judged.verdict
    received_at = judged.opened.received_at
    return {
        "messageid": message.message_id if message else None,
        "receivedon": f"{received_at:%Y-%m-%dT%H:%M:%SZ}" if received_at else None,
        "reason": verdict.reason.label,
        "acceptor": f"{verdict.acceptor.table} {verdict.acceptor.id}" if verdict.acceptor else None,
        "email": str(judged.email_id) if judged.email_id else None,
    }
