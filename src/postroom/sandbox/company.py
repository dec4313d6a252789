"""The sample company: who works there, whom they know, and the mail that reaches them.

Every message says what ought to become of it, so that the demonstration checks itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

PASSWORD = "sandbox"  # noqa: S105 - the accounts of the sandbox are toys
DOMAIN = "northwind.example"

ANN, BEN, FAY = f"ann@{DOMAIN}", f"ben@{DOMAIN}", f"fay@{DOMAIN}"
#: Her mailbox is on the sandbox's Exchange.
EVA = f"eva@{DOMAIN}"
SALES, SUPPORT = f"sales@{DOMAIN}", f"support@{DOMAIN}"
FORWARD = f"forward@{DOMAIN}"
CARLA, TOM, LEE = "carla@contoso.example", "tom@fabrikam.example", "lee@prospect.example"

#: The account that may act as anybody at the sandbox's Exchange.
SERVICE = f"service@{DOMAIN}"

#: Addresses that have an account on the sandbox's servers.
ACCOUNTS = (ANN, BEN, FAY, SALES, SUPPORT, FORWARD)

#: Mailboxes to approve; those with server-side synchronization are tested and enabled.
TESTED = (ANN, BEN, SALES, SUPPORT, FORWARD, EVA)

FILTER_ALL, FILTER_REPLIES, FILTER_KNOWN, FILTER_NONE = 0, 1, 2, 4


def records(pop3_port: int, smtp_port: int, ews_url: str) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """Return the company as `postroom load` takes it."""
    return {
        "emailserverprofiles": [_profile(pop3_port, smtp_port), _exchange_profile(ews_url)],
        "organizations": [
            {"defaultemailserverprofileid@odata.bind": "/emailserverprofiles(name='Sandbox servers')"}
        ],
        "accounts": [
            {"name": "Contoso", "emailaddress1": "office@contoso.example"},
            {"name": "Fabrikam", "emailaddress1": "office@fabrikam.example"},
        ],
        "contacts": [
            {
                "firstname": "Carla",
                "lastname": "Customer",
                "emailaddress1": CARLA,
                "parentcustomerid_account@odata.bind": "/accounts(name='Contoso')",
            },
            {
                "firstname": "Tom",
                "lastname": "Tester",
                "emailaddress1": TOM,
                "parentcustomerid_account@odata.bind": "/accounts(name='Fabrikam')",
            },
        ],
        "leads": [
            {"subject": "Fair", "firstname": "Lee", "lastname": "Lead", "emailaddress1": LEE},
        ],
        "systemusers": [
            _user(ANN, "Ann", "Agent"),
            _user(BEN, "Ben", "Builder"),
            _user(FAY, "Fay", "Forwarder", incoming=3),
            _user(EVA, "Eva", "Exchange"),
        ],
        "usersettingscollection": [
            _wishes(ANN, FILTER_KNOWN),
            _wishes(BEN, FILTER_NONE),
            _wishes(FAY, FILTER_ALL),
            _wishes(EVA, FILTER_KNOWN),
        ],
        "incidents": [_case("Leaking pump"), _case("Late parts")],
        "queues": [_queue(SALES, "Sales"), _queue(SUPPORT, "Support")],
        "mailboxes": [
            *(_mailbox(address) for address in ACCOUNTS if address != FORWARD),
            {
                "emailaddress": EVA,
                "emailrouteraccessapproval": 1,
                "actdeliverymethod": 1,
                "emailserverprofile@odata.bind": "/emailserverprofiles(name='Sandbox Exchange')",
            },
            {
                **_mailbox(FORWARD),
                "name": "Forward mailbox",
                "isforwardmailbox": True,
                "incomingemaildeliverymethod": 2,
                "outgoingemaildeliverymethod": 0,
                "processanddeleteemails": True,
                "emailserverprofile@odata.bind": "/emailserverprofiles(name='Sandbox servers')",
            },
        ],
    }


def _profile(pop3_port: int, smtp_port: int) -> dict[str, Any]:
    return {
        "name": "Sandbox servers",
        "servertype": 1,
        "incomingserverlocation": "127.0.0.1",
        "incomingportnumber": pop3_port,
        "incomingusessl": False,
        "incomingcredentialretrieval": 0,
        "outgoingserverlocation": "127.0.0.1",
        "outgoingportnumber": smtp_port,
        "outgoingusessl": False,
        "outgoingcredentialretrieval": 0,
        # The sample mail is older than this profile; null takes in everything.
        "processemailsreceivedafter": None,
    }


def _exchange_profile(url: str) -> dict[str, Any]:
    """Return the profile of the Exchange: one service account that acts as everybody."""
    return {
        "name": "Sandbox Exchange",
        "servertype": 0,
        "incomingserverlocation": url,
        "incomingcredentialretrieval": 1,
        "incomingusername": SERVICE,
        "incomingpassword": PASSWORD,
        "incominguseimpersonation": True,
        "incomingauthenticationprotocol": 3,
        "outgoingserverlocation": url,
        "outgoinguseimpersonation": True,
        "usesamesettingsforoutgoingconnections": True,
        "processemailsreceivedafter": None,
    }


def _case(title: str) -> dict[str, Any]:
    return {"title": title, "customerid_account@odata.bind": "/accounts(name='Contoso')"}


def _user(address: str, first: str, last: str, *, incoming: int = 2) -> dict[str, Any]:
    return {
        "firstname": first,
        "lastname": last,
        "domainname": address,
        "internalemailaddress": address,
        "incomingemaildeliverymethod": incoming,
        "outgoingemaildeliverymethod": 2,
    }


def _wishes(address: str, filtering: int) -> dict[str, Any]:
    return {
        "systemuserid@odata.bind": f"/systemusers(domainname='{address}')",
        "incomingemailfilteringmethod": filtering,
    }


def _queue(address: str, name: str) -> dict[str, Any]:
    return {
        "name": name,
        "emailaddress": address,
        "incomingemaildeliverymethod": 2,
        "outgoingemaildeliverymethod": 2,
        "incomingemailfilteringmethod": FILTER_ALL,
    }


def _mailbox(address: str) -> dict[str, Any]:
    return {
        "emailaddress": address,
        "username": address,
        "password": PASSWORD,
        "allowemailconnectortousecredentials": True,
        "emailrouteraccessapproval": 1,
    }


@dataclass(frozen=True, slots=True)
class Sample:
    """One message that arrives, and what ought to become of it."""

    story: str
    mailbox: str
    data: bytes
    #: The name of the reason that the decision must give.
    reason: str
    message_id: str = ""

    @property
    def tracked(self) -> bool:
        """Tell whether an e-mail ought to be made of it."""
        return self.reason in ("SENDER_MATCH", "ACCEPT_ALL", "CORRELATION_MATCH")


@dataclass(frozen=True, slots=True)
class Answer:
    """An e-mail that is written in the store and sent."""

    story: str
    sender_table: str
    sender: str
    recipient: str
    subject: str
    body: str
    #: The label of the status that it must reach.
    status: str
    #: The Message-ID of the received e-mail that it answers, if any.
    answers: str = ""
    attachments: Sequence[tuple[str, bytes]] = field(default=())
    #: The label of what reports say of it in the end.
    reported: str = "Nothing known"


def eva_mail(subject: str, sender: str) -> bytes:
    """Return a message to Eva as it comes to her Exchange."""
    name = subject.lower().replace(" ", "-")
    return message(
        sender, EVA, subject, f"About: {subject.lower()}.", f"eva-{name}@{sender.partition('@')[2]}"
    )


_BOUNDARY = "northwind-sample"


def message(
    sender: str,
    to: str,
    subject: str,
    body: str,
    message_id: str,
    *extra: str,
    files: Sequence[tuple[str, str, bytes]] = (),
) -> bytes:
    """Return a message as it lies on a server; files are (name, type, base64 text)."""
    head = [
        f"Received: from mail.example by mx.{DOMAIN}; Mon, 2 Nov 2026 09:00:00 +0000",
        f"From: {sender}",
        f"To: {to}",
        f"Subject: {subject}",
        "Date: Mon, 2 Nov 2026 08:59:58 +0000",
        f"Message-ID: <{message_id}>",
        *extra,
        "MIME-Version: 1.0",
    ]
    if not files:
        head.append("Content-Type: text/plain; charset=utf-8")
        return "\r\n".join([*head, "", body, ""]).encode()
    head.append(f'Content-Type: multipart/mixed; boundary="{_BOUNDARY}"')
    parts = [f"--{_BOUNDARY}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n".encode()]
    for name, mimetype, content in files:
        encoding = "" if mimetype == "message/rfc822" else "Content-Transfer-Encoding: base64\r\n"
        parts.append(
            f'--{_BOUNDARY}\r\nContent-Type: {mimetype}; name="{name}"\r\n{encoding}'
            f'Content-Disposition: attachment; filename="{name}"\r\n\r\n'.encode()
            + content
            + b"\r\n"
        )
    parts.append(f"--{_BOUNDARY}--\r\n".encode())
    return "\r\n".join([*head, "", ""]).encode() + b"".join(parts)


_PNG = b"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="


def arrivals() -> list[Sample]:
    """Return the mail that lies on the servers when the demonstration begins."""
    both = message(CARLA, f"{ANN}, {SALES}", "Delivery date?", "When will it arrive?", "both@contoso.example")
    order = message(
        f"Carla Customer <{CARLA}>",
        ANN,
        "Order 4711 =?utf-8?q?f=C3=BCr_M=C3=BCnchen?=",
        "Please find our order attached.",
        "order@contoso.example",
        files=[("order.png", "image/png", _PNG), ("setup.exe", "application/octet-stream", b"TVqQAAMAAAAE")],
    )
    original = message(TOM, FAY, "For Fay", "Sent to Fay, forwarded by her rule.", "fay@fabrikam.example")
    item = ("original.eml", "message/rfc822", original)
    return [
        Sample(
            "a customer's order with a picture and a blocked file",
            ANN,
            order,
            "SENDER_MATCH",
            "order@contoso.example",
        ),
        Sample(
            "one message to a user and a queue, in Ann's mailbox",
            ANN,
            both,
            "SENDER_MATCH",
            "both@contoso.example",
        ),
        Sample("the same message in the queue's mailbox", SALES, both, "DUPLICATE", "both@contoso.example"),
        Sample(
            "a lead asks the sales queue",
            SALES,
            message(LEE, SALES, "Prices", "What does it cost?", "lead@prospect.example"),
            "ACCEPT_ALL",
            "lead@prospect.example",
        ),
        Sample(
            "a stranger writes to a user who wants known senders only",
            ANN,
            message("joe@nowhere.example", ANN, "Win!", "Click.", "spam@nowhere.example"),
            "NO_CORRELATION_MATCH",
            "spam@nowhere.example",
        ),
        Sample(
            "a user who wants nothing tracked",
            BEN,
            message(TOM, BEN, "Lunch", "Noon?", "lunch@fabrikam.example"),
            "FILTER_NONE",
            "lunch@fabrikam.example",
        ),
        Sample(
            "mail to a list that names nobody here",
            ANN,
            message(CARLA, "all@list.example", "News", "Hi all", "list@contoso.example"),
            "NO_RECIPIENT_MATCH",
            "list@contoso.example",
        ),
        Sample(
            "mail that nobody signed",
            SUPPORT,
            b"To: " + SUPPORT.encode() + b"\r\nSubject: ?\r\nMessage-ID: <anon@x.example>\r\n\r\nHello\r\n",
            "INVALID_SENDER",
            "anon@x.example",
        ),
        Sample("bytes that are no e-mail", SUPPORT, b"\x00\x01 this is not an e-mail", "MALFORMED"),
        Sample(
            "a message that Fay's rule forwarded as an attachment",
            FORWARD,
            message(FAY, FORWARD, "FW", "", "outer@northwind.example", files=[item]),
            "ACCEPT_ALL",
            "fay@fabrikam.example",
        ),
        Sample(
            "a forwarded item without an attached message",
            FORWARD,
            message(FAY, FORWARD, "FW", "Oops", "oops@northwind.example"),
            "INVALID_FORWARD_MAIL_ITEM",
        ),
    ]


def answers() -> list[Answer]:
    """Return the e-mails that are written in the store and sent."""
    return [
        Answer(
            "Ann answers the order",
            "systemuser",
            ANN,
            CARLA,
            "RE: Order 4711",
            "<p>Thank you, Carla.</p>",
            "Sent",
            "order@contoso.example",
            [("terms.txt", b"Payment in 30 days")],
            reported="Read",
        ),
        Answer(
            "the sales queue answers the lead",
            "queue",
            SALES,
            LEE,
            "RE: Prices",
            "<p>From 10 EUR.</p>",
            "Sent",
            "lead@prospect.example",
            reported="Bounced",
        ),
        Answer("Tom's server refuses him", "systemuser", ANN, TOM, "Visit", "<p>Next week?</p>", "Failed"),
    ]


#: What the sandbox's SMTP server answers for single recipients.
REFUSED = {TOM: "550 5.1.1 no such user here"}


@dataclass(frozen=True, slots=True)
class Left:
    """By what answers and reports name an e-mail that has left."""

    message_id: str
    token: str


def replies(sent: Mapping[str, Left]) -> list[Sample]:
    """Return what comes back from outside; `sent` says what left, by its subject."""
    order, prices = sent["RE: Order 4711"], sent["RE: Prices"]
    colleague = message(
        "dana@contoso.example",
        ANN,
        "AW: Order 4711",
        "Carla is away; the date is fine.",
        "reply@contoso.example",
        f"In-Reply-To: <{order.message_id}>",
    )
    on_the_phone = message(
        "carla.on.holiday@mail.example",
        ANN,
        f"Re: Order 4711 {order.token}",
        "Written on another phone, in another program.",
        "token@mail.example",
    )
    away = message(
        LEE,
        SALES,
        "Automatic reply: Prices",
        "I am back on Monday.",
        "away@prospect.example",
        f"In-Reply-To: <{prices.message_id}>",
        "Auto-Submitted: auto-replied",
    )
    return [
        Sample(
            "a stranger's answer to Ann's e-mail finds it and its record",
            ANN,
            colleague,
            "CORRELATION_MATCH",
            "reply@contoso.example",
        ),
        Sample(
            "an answer that only the token in its subject ties to Ann's e-mail",
            ANN,
            on_the_phone,
            "CORRELATION_MATCH",
            "token@mail.example",
        ),
        Sample(
            "the receipt that Carla has read it: noted on the e-mail",
            ANN,
            report(CARLA, ANN, "disposition-notification", _READ.format(order.message_id), "read@x.example"),
            "REPORT_NOTED",
            "read@x.example",
        ),
        Sample(
            "the lead is on holiday, says a program",
            SALES,
            away,
            "ACCEPT_ALL",
            "away@prospect.example",
        ),
        Sample(
            "and the address of the lead has ceased to exist: the e-mail says so",
            SALES,
            report(
                "MAILER-DAEMON@mx.prospect.example",
                SALES,
                "delivery-status",
                _FAILED.format(LEE),
                "bounce@mx.prospect.example",
                original=prices.message_id,
            ),
            "ACCEPT_ALL",
            "bounce@mx.prospect.example",
        ),
    ]


_READ = (
    "Final-Recipient: rfc822; carla@contoso.example\r\nOriginal-Message-ID: <{}>\r\n"
    "Disposition: manual-action/MDN-sent-manually; displayed\r\n"
)
_FAILED = (
    "Reporting-MTA: dns; mx.prospect.example\r\n\r\nFinal-Recipient: rfc822; {}\r\nAction: failed\r\n"
    "Status: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 no such user\r\n"
)


def report(sender: str, to: str, kind: str, fields: str, message_id: str, *, original: str = "") -> bytes:
    """Return a report of a mail system or program, with the header of the original where it is named."""
    # source: RFC6522 3
    parts = [("text/plain", "A report follows.\r\n"), (f"message/{kind}", fields)]
    if original:
        parts.append(("text/rfc822-headers", f"Message-ID: <{original}>\r\n"))
    head = [
        f"Received: from mail.example by mx.{DOMAIN}; Mon, 2 Nov 2026 10:00:00 +0000",
        f"From: {sender}",
        f"To: {to}",
        "Subject: Report",
        f"Message-ID: <{message_id}>",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/report; report-type={kind}; boundary="{_BOUNDARY}"',
    ]
    body = "".join(f"--{_BOUNDARY}\r\nContent-Type: {mimetype}\r\n\r\n{text}\r\n" for mimetype, text in parts)
    return ("\r\n".join([*head, "", ""]) + body + f"--{_BOUNDARY}--\r\n").encode()
