"""How each look-up of one batch is answered: by which index, and how much is read.

    python -m bench.steps.plans [--smart] [--text] STORE        STORE: NAME=SIZE=URL

PostgreSQL carries each statement out and counts the rows that every node of its plan reads. SQLite tells its
plan, and the instructions that its virtual machine takes are counted.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, event

from bench.corpus import SEED, generate
from bench.steps.decide import Clock, Lot, open_store, run_batch

_BATCH = 200
# Of a table with fewer rows a planner may well read all for the hundreds of keys of a batch.
_SMALL_TABLE = 20_000


@dataclass(slots=True)
class LookUp:
    """One statement, and how the database answers it."""

    statement: str
    parameters: Any
    plan: list[str] = field(default_factory=list)
    #: Rows of tables and entries of indexes that were read (PostgreSQL).
    rows_read: int = 0
    rows_returned: int = 0
    #: Instructions of the virtual machine, to the next hundred (SQLite).
    instructions: int = 0
    #: Large tables that were read as a whole.
    whole_tables: list[str] = field(default_factory=list)


@contextmanager
def _heard() -> Iterator[list[tuple[str, Any]]]:
    heard: list[tuple[str, Any]] = []

    def on_execute(_c: Any, _cursor: Any, text: str, parameters: Any, _x: Any, many: bool) -> None:  # noqa: FBT001
        heard.append((text, parameters))

    event.listen(Engine, "before_cursor_execute", on_execute)
    try:
        yield heard
    finally:
        event.remove(Engine, "before_cursor_execute", on_execute)


def look_ups(store_text: str, *, smart: bool) -> list[LookUp]:
    """Decide one batch, then ask the database how it answered each question."""
    store = open_store(store_text)
    with store.database.read() as connection:
        connection.begin()
        lot = Lot(generate(_BATCH, seed=SEED + smart), _BATCH)
        with _heard() as heard:
            run_batch(Clock(), [(store, connection)], lot, smart=smart)
        explain = _EXPLAINERS[connection.dialect.name]
        return [explain(connection, LookUp(text, parameters)) for text, parameters in heard]


def _on_postgresql(connection: Connection, look_up: LookUp) -> LookUp:
    explain = "EXPLAIN (ANALYZE, FORMAT JSON) " + look_up.statement
    answer = connection.exec_driver_sql(explain, look_up.parameters).scalar_one()
    root = answer[0]["Plan"]
    look_up.rows_returned = root["Actual Rows"]
    for depth, node in _nodes(root):
        read = int((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"])
        name = node.get("Index Name") or node.get("Relation Name") or ""
        look_up.plan.append(f"{'  ' * depth}{node['Node Type']} {name}: {read} rows".replace(" :", ":"))
        if "Relation Name" in node:
            look_up.rows_read += read
        if node["Node Type"] == "Seq Scan" and read > _SMALL_TABLE:
            look_up.whole_tables.append(name)
    return look_up


def _nodes(node: Mapping[str, Any], depth: int = 0) -> Iterator[tuple[int, Mapping[str, Any]]]:
    yield depth, node
    for below in node.get("Plans", ()):
        yield from _nodes(below, depth + 1)


# What SQLite calls the list of keys that a statement asks for.
_ASKED = frozenset({"asked", "json_each"})


def _on_sqlite(connection: Connection, look_up: LookUp) -> LookUp:
    rows = connection.exec_driver_sql("EXPLAIN QUERY PLAN " + look_up.statement, look_up.parameters)
    look_up.plan = [row[3] for row in rows]
    driver: Any = connection.connection.driver_connection
    counted = 0

    def count() -> int:
        nonlocal counted
        counted += 100
        return 0

    driver.set_progress_handler(count, 100)
    try:
        look_up.rows_returned = len(connection.exec_driver_sql(look_up.statement, look_up.parameters).all())
    finally:
        driver.set_progress_handler(None, 0)
    look_up.instructions = counted
    # The keys that were asked for come as a table of their own, and what a subselect found as another.
    scans = (line.removeprefix("SCAN ").split()[0] for line in look_up.plan if line.startswith("SCAN "))
    found = {line.split()[1] for line in look_up.plan if line.startswith("CO-ROUTINE ")}
    look_up.whole_tables = [n for n in scans if n not in {*_ASKED, *found} and not n.startswith("(")]
    return look_up


_EXPLAINERS: Mapping[str, Callable[[Connection, LookUp], LookUp]] = {
    "postgresql": _on_postgresql,
    "sqlite": _on_sqlite,
}


def shortened(statement: str) -> str:
    """Return a statement in one line, its columns and parameters cut short."""
    words = " ".join(statement.split())
    return words if len(words) <= 160 else f"{words[:70]} ... {words[-85:]}"


def main(arguments: Sequence[str]) -> dict[str, Any]:
    """Return the look-ups of one batch, with their plans and sums."""
    parser = argparse.ArgumentParser(prog="bench.steps.plans")
    parser.add_argument("--smart", action="store_true", help="with smart matching")
    parser.add_argument("--text", action="store_true", help="show the plans to a person")
    parser.add_argument("store")
    options = parser.parse_args(arguments)
    found = look_ups(options.store, smart=options.smart)
    if options.text:
        for each in found:
            sys.stdout.write(
                f"{shortened(each.statement)}\n  {each.rows_returned} rows returned, {each.rows_read} read, "
                f"{each.instructions} instructions\n" + "".join(f"    {line}\n" for line in each.plan)
            )
    listed = [
        {
            "statement": shortened(each.statement),
            "rows_returned": each.rows_returned,
            "rows_read": each.rows_read,
            "instructions": each.instructions,
            "plan": each.plan,
        }
        for each in found
    ]
    return {
        "statements": len(found),
        "rows_returned": sum(each.rows_returned for each in found),
        "rows_read": sum(each.rows_read for each in found),
        "instructions": sum(each.instructions for each in found),
        "whole_tables": [
            f"{name}: {shortened(each.statement)}" for each in found for name in each.whole_tables
        ],
        "look_ups": listed,
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1:])) + "\n")
