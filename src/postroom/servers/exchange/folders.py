"""`ExchangeFolders`: the mailbox's folders, its categories, and whose it is noted to be."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from postroom.errors import Refused, TransportError
from postroom.ports.folders import Category, Folder, OwnerMark, Recategorized
from postroom.ports.mail import Look
from postroom.servers.exchange.answer import Message
from postroom.servers.exchange.categories import CategoryList
from postroom.servers.exchange.faults import about_item
from postroom.servers.exchange.glance import Glance, take_glance, tree_of
from postroom.servers.exchange.item import item_id
from postroom.servers.exchange.labels import recategorize
from postroom.servers.exchange.markup import item_ids, tag, text
from postroom.servers.exchange.owner import read_owner, write_owner
from postroom.servers.exchange.search import folder_id
from postroom.servers.exchange.session import Session

#: Messages moved with one request.
CHUNK = 100
#: For so long a look may go by the glance that the tree was taken from. What has changed since is found
#: by the look after it.
FRESH_FOR = timedelta(seconds=30)


class ExchangeFolders:
    """The folders of a mailbox on an Exchange server: `ports.folders.MailFolders`.

    Where the ids of inbox and Sent Items were remembered, they are not asked for again.
    """

    def __init__(self, session: Session, *, inbox: str = "", sent: str = "") -> None:
        self._session = session
        self._inbox, self._sent = inbox, sent
        self._glance: Glance | None = None
        #: When the glance was taken, as long as no look has used it.
        self._unused_since: datetime | None = None
        self._categories = CategoryList(session)

    def glance_for(self, look: Look, *, inbox: str, sent: str) -> Glance:
        """Return a glance to look by: the one that the tree was just asked for, or a new one."""
        since, self._unused_since = self._unused_since, None
        glance, now = self._glance, self._session.now()
        is_fresh = since is not None and timedelta(0) <= now - since < FRESH_FOR
        if glance is None or not (is_fresh and glance.is_whole) or (look.sent_items and not glance.sent):
            glance = take_glance(
                self._session, inbox=inbox, sent=sent, needs_sent=look.sent_items, others=look.folders
            )
        self._glance = glance
        return glance

    def landmarks(self) -> Glance:
        """Return the folders with inbox and Sent Items among them, asked for once in the session."""
        if self._glance is None or not self._glance.sent:
            inbox = self._glance.inbox if self._glance else ""
            self._glance = take_glance(self._session, inbox=inbox, needs_sent=True)
        return self._glance

    def tree(self) -> Sequence[Folder]:
        """Return every folder that holds mail, parents before children, as the last look showed them."""
        if self._glance is None:
            self._glance = take_glance(self._session, inbox=self._inbox, sent=self._sent)
            self._unused_since = self._session.now()
        return tree_of(self._glance)

    def ensure(self, name: str) -> str:
        """Return the id of the folder of this name at the top of the mailbox; make it when missing."""
        if found := self._find(name):
            return found
        self._glance = self._unused_since = None
        # Nobody may have looked since it was made.
        return self._find(name) or self._make(name)

    def move(self, server_ids: Sequence[str], folder: str) -> Mapping[str, str | TransportError]:
        """Move messages; return the new id of each, or why it could not be moved.

        A server that doesn't tell a new id leaves it empty.
        """
        moved: dict[str, str | TransportError] = {}
        for start in range(0, len(server_ids), CHUNK):
            moved.update(self._move(server_ids[start : start + CHUNK], folder))
        return moved

    def categories(self) -> Sequence[Category]:
        """Return the mailbox's list of categories; empty when it has none yet."""
        return self._categories.read()

    def add_category(self, category: Category) -> Category:
        """Add a category to the mailbox's list and return it with its id; one of that name stays."""
        return self._categories.add(category)

    def remove_category(self, category: Category) -> None:
        """Take a category off the mailbox's list; messages keep it. One that is not there is no error."""
        self._categories.remove(category)

    def recategorize(self, changes: Sequence[Recategorized]) -> Mapping[str, TransportError]:
        """Change categories of messages, read state and all else untouched; return what could not be."""
        return recategorize(self._session, changes)

    def owner_mark(self) -> OwnerMark | None:
        """Return whose mailbox this is noted to be, or None when nobody has said so."""
        return read_owner(self._session)

    def set_owner_mark(self, mark: OwnerMark) -> None:
        """Note in the mailbox whose it is."""
        write_owner(self._session, mark)

    def _find(self, name: str) -> str:
        top = (folder for folder in self.tree() if not folder.parent)
        return next((folder.id for folder in top if folder.name.casefold() == name.casefold()), "")

    def _make(self, name: str) -> str:
        # source: MS-OXWSFOLD 3.1.4.2
        folder = tag("t:Folder", tag("t:FolderClass", "IPF.Note"), tag("t:DisplayName", text(name)))
        request = tag(
            "m:CreateFolder",
            tag("m:ParentFolderId", self._session.known_folder("msgfolderroot")),
            tag("m:Folders", folder),
        )
        answer = self._session.one(request, f"The folder {name} was not made")
        self._glance = None
        made = answer.find("m:Folders/t:Folder/t:FolderId")
        return (made.get("Id") if made is not None else None) or self._find(name)

    def _move(self, ids: Sequence[str], folder: str) -> Iterator[tuple[str, str | TransportError]]:
        # source: MS-OXWSCORE 3.1.4.7
        request = tag(
            "m:MoveItem",
            tag("m:ToFolderId", folder_id(folder)),
            item_ids(ids),
            tag("m:ReturnNewItemIds", "true") if self._session.version >= "Exchange2010_SP1" else "",
        )
        messages = self._session.call(request, "The messages were not moved")
        for server_id, message in zip(ids, messages, strict=False):
            yield server_id, _moved(message)
        for server_id in ids[len(messages) :]:
            yield server_id, Refused("The server's answer leaves the message out.")


def _moved(message: Message) -> str | TransportError:
    if not message.is_ok:
        return about_item(message.said, "The message was not moved")
    item = next(message.all("m:Items/*"), None)
    return "" if item is None else item_id(item)
