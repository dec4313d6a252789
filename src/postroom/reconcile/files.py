"""Attached files: the field `attachments`, comparable without reading what is in the files.

Each side knows its files by a state of its own, which changes with their content. Whether a file of one side
is that of the other is proven by a digest that both know, or by the id of a copy, which is made of what was
copied. Where neither proves it, whoever is about to write compares the contents.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID, uuid5

from postroom.mime.message import BytesContent, Content

_COPIES: Final = UUID("2f0c7d0e-8d0b-4f55-9b1c-6f1f0f4f7a31")
_NOTHING: Final = BytesContent(b"")


@dataclass(frozen=True, slots=True, repr=False)
class AttachedFile:
    """One file on an item; equal to another of its own side while nothing of it has changed."""

    name: str
    #: What its side gives anew with each content; it says nothing to the other side.
    state: str
    #: Why it stays where it is; empty for what is synchronized.
    refusal: str = ""
    #: Octets, near enough: some servers count what is around the content.
    size: int = field(default=0, compare=False)
    mimetype: str = field(default="", compare=False)
    #: The content's SHA-256 in hexadecimal digits, where the side knows it.
    digest: str = field(default="", compare=False)
    #: By what its side finds it.
    id: str = field(default="", compare=False)
    #: The record that it hangs on, where its id may be that of a copy.
    record: str = field(default="", compare=False)
    #: Read only when it is copied or compared; raises what its side raises.
    content: Content = field(default=_NOTHING, compare=False)

    def __repr__(self) -> str:
        """Return what a person recognizes it by."""
        return f"{self.name} ({self.size} bytes)"


Files = tuple[AttachedFile, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """What makes the files of an item the wanted ones."""

    added: Files
    removed: Files
    #: What stays, each with the wanted file that it is.
    stay: tuple[tuple[AttachedFile, AttachedFile], ...]


def files_in(value: object) -> Files:
    """Return the files of a field's value."""
    return tuple(each for each in value if isinstance(each, AttachedFile)) if isinstance(value, tuple) else ()


def kept(value: object) -> Files:
    """Return those files of a field's value that are synchronized."""
    return tuple(each for each in files_in(value) if not each.refusal)


def copy_id(record: str, state: str, digest: str) -> str:
    """Return the id that the copy of a file gets on a record.

    >>> copy_id("r", "s", "d") == copy_id("r", "s", "d") != copy_id("r", "s2", "d")
    True
    """
    return str(uuid5(_COPIES, f"{record} {state} {digest}"))


def is_proven_same(one: AttachedFile, other: AttachedFile) -> bool:
    """Say whether two files have one name and content, as far as that is known without reading them."""
    if one.name != other.name:
        return False
    if one.digest and other.digest:
        return one.digest == other.digest
    return one == other or _is_copy(one, other) or _is_copy(other, one)


def say_the_same(one: object, other: object) -> bool:
    """Say whether it is proven that both values hold the same files."""
    wanted = kept(other)
    left, unproven, _ = _paired(kept(one), wanted, is_proven_same)
    return not left and not unproven


def difference(present: object, wanted: object, digest_of: Callable[[AttachedFile], str]) -> Difference:
    """Return what is to be added and removed; of what is not proven the digests are asked for."""
    left, unproven, stay = _paired(kept(present), kept(wanted), is_proven_same)
    left, added, more = _paired(
        left, unproven, lambda mine, theirs: mine.name == theirs.name and digest_of(mine) == digest_of(theirs)
    )
    return Difference(tuple(added), tuple(left), (*stay, *more))


def united(one: object, other: object) -> Files:
    """Return the files of both, each that is proven to be in both once."""
    mine = kept(one)
    _, more, _ = _paired(mine, kept(other), is_proven_same)
    return (*mine, *more, *(each for each in files_in(other) if each.refusal))


def left_out(value: object) -> Sequence[str]:
    """Return which files are left where they are, and why."""
    return [f"“{each.name}”: {each.refusal}" for each in files_in(value) if each.refusal]


def _is_copy(copy: AttachedFile, original: AttachedFile) -> bool:
    return bool(copy.record and copy.digest) and copy.id == copy_id(copy.record, original.state, copy.digest)


def _paired(
    present: Iterable[AttachedFile],
    wanted: Iterable[AttachedFile],
    are_same: Callable[[AttachedFile, AttachedFile], bool],
) -> tuple[list[AttachedFile], list[AttachedFile], list[tuple[AttachedFile, AttachedFile]]]:
    """Return what is left of both when each file was put together with one that is the same."""
    # This is quadratic; items have a handful of files.
    left, missing, found = list(present), [], []
    for file in wanted:
        twin = next((each for each in left if are_same(each, file)), None)
        if twin is None:
            missing.append(file)
        else:
            left.remove(twin)
            found.append((twin, file))
    return left, missing, found
