"""One request under way: who asks, as whom, and how its ids become folders and items."""

from dataclasses import dataclass, field

from lxml import etree

from postroom.sandbox.exchange.access import Right
from postroom.sandbox.exchange.folder import Folder
from postroom.sandbox.exchange.item import Item
from postroom.sandbox.exchange.mailbox import Mailbox
from postroom.sandbox.exchange.names import ROOT, child_text, local_name, t_name
from postroom.sandbox.exchange.notifications import Subscriptions
from postroom.sandbox.exchange.office import ExchangeOffice
from postroom.sandbox.exchange.refusal import Refusal
from postroom.sandbox.exchange.series import occurrence_at
from postroom.sandbox.faults import Fault, Faults, Misbehaviour

#: The attributes in which t:ItemId, t:OccurrenceItemId and t:RecurringMasterItemId have an id.
_IDS = ("Id", "RecurringMasterId", "OccurrenceId")


@dataclass(slots=True)
class Call:
    """One request; operations look everything up through it."""

    office: ExchangeOffice
    operation: str
    #: Who signed in.
    signed_in: str
    #: Whose rights count: the impersonated user, or who signed in.
    user: str
    subscriptions: Subscriptions
    version: str = ""
    time_zone: etree._Element | None = None
    faults: Faults = field(default_factory=Faults)

    @property
    def mailbox(self) -> Mailbox:
        """Return the mailbox of the user; a program without one is refused."""
        found = self.office.find_mailbox(self.user)
        if found is None:
            raise Refusal(
                "ErrorMissingEmailAddress",
                "When making a request as an account that does not have a mailbox, "
                "you must specify the mailbox primary SMTP address for any distinguished folder Ids.",
            )
        return found

    def strike(self, kind: Misbehaviour) -> Fault | None:
        """Return the fault of this kind that strikes this request now, or None."""
        return self.faults.strike(kind, self.user, operation=self.operation)

    def mailbox_of(self, address: str) -> Mailbox:
        """Return the mailbox of an address that the user may open."""
        found = self.office.find_mailbox(address)
        if found is None:
            raise Refusal("ErrorNonExistentMailbox", "The SMTP address has no mailbox associated with it.")
        return self._opened(found)

    def folder(self, element: etree._Element) -> tuple[Mailbox, Folder]:
        """Return the folder that a t:FolderId or t:DistinguishedFolderId names, and whose it is."""
        if local_name(element) == "DistinguishedFolderId":
            return self._distinguished(element)
        mailbox = self._by_id(element.get("Id") or "")
        found = mailbox.folders.get(element.get("Id") or "") if mailbox else None
        if mailbox is None or found is None:
            raise Refusal("ErrorItemNotFound", "The specified object was not found in the store.")
        return mailbox, found

    def folder_in(self, holder: etree._Element | None, missing: str = "") -> tuple[Mailbox, Folder] | None:
        """Return the folder named within an element such as m:ToFolderId, or None without one.

        `missing` is the code of the refusal when there is no such folder.
        """
        if holder is None or not len(holder):
            return None
        try:
            return self.folder(holder[0])
        except Refusal as refusal:
            if missing and refusal.code in ("ErrorItemNotFound", "ErrorFolderNotFound"):
                raise Refusal(missing, "The specified folder could not be found.") from refusal
            raise

    def item(self, element: etree._Element) -> tuple[Mailbox, Item]:
        """Return the item that an id names, also an occurrence or a series by the other, and whose it is."""
        item_id = next((element.get(name) for name in _IDS if element.get(name)), "")
        mailbox = self._by_id(item_id)
        found = mailbox.find_item(item_id) if mailbox else None
        if mailbox is not None and found is not None:
            found = _within_series(mailbox, found, element)
        if mailbox is None or found is None:
            raise Refusal("ErrorItemNotFound", "The specified object was not found in the store.")
        self._withhold(found)
        return mailbox, found

    def _distinguished(self, element: etree._Element) -> tuple[Mailbox, Folder]:
        holder = element.find(t_name("Mailbox"))
        address = child_text(holder, "EmailAddress") if holder is not None else ""
        mailbox = self.mailbox_of(address) if address else self.mailbox
        found = mailbox.standard(element.get("Id") or ROOT)
        if found is None:
            raise Refusal("ErrorFolderNotFound", "The specified folder could not be found in the store.")
        return mailbox, found

    def _by_id(self, some_id: str) -> Mailbox | None:
        if not some_id or len(some_id) < 24:
            raise Refusal("ErrorInvalidIdMalformed", "Id is malformed.")
        mailbox = self.office.mailbox_by_id(some_id)
        return self._opened(mailbox) if mailbox else None

    def _opened(self, mailbox: Mailbox) -> Mailbox:
        if not self.office.access.rights_of(self.user, mailbox.address) & Right.OPEN:
            raise Refusal("ErrorAccessDenied", "Access is denied. Check credentials and try again.")
        return mailbox

    def _withhold(self, item: Item) -> None:
        names = (item.id, item.text("message:InternetMessageId"), item.text("item:Subject"))
        fault = self.faults.strike(Misbehaviour.WITHHOLD, self.user, operation=self.operation, names=names)
        if fault is not None:
            code = fault.answer or "ErrorItemNotFound"
            raise Refusal(code, f"This item is withheld: {code}.")


def _within_series(mailbox: Mailbox, found: Item, element: etree._Element) -> Item:
    """Return the occurrence of a number, or the series of an occurrence, where the element asks for these."""
    if local_name(element) == "OccurrenceItemId":
        text = element.get("InstanceIndex") or ""
        return occurrence_at(found, int(text) if text.isdecimal() and len(text) < 9 else 0)
    if local_name(element) == "RecurringMasterItemId":
        master = mailbox.master_of(found)
        if master is None:
            raise Refusal("ErrorCalendarCannotUseIdForOccurrenceId", "The specified Id is no occurrence's.")
        return master
    return found
