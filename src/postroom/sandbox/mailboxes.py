"""Mailboxes to play with: accounts, passwords and messages, in memory or in a directory.

The sandbox's POP3 server reads from here and its SMTP server delivers to here. Everything is
safe to call from several threads. In a directory each message is a file of its own, so that
a sandbox can be ended and started again.
"""

import json
import re
import secrets
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

#: Seconds that a second session waits for the first to end before it is refused.
SESSION_PATIENCE = 0.5

_BARE_LINE_FEED = re.compile(rb"(?<!\r)\n")


@dataclass(frozen=True, slots=True)
class Kept:
    """One message in a mailbox; its bytes are read when they are asked for."""

    #: Stays the same as long as the message is here; the UIDL of POP3.
    uidl: str
    size: int
    content: bytes | Path

    def read(self) -> bytes:
        """Return the message with CRLF line ends."""
        return self.content.read_bytes() if isinstance(self.content, Path) else self.content


@dataclass(slots=True)
class _Account:
    """One mailbox: its password and what lies in it, in order of arrival."""

    password: str
    messages: list[Kept]
    folder: Path | None
    arrived: int = 0
    is_open: bool = False


class SandboxMailboxes:
    """All mailboxes of a sandbox; the user name of a mailbox is its address in lower case.

    With a directory, accounts and messages are kept there (passwords readable: they are toys).
    `catch_all` names the mailbox that takes what is sent to addresses nobody here has.
    """

    def __init__(self, directory: Path | None = None, *, catch_all: str | None = None) -> None:
        self._directory = directory
        self._catch_all = catch_all.lower() if catch_all else None
        self._accounts: dict[str, _Account] = {}
        self._lock = threading.RLock()
        self._freed = threading.Condition(self._lock)
        if directory is not None:
            directory.mkdir(parents=True, exist_ok=True)
            self._load(directory)

    def open_account(self, address: str, password: str) -> None:
        """Make a mailbox for the address, or change the password of the one it has."""
        with self._lock:
            user = address.lower()
            if user in self._accounts:
                self._accounts[user].password = password
            else:
                self._accounts[user] = _Account(password, [], self._folder(user))
            self._save_accounts()

    def users(self) -> list[str]:
        """Return the addresses of all mailboxes."""
        with self._lock:
            return list(self._accounts)

    def takes(self, address: str) -> bool:
        """Say whether mail to the address is taken."""
        with self._lock:
            return self._receiver(address) is not None

    def admits(self, user: str, password: str) -> bool:
        """Say whether this is the password of that mailbox."""
        with self._lock:
            account = self._accounts.get(user.lower())
            expected = account.password if account else secrets.token_hex()
            return secrets.compare_digest(expected.encode(), password.encode())

    def deliver(self, address: str, data: bytes) -> str:
        """Put a message into the mailbox of the address and return its UIDL; `LookupError` if it has none."""
        with self._lock:
            user = self._receiver(address)
            if user is None:
                raise LookupError(f"{address} has no mailbox here")
            return self._add(self._accounts[user], _BARE_LINE_FEED.sub(b"\r\n", data))

    def list(self, user: str) -> list[Kept]:
        """Return what lies in the mailbox, oldest first."""
        with self._lock:
            return list(self._accounts[user.lower()].messages)

    def delete(self, user: str, uidls: Iterable[str]) -> None:
        """Remove these messages; those that are not there are passed over."""
        gone = set(uidls)
        with self._lock:
            account = self._accounts[user.lower()]
            for kept in account.messages:
                if kept.uidl in gone and isinstance(kept.content, Path):
                    kept.content.unlink(missing_ok=True)
            account.messages = [kept for kept in account.messages if kept.uidl not in gone]

    def renumber(self, user: str) -> None:
        """Give every message of the mailbox a new UIDL, as servers do that lost their index."""
        with self._lock:
            account = self._accounts[user.lower()]
            messages, account.messages = account.messages, []
            for kept in messages:
                self._add(account, kept.read())
                if isinstance(kept.content, Path):
                    kept.content.unlink()

    @contextmanager
    def session(self, user: str) -> Iterator[bool]:
        """Give whether the mailbox is ours alone; POP3 allows one session at a time."""
        with self._freed:
            account = self._accounts[user.lower()]
            # A client that hung up a moment ago may not have been noticed yet.
            is_ours = self._freed.wait_for(lambda: not account.is_open, timeout=SESSION_PATIENCE)
            account.is_open = True
        try:
            yield is_ours
        finally:
            if is_ours:
                with self._freed:
                    account.is_open = False
                    self._freed.notify_all()

    def _receiver(self, address: str) -> str | None:
        user = address.lower()
        if user in self._accounts:
            return user
        return self._catch_all if self._catch_all in self._accounts else None

    def _add(self, account: _Account, data: bytes) -> str:
        account.arrived += 1
        uidl = secrets.token_hex(8)
        content: bytes | Path = data
        if account.folder is not None:
            content = account.folder / f"{account.arrived:08d}.{uidl}.eml"
            unready = content.with_suffix(".new")
            unready.write_bytes(data)
            unready.rename(content)
        account.messages.append(Kept(uidl, len(data), content))
        return uidl

    def _folder(self, user: str) -> Path | None:
        if self._directory is None:
            return None
        # quote() leaves dots alone; a user named ".." must not leave the directory.
        folder = self._directory / quote(user, safe="@").replace("..", "%2E%2E")
        folder.mkdir(exist_ok=True)
        return folder

    def _load(self, directory: Path) -> None:
        accounts = directory / "accounts.json"
        passwords = json.loads(accounts.read_text("utf-8")) if accounts.exists() else {}
        for user, password in passwords.items():
            account = _Account(password, [], self._folder(user))
            for file in sorted(account.folder.glob("*.eml") if account.folder else ()):
                number, uidl, _ = file.name.split(".")
                account.arrived = int(number)
                account.messages.append(Kept(uidl, file.stat().st_size, file))
            self._accounts[user] = account

    def _save_accounts(self) -> None:
        if self._directory is not None:
            passwords = {user: account.password for user, account in self._accounts.items()}
            accounts = self._directory / "accounts.json"
            accounts.touch(mode=0o600)
            accounts.write_text(json.dumps(passwords, indent=1), "utf-8")
