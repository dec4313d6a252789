"""Many workers that read many mailboxes at one time, as one process each would."""

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from postroom.passes.context import Context
from postroom.passes.receive import receive
from postroom.passes.result import PassResult
from postroom.ports.mail import MailSource
from postroom.servers.memory import MemoryMailbox, MemorySource
from postroom.store.database import Database
from postroom.store.mailboxes import Setup
from postroom.store.records import Records
from tests.support.company import Company


def add_users(company: Company, count: int, *, filtering: int = 0) -> list[str]:
    """Give the company that many users with working mailboxes, and return their addresses."""
    addresses = [f"user{number}@corp.example" for number in range(count)]
    for number, address in enumerate(addresses):
        company.ids[address] = company.add_user(address, f"User {number}", filtering=filtering)
    company.enable(*addresses)
    return addresses


def a_mailbox(messages: Sequence[bytes]) -> MemoryMailbox:
    """Return a mailbox in memory with these messages in it."""
    mailbox = MemoryMailbox()
    for message in messages:
        mailbox.deliver(message)
    return mailbox


def read_at_once(
    company: Company, sources: Mapping[str, MemoryMailbox], *, batch_size: int = 200
) -> list[PassResult]:
    """Read all these mailboxes at one time, each with a connection of its own to the store."""
    gate = threading.Barrier(len(sources))
    mailboxes = {address: company.mailbox(address) for address in sources}

    def read(address: str) -> PassResult:
        database = Database(company.context.database.url)
        context = replace(
            company.context,
            database=database,
            records=Records(database, company.records.secrets, company.clock),
            mail=replace(company.context.mail, batch_size=batch_size),
        )

        def opener(_: Context, __: Setup) -> MailSource:
            gate.wait(timeout=60)
            return MemorySource(sources[address])

        try:
            return receive(context, mailboxes[address], opener=opener)
        finally:
            database.dispose()

    with ThreadPoolExecutor(len(sources)) as threads:
        return list(threads.map(read, sources))
