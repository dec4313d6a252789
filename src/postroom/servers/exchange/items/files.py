"""Files on appointments: what the server tells of them, and what we remember on the item.

Exchange tells name, size and time of a file, and no digest. So the digests of files that we attached are
remembered in a property of ours on the item; each holds for as long as the file is as it was then.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from hashlib import blake2b
from typing import Final

from postroom.configuration.attachments import AttachmentRules
from postroom.mime.filename import safe_filename
from postroom.mime.message import Content
from postroom.reconcile.files import AttachedFile, Files
from postroom.servers.exchange.answer import Element, local, text_at
from postroom.servers.exchange.items.marks import UNFINISHED, named, properties_of
from postroom.servers.exchange.items.piece import Piece, extended
from postroom.servers.exchange.markup import field

DIGESTS: Final = "PostroomAttachments"
#: What is asked for of an appointment whose files are synchronized.
PATHS: Final = (field("item:Attachments"), named(DIGESTS))

#: What a size may hold beside the content: Exchange counts name and properties too.
# source: MS-OXCMSG PidTagAttachSize
_AROUND: Final = 4096
#: Characters that a named property of text holds for certain.
_MOST: Final = 30_000
_NO_FILES: Final[Mapping[str, str]] = {
    "ItemAttachment": "it is an item of Outlook and no file; save it as a file and attach that",
    "ReferenceAttachment": "it is a link to a file elsewhere; attach the file itself",
}


def read_files(item: Element, rules: AttachmentRules, content_of: Callable[[str], Content]) -> Files:
    """Return the files of an item, without pictures that are shown within its text.

    What is no file, or breaks a rule, is among them with the reason why it stays where it is.
    """
    properties = properties_of(item)
    digests = {} if properties.get(UNFINISHED) else _remembered(properties.get(DIGESTS, ""))
    return tuple(
        _read(each, rules, digests, content_of)
        for each in item.iterfind("{*}Attachments/*")
        if text_at(each, "t:IsInline") != "true"
    )


def remembering(digests: Mapping[str, str]) -> Piece:
    """Return the piece that remembers digests by the states of files; of too many, the first."""
    held: dict[str, str] = {}
    for state, digest in sorted(digests.items()):
        if (len(held) + 1) * (len(state) + len(digest) + len('"":"",')) > _MOST:
            break
        held[state] = digest
    return extended(named(DIGESTS), json.dumps(held, separators=(",", ":")) if held else None)


def _remembered(written: str) -> Mapping[str, str]:
    try:
        kept = json.loads(written or "{}")
    except (ValueError, RecursionError):
        return {}
    return dict(_texts(kept)) if isinstance(kept, dict) else {}


def _texts(kept: Mapping[object, object]) -> Iterator[tuple[str, str]]:
    return ((str(state), digest) for state, digest in kept.items() if isinstance(digest, str))


def _read(
    element: Element,
    rules: AttachmentRules,
    digests: Mapping[str, str],
    content_of: Callable[[str], Content],
) -> AttachedFile:
    name = safe_filename(text_at(element, "t:Name")) or "attachment"
    found = next(element.iterfind("{*}AttachmentId"), None)
    file_id = "" if found is None else str(found.get("Id") or "")
    written = text_at(element, "t:Size")
    size = int(written) if written.isascii() and written.isdecimal() else 0
    # Items that are moved have other ids, and the same times; old servers tell no times.
    state = _state(name, written, text_at(element, "t:LastModifiedTime") or file_id)
    return AttachedFile(
        name,
        state,
        _NO_FILES.get(local(element), "") or rules.refusal(name, max(size - _AROUND, 0)),
        size,
        text_at(element, "t:ContentType"),
        digests.get(state, ""),
        file_id,
        content=content_of(file_id),
    )


def _state(*parts: str) -> str:
    return blake2b("\n".join(parts).encode("utf-8", "replace"), digest_size=16).hexdigest()
