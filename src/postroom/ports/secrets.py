"""Secrets at rest: sealed before they reach the store, opened when a server asks for them."""

from typing import Protocol


class Secrets(Protocol):
    """Seals and opens secrets; a sealed secret is bound to the place it was sealed for."""

    def seal(self, plain: str, *, place: str) -> str:
        """Return the text to store. `place` names table, row and column."""
        ...

    def open(self, sealed: str, *, place: str) -> str:
        """Return the plain secret; raises `UserError` when key or place do not fit."""
        ...
