"""Each message of tests/corpus/mime reads as the table says."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from postroom.errors import MalformedMessage
from postroom.mime.message import Importance
from postroom.mime.read import read

CORPUS = Path(__file__).parents[2] / "corpus" / "mime"
PICTURE = b"\x89PNG picture"

#: What differs from an ordinary message: text "plain", no HTML, no files, no defects.
EXPECTED: Mapping[str, Mapping[str, Any]] = {
    "alternative": {"html": "<p>html</p>"},
    "apple-mail": {"text": "", "html": "<p>before</p>\n<p>after</p>", "files": [("a.png", PICTURE)]},
    "bad-base64-text": {"text": "hello world", "defects": ("bad base64",)},
    "bad-content-type": {},
    "bad-date": {"date": "None", "defects": ("bad date",)},
    "bad-type-with-file": {"text": "", "files": [("a.bin", b"xyz")]},
    "bad-zone": {"date": "None", "defects": ("bad date",)},
    "bare-carriage-returns": {"text": "plain\nmore", "defects": ("bare carriage returns",)},
    "bare-line-feeds": {"html": "<p>html</p>"},
    "base64-with-footer": {"text": "hello", "defects": ("bad base64",)},
    "bounce": {"text": "could not be delivered", "names": ["delivery-status.txt", "headers.txt"]},
    "boundary-never-there": {"text": "just words", "defects": ("bad boundary",)},
    "boundary-prefix": {"html": "<p>html</p>", "files": [("image1.png", PICTURE)]},
    "broken-from": {"from": [("ann@example.com", "Ann")]},
    "broken-words": {"subject": "=?utf-8?Q?open =?utf-8?X?a?= =?=?= fine"},
    "digest": {"text": "", "names": ["Hello.eml", "Hello.eml"], "nested": 2},
    "duplicate-headers": {"subject": "Hello", "from": [("ann@example.com", "Ann")]},
    "empty-multipart": {"text": ""},
    "encrypted": {"text": "", "names": ["version.txt", "encrypted.asc"]},
    "forwarded": {"names": ["In-üner.eml"], "nested": 1},
    "forwarded-base64": {"names": ["message.eml"], "nested": 1},
    "garbage-between-headers": {"defects": ("bad header",)},
    "gb2312-with-gbk-letters": {"text": "朱镕基"},
    "headers-only": {"text": ""},
    "html-only": {"text": "", "html": "<p>html</p>"},
    "inline-picture": {
        "text": "",
        "html": '<p><img src="cid:pic@x"></p>',
        "files": [("image1.png", PICTURE)],
        "inline": ["pic@x"],
    },
    "invitation": {"files": [("invite.ics", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR")]},
    "iso-2022-jp-subject": {"subject": "日本語"},
    "latin1-labelled-utf8": {"text": "Grüße", "defects": ("bad charset",)},
    "leading-blank-lines": {},
    "list-footer": {
        "text": "plain\n\nfooter <list>",
        "html": "<p>html</p>\n<div>footer &lt;list&gt;</div>",
    },
    "long-message-id": {
        "message_id": "x" * 255 + ".1f30d7fc870a4d92eb5b330a2b7dc21f1b21c4e2526631ed9a349f036ad64143"
    },
    "mbox-envelope": {},
    "message-id-with-blanks": {"message_id": "one@example.com"},
    "misspelt-quoted-printable": {"text": "Grüße =XY", "defects": ("bad transfer encoding",)},
    "mixed-line-ends": {"text": "plain\nmore"},
    "name-with-path": {"files": [("abgnp.exe", PICTURE)]},
    "named-text": {"files": [("log.txt", b"log lines")]},
    "nested-same-boundary": {
        "text": "plain\n\nhtml",
        "html": "<div>plain</div>\n<p>html</p>",
        "defects": ("bad boundary",),
    },
    "newline-in-word": {"subject": "a Bcc: eve@evil.example"},
    "no-blank-line": {"text": "Hello Bob,\nhow are you?", "defects": ("no blank line", "bad header")},
    "no-boundary-parameter": {"html": "<p>html</p>", "defects": ("bad boundary",)},
    "no-content-type": {},
    "no-final-boundary": {"files": [("a.png", PICTURE)], "defects": ("no closing boundary",)},
    "no-name": {"files": [("image1.png", PICTURE), ("attachment2.bin", b"x")]},
    "nul-bytes": {"subject": "Hello"},
    "odd-addresses": {
        "to": [
            ("john@x.example", "Doe, John"),
            ("jane@x.example", "Roe, Jane"),
            ("bob@x.example", "note Bob"),
            ("a@x.example", ""),
            ("b@x.example", ""),
            ("eva@x.example", "Grün, Eva"),
            ("old@x.example", ""),
            ('"q q"@x.example', ""),
        ]
    },
    "odd-transfer-encoding": {"defects": ("bad transfer encoding",)},
    "part-without-header": {"text": "bare part\n\nno blank line either", "defects": ("bad header",)},
    "python-codec-as-charset": {"text": "\\ud800 plain", "defects": ("bad charset",)},
    "raw-8bit-header-koi8": {"subject": "Привет", "text": "Привет"},
    "raw-8bit-header-latin1": {"subject": "Grüße"},
    "raw-8bit-header-utf8": {"subject": "Grüße"},
    "references-without-brackets": {"references": ("a@x", "b@x", "c@x"), "in_reply_to": ""},
    "rfc2047-name": {"files": [("Größe.png", PICTURE)]},
    "rfc2231-name": {"files": [("Größe.png", PICTURE)]},
    "shift-jis": {"text": "こんにちは①"},
    "signed": {"names": ["signature.asc"]},
    "smime": {"text": "", "files": [("smime.p7m", b"0\x82\x01")]},
    "split-multibyte-words": {"subject": "Grüße"},
    "thread-index": {
        "conversation_index": "01D9D3435999EC9D2EDE7AB64DF3A6C64F4962D67BCA",
        "importance": Importance.HIGH,
    },
    "two-digit-year": {"date": "1999-03-02 15:30:00+00:00"},
    "unknown-charset": {"text": "Grüße aus Köln", "defects": ("bad charset",)},
    "unknown-charset-word": {"subject": "Grüße"},
    "utf7": {"text": "? Grüße"},
    "utf8-labelled-ascii": {"text": "Grüße", "defects": ("bad charset",)},
    "uuencoded": {"text": "hello"},
    "winmail": {"html": "<p>Grüße</p>", "files": [("Größe lang.txt", b"file content")]},
    "winmail-damaged": {"names": ["winmail.dat"], "defects": ("bad tnef",)},
    "winmail-hostile": {"names": ["winmail.dat"], "defects": ("bad tnef",)},
    "wrong-boundary": {
        "text": "plain\n\nhtml",
        "html": "<div>plain</div>\n<p>html</p>",
        "defects": ("bad boundary",),
    },
}
REFUSED = ("refused-binary", "refused-blank-lines", "refused-empty", "refused-no-header")


def facts(name: str, *, accelerated: bool) -> dict[str, Any]:
    message = read((CORPUS / f"{name}.eml").read_bytes(), accelerated=accelerated)
    files = [(one.filename, b"".join(one.content.chunks())) for one in message.attachments]
    return {
        "subject": message.subject,
        "text": message.text,
        "html": message.html,
        "message_id": message.message_id,
        "in_reply_to": message.in_reply_to,
        "references": message.references,
        "date": str(message.date),
        "from": [(one.address, one.name) for one in message.from_],
        "to": [(one.address, one.name) for one in message.to],
        "defects": message.defects,
        "files": files,
        "names": [name for name, _ in files],
        "inline": [one.content_id for one in message.attachments if one.inline],
        "nested": len(message.nested),
        "conversation_index": message.conversation_index,
        "importance": message.importance,
    }


@pytest.mark.parametrize("accelerated", [True, False])
@pytest.mark.parametrize("name", EXPECTED)
def test_an_odd_message_reads_as_the_table_says(name: str, accelerated: bool) -> None:
    expected = {"text": "plain", "html": "", "defects": (), "nested": 0} | dict(EXPECTED[name])
    if "names" not in expected:
        expected = {"files": []} | expected
    found = facts(name, accelerated=accelerated)
    assert {key: found[key] for key in expected} == expected


@pytest.mark.parametrize("name", REFUSED)
def test_bytes_without_a_header_are_refused(name: str) -> None:
    with pytest.raises(MalformedMessage):
        read((CORPUS / f"{name}.eml").read_bytes())


def test_every_message_of_the_corpus_is_in_the_table() -> None:
    assert {path.stem for path in CORPUS.glob("*.eml")} == {*EXPECTED, *REFUSED}
