"""Only storing on PostgreSQL: the mail is read beforehand, the storing is timed.

python -m bench.steps.store copy|rows|rows200|ours URL MAILDIR
"""

import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psycopg

from bench.steps.record import Record, read

_SCHEMA = """
drop table if exists message, party, attachment;
create table message (
  id bigint primary key, uidl text unique, message_id text, in_reply_to text, refs text, subject text,
  date text, body_text text, body_html text, size bigint);
create index message_message_id on message (message_id);
create table party (message bigint, role text, name text, address text);
create index party_address on party (address);
create table attachment (message bigint, name text, type text, body bytea);
"""
_COLUMNS = {
    "message": ["int8", *["text"] * 8, "int8"],
    "party": ["int8", "text", "text", "text"],
    "attachment": ["int8", "text", "text", "bytea"],
}
_BATCH = 200
#: The rows of one message by table.
Rows = Mapping[str, Sequence[Sequence[Any]]]


def rows_of(number: int, record: Record, size: int) -> Rows:
    """Return the rows of one message by table; the same that the naive program keeps."""
    head = [_storable(text) for text in record.head]
    message = (number, f"{number:08x}", *head, _storable(record.text), _storable(record.html), size)
    parties = [(number, role, _storable(name), _storable(address)) for role, name, address in record.parties]
    files = [(number, _storable(name), kind, body) for name, kind, body in record.attachments]
    return {"message": [message], "party": parties, "attachment": files}


def _storable(text: str) -> str:
    # PostgreSQL takes neither NUL nor lone surrogates.
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def copy(connection: psycopg.Connection, messages: Sequence[Rows]) -> None:
    """Store by COPY, 200 messages a transaction."""
    for start in range(0, len(messages), _BATCH):
        batch = messages[start : start + _BATCH]
        with connection.cursor() as cursor:
            for table, types in _COLUMNS.items():
                with cursor.copy(f"copy {table} from stdin (format binary)") as writer:
                    writer.set_types(types)
                    for message in batch:
                        for row in message[table]:
                            writer.write_row(row)
        connection.commit()


def insert(connection: psycopg.Connection, messages: Sequence[Rows], *, each: int) -> None:
    """Store row by row, committing after so many messages."""
    cursor = connection.cursor(binary=True)
    for number, message in enumerate(messages, 1):
        for table, types in _COLUMNS.items():
            for row in message[table]:
                cursor.execute(f"insert into {table} values ({', '.join(['%s'] * len(types))})", row)  # noqa: S608
        if number % each == 0:
            connection.commit()
    connection.commit()


def main(way: str, url: str, folder: Path) -> dict[str, Any]:
    """Read everything, then store it, and return how long the storing took."""
    if way == "ours":
        from bench.steps.keep import store_only

        return store_only(url, folder)
    messages = []
    for number, path in enumerate(sorted((folder / "cur").iterdir())):
        raw = path.read_bytes()
        messages.append(rows_of(number, read(raw), len(raw)))
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        connection.execute(_SCHEMA)
        connection.commit()
        start = time.perf_counter()
        if way == "copy":
            copy(connection, messages)
        else:
            insert(connection, messages, each=_BATCH if way == "rows200" else 1)
        seconds = time.perf_counter() - start
        found = connection.execute("select count(*) from message").fetchone()
    return {"messages": found[0] if found else 0, "seconds": seconds}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))) + "\n")
