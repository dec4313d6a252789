"""Items looked for in folders: all of them, those with a category, those with a Message-ID."""

from collections.abc import Iterator, Sequence

from postroom.servers.exchange.answer import Element
from postroom.servers.exchange.markup import field, shape, tag
from postroom.servers.exchange.session import Session, require

#: Items in one answer.
# source: EWS-THROTTLING
PAGE = 1000
#: Folders searched with one request.
FOLDERS = 50


def with_category(category: str) -> str:
    """Return the restriction to items that have this category."""
    # source: MS-OXWSSRCH 2.2.4.20
    constant = tag("t:Constant", Value=category)
    contains = tag(
        "t:Contains",
        field("item:Categories"),
        constant,
        ContainmentMode="FullString",
        ContainmentComparison="IgnoreCase",
    )
    return tag("m:Restriction", contains)


def with_message_ids(ids: Sequence[str]) -> str:
    """Return the restriction to messages with one of these Message-IDs, given without brackets."""
    conditions = [
        tag(
            "t:IsEqualTo",
            field("message:InternetMessageId"),
            tag("t:FieldURIOrConstant", tag("t:Constant", Value=f"<{each}>")),
        )
        for each in ids
    ]
    return tag("m:Restriction", tag("t:Or", *conditions) if len(conditions) > 1 else conditions[0])


def find_items(
    session: Session, folders: Sequence[str], paths: Sequence[str], restriction: str, problem: str
) -> Iterator[tuple[int, list[Element]]]:
    """Yield what is found, a page at a time, with the position of its folder among those given.

    Folders are given as markup. Many are searched with one request; one that holds more than a
    page is searched on alone.
    """
    for start in range(0, len(folders), FOLDERS):
        chunk = folders[start : start + FOLDERS]
        messages = session.call(_request(chunk, paths, restriction, 0), problem)
        for position, message in enumerate(messages[: len(chunk)]):
            if not message.is_ok and len(folders) > 1:
                # A folder that has gone since the others were listed, or may not be read.
                continue
            require([message], problem)
            yield start + position, list(message.all("m:RootFolder/t:Items/*"))
            offset = _following(message.find("m:RootFolder"), 0)
            while offset:
                rest = session.one(
                    _request(chunk[position : position + 1], paths, restriction, offset), problem
                )
                yield start + position, list(rest.all("m:RootFolder/t:Items/*"))
                offset = _following(rest.find("m:RootFolder"), offset)


def _following(root: Element | None, offset: int) -> int:
    """Return where the next page begins, or 0 when this was the last."""
    if root is None or root.get("IncludesLastItemInRange") != "false":
        return 0
    following = int(root.get("IndexedPagingOffset") or 0)
    return following if following > offset else 0


def _request(folders: Sequence[str], paths: Sequence[str], restriction: str, offset: int) -> str:
    view = tag(
        "m:IndexedPageItemView", MaxEntriesReturned=str(PAGE), Offset=str(offset), BasePoint="Beginning"
    )
    parents = tag("m:ParentFolderIds", *folders)
    return tag("m:FindItem", shape(*paths), view, restriction, parents, Traversal="Shallow")


def folder_id(folder: str) -> str:
    """Return the markup that names a folder by its id."""
    return tag("t:FolderId", Id=folder)
