"""What "test and enable" and "test connection" show of an Exchange mailbox, step by step."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from postroom.errors import BadReply
from postroom.servers.connection import Security, Step, connect, resolve, run_steps
from postroom.servers.exchange.account import ExchangeAccount
from postroom.servers.exchange.answer import parsed
from postroom.servers.exchange.autodiscover import OnFound, locate
from postroom.servers.exchange.item import LISTED, item_id
from postroom.servers.exchange.markup import TYPES, field, item_ids, shape, tag
from postroom.servers.exchange.session import Session

Action = tuple[str, Callable[[], str]]


def check_incoming(account: ExchangeAccount, *, on_found: OnFound | None = None) -> Iterator[Step]:
    """Try to read the mailbox: find the server, reach it, sign in, list folders, read one message.

    Ends after the first step that fails. Nothing in the mailbox is changed.
    """
    yield from run_steps(_incoming(account, on_found))


def check_outgoing(account: ExchangeAccount, *, on_found: OnFound | None = None) -> Iterator[Step]:
    """Try all of sending that can be tried without sending."""
    yield from run_steps(_outgoing(account, on_found))


def _incoming(account: ExchangeAccount, on_found: OnFound | None) -> Iterator[Action]:
    sessions: list[Session] = []
    yield from _reached(account, on_found, sessions)
    yield "find folder", lambda: _find_folder(sessions[0])
    yield "read", lambda: _read(sessions[0])


def _outgoing(account: ExchangeAccount, on_found: OnFound | None) -> Iterator[Action]:
    sessions: list[Session] = []
    yield from _reached(account, on_found, sessions)
    yield "find folder", lambda: _get_folder(sessions[0], "sentitems")


def _reached(account: ExchangeAccount, on_found: OnFound | None, sessions: list[Session]) -> Iterator[Action]:
    """Give the steps up to an open mailbox; each prepares what the next one needs."""
    places = [account]

    def discover() -> str:
        # Asked anew, not remembered: it is the asking that is tried.
        url = locate(account)
        places[0] = replace(account, url=url)
        if on_found:
            on_found(url)
        return url

    def find() -> str:
        addresses = resolve(places[0].endpoint())
        return ", ".join(dict.fromkeys(map(str, addresses)))

    def reach() -> str:
        endpoint = places[0].endpoint()
        connect(endpoint, resolve(endpoint)).close()
        return f"connected to {endpoint}"

    def enter() -> str:
        sessions.append(Session(places[0]))
        return _sign_in(sessions[0])

    if account.autodiscovers:
        yield "Autodiscover", discover
    yield "resolve", find
    yield "connect", reach
    if places[0].endpoint().security is Security.TLS:
        yield "TLS", lambda: _begin_tls(places[0])
    yield "sign in", enter


def _begin_tls(account: ExchangeAccount) -> str:
    endpoint = account.endpoint()
    connection = connect(endpoint, resolve(endpoint))
    try:
        connection.start_tls()
        return connection.protection
    finally:
        connection.close()


def _sign_in(session: Session) -> str:
    """Open the inbox and return the server's version."""
    session.one(_folder_request(session, "inbox"), "The inbox was not opened")
    request = session.wrapped(_folder_request(session, "inbox"))
    with session.post(request) as reply:
        root = parsed(session.octets(reply))
    version = next(root.iter(f"{{{TYPES}}}ServerVersionInfo"), None)
    if version is None:
        return "signed in"
    numbers = (version.get(f"{part}{kind}") for kind in ("Version", "BuildNumber") for part in _PARTS)
    return f"Exchange {'.'.join(filter(None, numbers))}"


_PARTS = ("Major", "Minor")


def _folder_request(session: Session, name: str) -> str:
    wanted = shape(field("folder:TotalCount"), element="m:FolderShape")
    return tag("m:GetFolder", wanted, tag("m:FolderIds", session.known_folder(name)))


def _get_folder(session: Session, name: str) -> str:
    answer = session.one(_folder_request(session, name), f"The folder {name} was not opened")
    return f"{answer.text('m:Folders/*/t:TotalCount') or 'some'} messages in {name}"


def _find_folder(session: Session) -> str:
    """Look for a folder below the inbox, as the original's test does; one entry is enough."""
    view = tag("m:IndexedPageFolderView", MaxEntriesReturned="1", Offset="0", BasePoint="Beginning")
    request = tag(
        "m:FindFolder",
        shape(element="m:FolderShape"),
        view,
        tag("m:ParentFolderIds", session.known_folder("inbox")),
        Traversal="Shallow",
    )
    root = session.one(request, "The folders of the inbox were not listed").find("m:RootFolder")
    count = root.get("TotalItemsInView") if root is not None else None
    return f"{count or 'some'} folders in the inbox"


def _read(session: Session) -> str:
    """Read what a pass would read first."""
    said = [_get_folder(session, "inbox")]
    view = tag("m:IndexedPageItemView", MaxEntriesReturned="1", Offset="0", BasePoint="Beginning")
    request = tag(
        "m:FindItem",
        shape(),
        view,
        tag("m:ParentFolderIds", session.known_folder("inbox")),
        Traversal="Shallow",
    )
    found = session.one(request, "The inbox was not listed")
    ids = [item_id(item) for item in found.all("m:RootFolder/t:Items/*")]
    if ids:
        messages = session.call(
            tag("m:GetItem", shape(*LISTED), item_ids(ids)), "The first message was not given"
        )
        if not messages:
            raise BadReply("The server's answer says nothing about the first message.")
        # It may have gone in the meantime; that the server answers is what counts.
        said.append("the first message was read" if messages[0].is_ok else messages[0].said.reply)
    return "; ".join(said)
