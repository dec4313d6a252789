"""The sandbox's Exchange itself: all mailboxes, who may open them, mail between them."""

import threading
from collections.abc import Callable

from postroom.ports.clock import Clock, SystemClock
from postroom.sandbox.exchange.access import Access, Right
from postroom.sandbox.exchange.autodiscover import Redirect
from postroom.sandbox.exchange.calendar_mail import take_meeting
from postroom.sandbox.exchange.events import Event
from postroom.sandbox.exchange.incoming import read_in
from postroom.sandbox.exchange.item import Item
from postroom.sandbox.exchange.mailbox import KEY_LENGTH, Mailbox
from postroom.sandbox.exchange.oauth import TokenIssuer
from postroom.sandbox.exchange.outlook import Outlook
from postroom.sandbox.exchange.postman import Postman
from postroom.sandbox.mailboxes import SandboxMailboxes


class ExchangeOffice:
    """All that an Exchange organization holds, in memory; safe to use from several threads.

    Mail to addresses without a mailbox here goes to `others` when these have one, else to the
    relay that the server is given, and comes back as a bounce when nobody takes it.
    """

    def __init__(self, *, clock: Clock | None = None, others: SandboxMailboxes | None = None) -> None:
        self.clock = clock or SystemClock()
        self.lock = threading.RLock()
        self.access = Access()
        self.tokens = TokenIssuer(self.clock)
        self.postman = Postman(self, others)
        #: Where autodiscover sends those who ask for these addresses, in lower case.
        self.elsewhere: dict[str, Redirect] = {}
        self._mailboxes: dict[str, Mailbox] = {}
        self._by_key: dict[str, Mailbox] = {}
        self._aliases: dict[str, str] = {}
        self._listeners: list[Callable[[Event], None]] = []

    def open_account(
        self, address: str, password: str, name: str = "", *, aliases: tuple[str, ...] = ()
    ) -> Mailbox:
        """Make a mailbox for the address, or change the password of the one it has, and return it."""
        with self.lock:
            user = address.lower()
            self.access.set_password(user, password)
            if user not in self._mailboxes:
                shown = name or address.partition("@")[0].replace(".", " ").title()
                made = Mailbox(address, password, shown, self.clock, self._tell)
                self._mailboxes[user] = made
                self._by_key[made.key] = made
            self._aliases.update((alias.lower(), user) for alias in aliases)
            return self._mailboxes[user]

    def open_service_account(self, user: str, password: str) -> None:
        """Let a program sign in that has no mailbox; it may act as anybody."""
        with self.lock:
            self.access.set_password(user, password)
            self.access.allow_impersonation(user)

    def register_application(self, client_id: str, secret: str) -> None:
        """Let a program get tokens; it may act as anybody."""
        with self.lock:
            self.tokens.register(client_id, secret)
            self.access.allow_impersonation(client_id)

    def mailboxes(self) -> list[Mailbox]:
        """Return all mailboxes in the order in which they were made."""
        with self.lock:
            return list(self._mailboxes.values())

    def find_mailbox(self, address: str) -> Mailbox | None:
        """Return the mailbox of an address or alias, or None."""
        with self.lock:
            user = address.lower()
            return self._mailboxes.get(self._aliases.get(user, user))

    def get_mailbox(self, address: str) -> Mailbox:
        """Return the mailbox of an address; `LookupError` when it has none here."""
        found = self.find_mailbox(address)
        if found is None:
            raise LookupError(f"{address} has no mailbox here")
        return found

    def mailbox_by_id(self, some_id: str) -> Mailbox | None:
        """Return the mailbox in which an id was made, or None for an id of no mailbox."""
        return self._by_key.get(some_id[:KEY_LENGTH])

    def takes(self, address: str) -> bool:
        """Say whether mail to the address is taken."""
        return self.find_mailbox(address) is not None

    def deliver(self, address: str, raw: bytes, folder: str = "inbox") -> str:
        """Put a message into the mailbox of the address and return the item's id.

        `LookupError` when the address has no mailbox here.
        """
        with self.lock:
            mailbox = self.get_mailbox(address)
            item = read_in(mailbox, mailbox.get_standard(folder), raw)
            take_meeting(mailbox, item)
            mailbox.keep(item)
            mailbox.announce(item)
            return item.id

    def allow_impersonation(self, user: str) -> None:
        """Let the user act as any other."""
        with self.lock:
            self.access.allow_impersonation(user)

    def allow_delegate(
        self, owner: str, delegate: str, rights: Right = Right.OPEN | Right.SEND_ON_BEHALF
    ) -> None:
        """Let the delegate do these things in the owner's mailbox."""
        with self.lock:
            self.access.allow_delegate(owner, delegate, rights)

    def listen(self, listener: Callable[[Event], None]) -> None:
        """Tell the listener of all that happens in any mailbox, while the lock is held."""
        with self.lock:
            self._listeners.append(listener)

    def forget_listener(self, listener: Callable[[Event], None]) -> None:
        """Tell the listener nothing more."""
        with self.lock:
            if listener in self._listeners:
                self._listeners.remove(listener)

    def outlook(self, address: str) -> Outlook:
        """Return the hands of the person whose mailbox it is."""
        return Outlook(self, self.get_mailbox(address))

    def find_item(self, item_id: str) -> Item | None:
        """Return the item of this id, in whichever mailbox, or None."""
        with self.lock:
            mailbox = self.mailbox_by_id(item_id)
            return mailbox.find_item(item_id) if mailbox else None

    def _tell(self, event: Event) -> None:
        for listener in self._listeners:
            listener(event)
