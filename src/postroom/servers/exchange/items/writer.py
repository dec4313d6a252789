"""Items written: made, changed and removed, once and only in the version that was meant.

No request is sent again when its answer does not come: whoever wrote looks what became of it.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from postroom.errors import BadReply, StaleVersion
from postroom.ports.items import Removal
from postroom.reconcile.item import Item, Kind, Value
from postroom.reconcile.notice import Notice, Sends
from postroom.servers.exchange.answer import Message
from postroom.servers.exchange.faults import about_item, about_request
from postroom.servers.exchange.items.frame import Frame
from postroom.servers.exchange.items.piece import Piece, new_element, updates
from postroom.servers.exchange.items.places import HOMES
from postroom.servers.exchange.items.translate import ELEMENTS, draft_pieces, id_in, pieces_of
from postroom.servers.exchange.markup import tag
from postroom.servers.exchange.session import Session

# Somebody else wrote, or removed it, since it was read.
# source: MS-OXWSCDATA ResponseCodeType
_STALE: Final = frozenset(
    {"ErrorIrresolvableConflict", "ErrorStaleObject", "ErrorChangeKeyRequired", "ErrorItemNotFound"}
)
# Codes that leave open whether it was done before the server gave up.
_IN_DOUBT: Final = frozenset(
    {"ErrorInternalServerError", "ErrorInternalServerTransientError", "ErrorTimeoutExpired"}
)
#: How EWS says who is told.
_NOBODY: Final = "SendToNone"
_ALL: Final = "SendOnlyToAll"
_REMOVALS: Final = {Removal.TO_DELETED_ITEMS: "MoveToDeletedItems", Removal.FOR_GOOD: "HardDelete"}


class Writer:
    """Writes items of one mailbox."""

    def __init__(self, session: Session, frame: Frame) -> None:
        self._session = session
        self._frame = frame

    def create(self, draft: Item, marked: Sequence[Piece], sends: Sends) -> tuple[str, str]:
        """Make an item with these marks in its home folder and return its id and version."""
        pieces = [*draft_pieces(draft, self._frame, self._session.now()), *marked]
        home = HOMES[Kind.APPOINTMENT if draft.kind is Kind.SERIES else draft.kind]
        # source: MS-OXWSCORE 3.1.4.2
        request = tag(
            "m:CreateItem",
            tag("m:SavedItemFolderId", self._session.known_folder(home)),
            tag("m:Items", new_element(ELEMENTS[draft.kind], pieces)),
            SendMeetingInvitations=_told(sends),
        )
        return _written(self._one(request, "The item was not made"))

    def update(
        self, item_id: str, version: str, kind: Kind, fields: Mapping[str, Value], sends: Sends
    ) -> str:
        """Write these fields and return the new version."""
        pieces = pieces_of(kind, fields, self._frame, self._session.now())
        return self.put(item_id, version, ELEMENTS[kind], pieces, sends) if pieces else version

    def put(self, item_id: str, version: str, element: str, pieces: Sequence[Piece], sends: Sends) -> str:
        """Write these properties and return the new version; without a version, whatever it is now."""
        change = tag("t:ItemChange", _named(item_id, version), updates(element, pieces))
        # source: MS-OXWSCORE 3.1.4.9
        request = tag(
            "m:UpdateItem",
            tag("m:ItemChanges", change),
            ConflictResolution="NeverOverwrite" if version else "AlwaysOverwrite",
            MessageDisposition="SaveOnly",
            SendMeetingInvitationsOrCancellations=_told(sends),
        )
        return _written(self._one(request, "The item was not changed"))[1]

    def delete(self, item_id: str, version: str, removal: Removal, sends: Sends) -> None:
        """Remove an item; one that is gone is no error."""
        # source: MS-OXWSCORE 3.1.4.3
        request = tag(
            "m:DeleteItem",
            tag("m:ItemIds", _named(item_id, version)),
            DeleteType=_REMOVALS[removal],
            SendMeetingCancellations=_told(sends),
            AffectedTaskOccurrences="AllOccurrences",
        )
        try:
            self._one(request, "The item was not removed")
        except StaleVersion as stale:
            if "ErrorItemNotFound" not in str(stale):
                raise

    def _one(self, request: str, problem: str) -> Message:
        """Return the answer; raises `StaleVersion`, or `TransportError`."""
        messages = self._session.call(request, problem, repeats=False)
        if not messages:
            raise BadReply(f"{problem}: the server's answer says nothing about it.")
        said = messages[0].said
        if messages[0].is_ok:
            return messages[0]
        if said.code in _STALE:
            raise StaleVersion(f"{problem}: it is another one by now ({said.code}).")
        raise about_request(said, problem) if said.code in _IN_DOUBT else about_item(said, problem)


def _told(sends: Sends) -> str:
    return _NOBODY if sends.notice is Notice.NONE else _ALL


def _named(item_id: str, version: str) -> str:
    return tag("t:ItemId", Id=item_id, ChangeKey=version) if version else tag("t:ItemId", Id=item_id)


def _written(message: Message) -> tuple[str, str]:
    element = next(message.all("m:Items/*"), None)
    item_id, version = ("", "") if element is None else id_in(element)
    if not item_id:
        raise BadReply("The server wrote an item and does not say which.")
    return item_id, version
