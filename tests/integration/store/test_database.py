"""Transactions and row versions, on both databases."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from postroom.errors import DuplicateRow, StoreError, UserError
from postroom.schema.blob import Blob
from postroom.schema.ids import new_id
from postroom.schema.party import UnresolvedAddress
from postroom.store.database import Database, next_versions


def _insert(connection: sa.Connection, name: str) -> None:
    connection.execute(sa.insert(UnresolvedAddress).values(unresolvedaddressid=new_id(), emailaddress=name))


def _names(connection: sa.Connection) -> list[str]:
    return sorted(connection.scalars(sa.select(UnresolvedAddress.emailaddress)))


def test_a_write_is_kept_when_the_block_ends_well(database: Database) -> None:
    with database.write() as connection:
        _insert(connection, "a@example.com")
    with database.read() as connection:
        assert _names(connection) == ["a@example.com"]


def test_nothing_of_a_write_that_fails_is_kept(database: Database) -> None:
    def fail() -> None:
        with database.write() as connection:
            _insert(connection, "a@example.com")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with database.read() as connection:
        assert _names(connection) == []


def test_a_read_sees_one_state_throughout(database: Database) -> None:
    with database.read() as reader:
        assert _names(reader) == []
        with database.write() as writer:
            _insert(writer, "a@example.com")
        assert _names(reader) == []


def test_a_read_can_change_nothing(database: Database) -> None:
    with pytest.raises(StoreError), database.read() as connection:
        _insert(connection, "a@example.com")
    with database.write() as connection:
        _insert(connection, "b@example.com")


def test_a_write_within_a_write_is_refused_at_once(database: Database) -> None:
    with database.write(), pytest.raises(StoreError, match="already under way"), database.write():
        pass


def test_a_second_row_with_the_same_key_is_a_duplicate(database: Database) -> None:
    row = {"unresolvedaddressid": new_id(), "telephone": "secret"}
    with pytest.raises(DuplicateRow) as refusal, database.write() as connection:
        connection.execute(sa.insert(UnresolvedAddress), [row, row])
    assert "secret" not in str(refusal.value)


def test_a_row_without_what_it_needs_is_no_duplicate(database: Database) -> None:
    with pytest.raises(StoreError) as refusal, database.write() as connection:
        connection.execute(sa.insert(Blob).values(digest=b"d" * 32, size=None))
    assert not isinstance(refusal.value, DuplicateRow)


def test_a_savepoint_outlives_a_refused_row(database: Database) -> None:
    id = new_id()
    with database.write() as connection:
        connection.execute(sa.insert(UnresolvedAddress).values(unresolvedaddressid=id, emailaddress="x@y.z"))
        with pytest.raises(sa.exc.IntegrityError), connection.begin_nested():
            connection.execute(sa.insert(UnresolvedAddress).values(unresolvedaddressid=id))
        _insert(connection, "after@example.com")
    with database.read() as connection:
        assert _names(connection) == ["after@example.com", "x@y.z"]


def test_versions_follow_each_other_and_are_never_given_twice(database: Database) -> None:
    with database.write() as connection:
        first = next_versions(connection, 10)
        second = next_versions(connection, 1)
        third = database.next_versions(connection, 5)
    assert first > 0
    assert second >= first + 10
    assert third >= second + 1


def test_too_many_versions_at_once_are_refused(database: Database) -> None:
    with database.write() as connection, pytest.raises(ValueError, match="at once"):
        next_versions(connection, 100_001)


def test_threads_that_write_lose_nothing(database: Database) -> None:
    taken: list[int] = []

    def work(number: int) -> None:
        for round_ in range(10):
            with database.write() as connection:
                taken.append(next_versions(connection, 3))
                _insert(connection, f"{number}-{round_}@example.com")

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as connection:
        assert len(_names(connection)) == 60
    assert len(set(taken)) == 60


def test_two_openings_of_one_store_take_turns(database: Database, database_url: str) -> None:
    other = Database(database_url)
    done: list[bool] = []

    def work() -> None:
        with other.write() as connection:
            _insert(connection, "other@example.com")
        done.append(True)

    with database.write() as connection:
        _insert(connection, "first@example.com")
        thread = threading.Thread(target=work)
        thread.start()
        thread.join(0.2)
    thread.join()
    other.dispose()
    with database.read() as connection:
        assert _names(connection) == ["first@example.com", "other@example.com"]
    assert done


_WRITER = """
import sys
import sqlalchemy as sa
from postroom.schema.ids import new_id
from postroom.schema.party import UnresolvedAddress
from postroom.store.database import Database, next_versions
database = Database(sys.argv[1])
for number in range(25):
    with database.write() as connection:
        version = next_versions(connection)
        row = {"unresolvedaddressid": new_id(), "emailaddress": f"{sys.argv[2]}-{number}"}
        connection.execute(sa.insert(UnresolvedAddress), {**row, "versionnumber": version})
"""


def test_processes_that_write_lose_nothing(database: Database, database_url: str) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", _WRITER, database_url, name]) for name in "abc"]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    with database.read() as connection:
        assert len(set(_names(connection))) == 75
        assert len(set(connection.scalars(sa.select(UnresolvedAddress.versionnumber)))) == 75


def test_large_bytes_come_back_as_they_went(database: Database) -> None:
    from datetime import UTC, datetime

    at = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    body = bytes(range(256)) * 4096
    with database.write() as connection:
        connection.execute(sa.insert(Blob).values(digest=b"d" * 32, size=len(body), body=body, createdon=at))
    with database.read() as connection:
        row = connection.execute(sa.select(Blob.body, Blob.createdon)).one()
    assert row.body == body
    assert row.createdon == at
    assert row.createdon.utcoffset().total_seconds() == 0


def test_a_store_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/new.sqlite")
    with database.read() as connection:
        assert connection.scalar(sa.text("PRAGMA journal_mode")) == "wal"
        assert connection.scalar(sa.text("PRAGMA synchronous")) == 2
    database.dispose()
    assert (tmp_path / "new.sqlite").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:////nowhere/at/all/x.sqlite", "mysql+pymysql://localhost/x"]
)
def test_a_url_that_can_not_work_is_refused_in_words(url: str) -> None:
    with pytest.raises(UserError):
        Database(url)
