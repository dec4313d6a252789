"""Only keeping: messages that are read already are judged and kept by the product, in its own batches."""

import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from bench.steps.setup import make_store
from postroom.app.settings import read_settings
from postroom.app.wiring import Postroom, open_postroom, set_up
from postroom.mime.message import RawBytes
from postroom.passes import access
from postroom.passes.gather import AddressBook
from postroom.passes.judge import Opened
from postroom.passes.keep import keep
from postroom.passes.opening import open_message
from postroom.passes.terms import terms_of
from postroom.ports.mail import Offered
from postroom.schema.ledger import Ledger
from postroom.schema.mailbox import Mailbox
from postroom.store import mailboxes


def store_only(url: str, folder: Path) -> dict[str, Any]:
    """Read everything, then judge and keep it in a new store, and return how long that took."""
    with tempfile.TemporaryDirectory(prefix="postroom-bench-keep-") as home:
        name = f"keep_{os.getpid()}"
        os.environ["POSTROOM_HOME"] = home
        os.environ["POSTROOM_DATABASE_URL"] = _new_database(url, name)
        settings = read_settings()
        set_up(settings)
        with open_postroom(settings) as postroom:
            make_store(postroom, 1, 1, "nobody")
            seconds = _keep_all(postroom, folder, settings.mail.batch_size)
            with postroom.database.read() as connection:
                count = connection.scalar(select(func.count()).select_from(Ledger))
    return {"messages": count, "seconds": seconds}


def _new_database(url: str, name: str) -> str:
    import psycopg

    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f"create database {name}")
    return url.rpartition("/")[0] + "/" + name


def _keep_all(postroom: Postroom, folder: Path, size: int) -> float:
    context = postroom.context()
    with postroom.database.read() as connection:
        mailbox = connection.scalar(select(Mailbox.mailboxid))
    assert mailbox is not None
    setup = access.read_setup(context, mailbox)
    receiver = mailboxes.receiver_of(setup)
    batch: list[Opened] = []
    for number, path in enumerate(sorted((folder / "cur").iterdir()), 1):
        raw = path.read_bytes()
        batch.append(open_message(Offered(f"{number:08x}", number, len(raw)), RawBytes(raw), receiver))
    offered = frozenset(opened.offered.server_id for opened in batch)
    start = time.perf_counter()
    with postroom.database.read() as connection:
        terms = terms_of(connection, setup, context.clock.now(), offered)
    book = AddressBook()
    for place in range(0, len(batch), size):
        slice_: Sequence[Opened] = batch[place : place + size]
        keep(context, book, slice_, terms)
    return time.perf_counter() - start
