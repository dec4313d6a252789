"""Items found by what was written on them: our token, or the id of the calendar entry."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from postroom.servers.exchange.answer import Element, text_at
from postroom.servers.exchange.items.marks import TOKEN, named, properties_of
from postroom.servers.exchange.items.translate import id_in
from postroom.servers.exchange.markup import field, tag
from postroom.servers.exchange.search import find_items, folder_id
from postroom.servers.exchange.session import Session

#: Values looked for with one request.
CHUNK: Final = 20
#: The id of a calendar entry as Outlook keeps it, without the day of a series.
# source: MS-OXPROPS PidLidCleanGlobalObjectId
CLEAN_ID: Final = tag(
    "t:ExtendedFieldURI", DistinguishedPropertySetId="Meeting", PropertyId="35", PropertyType="Binary"
)
# source: MS-OXOCAL PidLidGlobalObjectId
_BEGIN: Final = bytes.fromhex("040000008200E00074C5B7101A82E008")
_FOREIGN: Final = b"vCal-Uid\x01\x00\x00\x00"
_PROBLEM: Final = "The items were not looked for"


def by_token(
    session: Session, folders: Sequence[str], tokens: Sequence[str], mark: str = TOKEN
) -> Mapping[str, str]:
    """Return the ids of items that bear these tokens as a mark; of copies, the item that was made first."""
    found: dict[str, list[tuple[str, str]]] = {}
    paths = (named(mark), field("item:DateTimeCreated"))
    for item in _found(session, folders, paths, named(mark), tokens):
        token = properties_of(item).get(mark, "")
        made_at = text_at(item, "t:DateTimeCreated")
        found.setdefault(token, []).append((made_at, id_in(item)[0]))
    return {token: min(found[token])[1] for token in tokens if token in found}


def by_uid(session: Session, folders: Sequence[str], uids: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """Return the ids of appointments with these calendar ids."""
    # The calendar id itself can't be searched for; what follows from it can.
    wanted = {clean_id(uid): uid for uid in uids}
    found: dict[str, list[str]] = {}
    for item in _found(session, folders, (CLEAN_ID,), CLEAN_ID, list(wanted)):
        written = next(iter(properties_of(item).values()), "")
        uid = wanted.get(written)
        if uid is not None:
            found.setdefault(uid, []).append(id_in(item)[0])
    return found


def clean_id(uid: str) -> str:
    """Return the octets by which Outlook knows an entry with this calendar id, in Base64.

    >>> base64.b64decode(clean_id("x@y"))[40:]
    b'vCal-Uid\\x01\\x00\\x00\\x00x@y\\x00'
    """
    try:
        octets = bytes.fromhex(uid)
    except ValueError:
        octets = b""
    if octets.startswith(_BEGIN) and len(octets) >= 40:
        return base64.b64encode(octets[:16] + bytes(4) + octets[20:]).decode("ascii")
    data = _FOREIGN + uid.encode("utf-8", "replace") + b"\0"
    whole = _BEGIN + bytes(4) + bytes(16) + len(data).to_bytes(4, "little") + data
    return base64.b64encode(whole).decode("ascii")


def _found(
    session: Session, folders: Sequence[str], paths: Sequence[str], path: str, values: Sequence[str]
) -> Iterator[Element]:
    places = [folder_id(folder) for folder in folders]
    for start in range(0, len(values), CHUNK):
        restriction = _equal_to_any(path, values[start : start + CHUNK])
        for _, items in find_items(session, places, paths, restriction, _PROBLEM):
            yield from items


def _equal_to_any(path: str, values: Sequence[str]) -> str:
    conditions = [equal_to(path, value) for value in values]
    return tag("m:Restriction", tag("t:Or", *conditions) if len(conditions) > 1 else conditions[0])


def equal_to(path: str, value: str) -> str:
    """Return the condition that a property has this value."""
    # source: MS-OXWSSRCH 2.2.4.20
    return tag("t:IsEqualTo", path, tag("t:FieldURIOrConstant", tag("t:Constant", Value=value)))
