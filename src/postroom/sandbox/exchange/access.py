"""Who may do what in the sandbox's Exchange: passwords, impersonation, delegates."""

import secrets
from enum import Flag, auto


class Right(Flag):
    """What a delegate may do for the owner of a mailbox."""

    #: See and change what lies in the mailbox.
    OPEN = auto()
    #: Send so that recipients see both names.
    SEND_ON_BEHALF = auto()
    #: Send as if it were the owner.
    SEND_AS = auto()


class Access:
    """The books of rights; addresses compare without regard to case."""

    def __init__(self) -> None:
        self._passwords: dict[str, str] = {}
        self._impersonators: set[str] = set()
        self._delegates: dict[tuple[str, str], Right] = {}

    def set_password(self, user: str, password: str) -> None:
        """Let the user sign in with this password from now on."""
        self._passwords[user.lower()] = password

    def admits(self, user: str, password: str) -> bool:
        """Say whether this is the user's password."""
        expected = self._passwords.get(user.lower()) or secrets.token_hex()
        return secrets.compare_digest(expected.encode(), password.encode())

    def knows(self, user: str) -> bool:
        """Say whether there is such a user."""
        return user.lower() in self._passwords

    def allow_impersonation(self, user: str) -> None:
        """Let the user act as any other."""
        self._impersonators.add(user.lower())

    def forbid_impersonation(self, user: str) -> None:
        """Let the user act as nobody else from now on."""
        self._impersonators.discard(user.lower())

    def may_impersonate(self, user: str) -> bool:
        """Say whether the user may act as others."""
        return user.lower() in self._impersonators

    def allow_delegate(self, owner: str, delegate: str, rights: Right) -> None:
        """Let the delegate do these things for the owner, and no others."""
        self._delegates[owner.lower(), delegate.lower()] = rights

    def rights_of(self, user: str, owner: str) -> Right:
        """Return what the user may do in the owner's mailbox; everything in their own."""
        if user.lower() == owner.lower():
            return Right.OPEN | Right.SEND_ON_BEHALF | Right.SEND_AS
        return self._delegates.get((owner.lower(), user.lower()), Right(0))

    def delegates_of(self, owner: str) -> dict[str, Right]:
        """Return the owner's delegates and what each may do."""
        return {who: rights for (whose, who), rights in self._delegates.items() if whose == owner.lower()}
