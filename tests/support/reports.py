"""Builds the bytes of reports for tests: delivery status, receipts, and bounces in words."""

from collections.abc import Iterable

ORIGINAL_ID = "offer-7@corp.example"
ORIGINAL = (
    f"From: sales@corp.example\nTo: bob@example.net\nSubject: Offer\nMessage-ID: <{ORIGINAL_ID}>\n\nDear Bob"
)

#: The fields of one failed recipient.
FAILED = (
    "Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; bob@example.net\nAction: failed\n"
    "Status: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 No such user\n"
)
#: The fields of a receipt.
DISPLAYED = (
    "Reporting-UA: pc; Outlook\nFinal-Recipient: rfc822; bob@example.net\n"
    f"Original-Message-ID: <{ORIGINAL_ID}>\nDisposition: manual-action/MDN-sent-manually; displayed\n"
)


def a_report(
    fields: str | None = FAILED,
    *,
    about: str = "delivery-status",
    part: str | None = None,
    root: str | None = None,
    original: str | None = ORIGINAL,
    original_type: str = "message/rfc822",
    text: str = "See below.",
    sender: str = "MAILER-DAEMON@mx.example",
    to: str = "sales@corp.example",
    subject: str = "Undelivered Mail Returned to Sender",
    headers: Iterable[tuple[str, str]] = (),
) -> bytes:
    """Return a multipart/report; `part` and `root` are types that stand in place of the right ones."""
    root = root or f'multipart/report; report-type="{about}"'
    parts = [f"Content-Type: text/plain\n\n{text}"]
    parts += [f"Content-Type: {part or 'message/' + about}\n\n{fields}"] if fields is not None else []
    parts += [f"Content-Type: {original_type}\n\n{original}"] if original is not None else []
    body = "".join(f"--b\n{each}\n" for each in parts)
    return _with_headers(
        f"{body}--b--\n", sender, to, subject, [*headers, ("Content-Type", f"{root}; boundary=b")]
    )


def a_notice(
    text: str,
    *,
    sender: str = "MAILER-DAEMON@mx.example",
    to: str = "sales@corp.example",
    subject: str = "Delivery failure",
    headers: Iterable[tuple[str, str]] = (),
    html: bool = False,
) -> bytes:
    """Return a message in which a mail system speaks in its own words."""
    kind = "html" if html else "plain"
    return _with_headers(
        text, sender, to, subject, [*headers, ("Content-Type", f"text/{kind}; charset=utf-8")]
    )


def _with_headers(body: str, sender: str, to: str, subject: str, headers: list[tuple[str, str]]) -> bytes:
    fields = [("From", sender), ("To", to), ("Subject", subject), *headers]
    head = "".join(f"{name}: {value}\n" for name, value in fields)
    return f"{head}\n{body}".replace("\n", "\r\n").encode("utf-8", "surrogatepass")
