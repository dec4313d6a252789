"""Upgrades without a stop: programs of a former release work on the store of the present one."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from tests.support import postgres
from tests.support.rows import a_value

from postroom.app.settings import Settings, read_settings
from postroom.app.wiring import open_postroom, set_up
from postroom.errors import UserError
from postroom.schema.table import Row
from postroom.store import migrations
from postroom.store.database import Database
from postroom.store.migrations import Fit, steps
from postroom.store.records import ORGANIZATION_ID


@dataclass(frozen=True)
class Shape:
    """A table as the database has it."""

    columns: Mapping[str, Mapping[str, Any]]
    #: Columns whose values together must differ from row to row.
    unique: frozenset[frozenset[str]]


def shapes(connection: sa.Connection) -> dict[str, Shape]:
    """Return the shape of every table."""
    inspector = sa.inspect(connection)
    return {
        name: _shape(inspector, name) for name in inspector.get_table_names() if name != "alembic_version"
    }


def _shape(inspector: sa.Inspector, name: str) -> Shape:
    unique = [each["column_names"] for each in inspector.get_unique_constraints(name)]
    unique += [each["column_names"] for each in inspector.get_indexes(name) if each["unique"]]
    columns = {column["name"]: column for column in inspector.get_columns(name)}
    return Shape(columns, frozenset(frozenset(str(column) for column in each) for each in unique))


def what_old_programs_trip_over(before: Mapping[str, Shape], after: Mapping[str, Shape]) -> list[str]:
    """Return what a step does beyond adding."""
    found = [f"the table {name} is gone" for name in before if name not in after]
    for name, old in before.items():
        if name in after:
            found += [f"{name}: {what}" for what in _changes(old, after[name])]
    return found


def _changes(old: Shape, new: Shape) -> Iterator[str]:
    for name, column in old.columns.items():
        if name not in new.columns:
            yield f"{name} is gone"
            continue
        if str(new.columns[name]["type"]) != str(column["type"]):
            yield f"{name} has another type"
        if column["nullable"] and not new.columns[name]["nullable"]:
            yield f"{name} must have a value now"
    for name, column in new.columns.items():
        if name not in old.columns and not column["nullable"] and column["default"] is None:
            yield f"{name} is new, must have a value and has no default"
    for columns in new.unique - old.unique:
        # Of a new column old programs write only nulls or its default.
        if columns <= set(old.columns):
            yield f"{', '.join(sorted(columns))} must be unique now"


@contextmanager
def stepping(path: Path) -> Iterator[tuple[Database, list[str]]]:
    """Give a store without tables and the revisions in their order."""
    database = Database(f"sqlite:///{path}/steps.sqlite")
    yield database, migrations._revisions()
    database.dispose()


def test_every_step_only_adds_so_that_old_programs_go_on(tmp_path: Path) -> None:
    with stepping(tmp_path) as (database, revisions), database.write() as connection:
        steps.take_all(connection, revisions[0])
        before = shapes(connection)
        for revision in revisions[1:]:
            steps.take_all(connection, revision)
            after = shapes(connection)
            found = what_old_programs_trip_over(before, after)
            assert not found or revision <= migrations.OLDEST, (
                f"step {revision} must not: {found}. Take it apart: add now, remove a release after nothing "
                "reads it, and raise OLDEST then."
            )
            before = after


OLD = Shape(
    {
        "id": {"type": "INT", "nullable": False, "default": None},
        "note": {"type": "TEXT", "nullable": True, "default": None},
    },
    frozenset(),
)


@pytest.mark.parametrize(
    ("columns", "unique", "fault"),
    [
        ({"note": None}, [], "note is gone"),
        ({"note": {"type": "INT", "nullable": True, "default": None}}, [], "another type"),
        ({"note": {"type": "TEXT", "nullable": False, "default": None}}, [], "must have a value now"),
        ({"new": {"type": "TEXT", "nullable": False, "default": None}}, [], "has no default"),
        ({"new": {"type": "TEXT", "nullable": False, "default": "''"}}, [], ""),
        ({"new": {"type": "TEXT", "nullable": True, "default": None}}, ["new"], ""),
        ({}, ["note"], "must be unique now"),
    ],
)
def test_what_old_programs_would_trip_over_is_seen(
    columns: dict[str, Any], unique: list[str], fault: str
) -> None:
    changed = {name: each for name, each in {**OLD.columns, **columns}.items() if each is not None}
    new = Shape(changed, frozenset([frozenset(unique)] if unique else []))

    found = what_old_programs_trip_over({"t": OLD}, {"t": new})

    assert bool(found) == bool(fault)
    assert fault in " ".join(found)


def test_a_table_that_goes_is_seen() -> None:
    assert what_old_programs_trip_over({"t": OLD}, {}) == ["the table t is gone"]


def test_rows_as_a_former_release_writes_them_are_taken_and_read(database: Database, tmp_path: Path) -> None:
    """Each table takes a row that has the columns of the first release, and gives it back."""
    with stepping(tmp_path) as (first, revisions), first.write() as connection:
        steps.take_all(connection, revisions[0])
        former = shapes(connection)
    with database.write() as connection:
        for name, shape in former.items():
            if name == "postroom_rowversion":
                continue
            columns = [Row.metadata.tables[name].c[column] for column in shape.columns]
            table = sa.table(name, *(sa.column(column.name, column.type) for column in columns))
            row = {column.name: a_value(column) for column in columns}
            connection.execute(sa.insert(table).values(row))
            found = connection.execute(sa.select(table)).mappings().one()
            assert dict(found) == row, name
        connection.get_transaction().rollback()  # type: ignore[union-attr]


# What a program does about a store that is older or newer than itself


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    """A store of the present release, on SQLite."""
    made = read_settings({"POSTROOM_HOME": str(tmp_path / "home")})
    set_up(made)
    return made


def as_a_former_program(monkeypatch: pytest.MonkeyPatch, head: str) -> None:
    """Let this program know no step after `head`."""
    known = [revision for revision in migrations._revisions() if revision <= head]
    monkeypatch.setattr(migrations, "_revisions", lambda: known)


def test_a_former_program_starts_on_a_newer_store_that_fits_it(
    home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_a_former_program(monkeypatch, migrations._revisions()[-2])
    with open_postroom(home) as postroom:
        assert migrations.fit(postroom.database) is Fit.NEWER
        with postroom.database.read() as connection:
            assert postroom.records.get(connection, "organization", ORGANIZATION_ID)


def test_a_former_program_refuses_a_store_that_no_longer_fits_it(
    home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_postroom(home) as postroom, postroom.database.write() as connection:
        connection.execute(
            sa.text("UPDATE postroom_compatibility SET oldest = :head"), {"head": migrations.head()}
        )
    as_a_former_program(monkeypatch, migrations._revisions()[-2])
    with pytest.raises(UserError, match="install the later release"):
        open_postroom(home)


def test_a_newer_program_wants_the_store_upgraded_first(
    home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = migrations._revisions()
    monkeypatch.setattr(migrations, "_revisions", lambda: [*known, "9999"])
    with pytest.raises(UserError, match="needs 9999: run `postroom init`"):
        open_postroom(home)


@pytest.mark.integration
def test_an_upgrade_does_not_wait_for_long_with_everybody_behind_it(
    postgres_server: postgres.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody reads a table that a step changes: the step gives up, and is taken when that has ended."""
    monkeypatch.setattr(migrations, "_PATIENCE", timedelta(milliseconds=200))
    url = postgres_server.empty()
    running, upgrading = Database(url), Database(url)
    with running.write() as connection:
        steps.take_all(connection, migrations._revisions()[0])
    with running.read() as reader:
        reader.execute(sa.text("SELECT count(*) FROM postroom_workload"))
        with pytest.raises(UserError, match="Try again when that has ended"):
            migrations.upgrade(upgrading)
        assert migrations.current(running) == migrations._revisions()[0]
    migrations.upgrade(upgrading)
    assert migrations.fit(running) is Fit.EXACT
    running.dispose()
    upgrading.dispose()
    postgres_server.drop(url)


def test_a_running_program_goes_on_while_the_store_is_upgraded(tmp_path: Path) -> None:
    """The upgrade waits for no reader, and what was open before reads and writes on."""
    url = f"sqlite:///{tmp_path}/running.sqlite"
    running, upgrading = Database(url), Database(url)
    with running.write() as connection:
        steps.take_all(connection, migrations._revisions()[-2])
    with running.read() as reader:
        assert reader.scalar(sa.text("SELECT count(*) FROM postroom_rowversion")) == 1
        migrations.upgrade(upgrading)
    with running.write() as connection:
        running.next_versions(connection)
    assert migrations.fit(running) is Fit.EXACT
    running.dispose()
    upgrading.dispose()
