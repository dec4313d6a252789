"""The migrations add up to what the schema declares, on both databases."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from tests.support import postgres

from postroom.errors import UserError
from postroom.schema import registry
from postroom.schema.table import Row
from postroom.store import migrations
from postroom.store.database import Database
from postroom.store.migrations import steps

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.integration)])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without tables."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/empty.sqlite"
    else:
        server: postgres.Server = request.getfixturevalue("postgres_server")
        url = server.empty()
    opened = Database(url)
    yield opened
    opened.dispose()
    if request.param != "sqlite":
        server.drop(url)


def test_the_migrations_add_up_to_the_declaration(empty: Database) -> None:
    migrations.upgrade(empty)
    assert registry.tables()
    with empty.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Row.metadata) == []


def test_the_revision_this_program_needs_is_the_one_that_alembic_finds(empty: Database) -> None:
    script = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert migrations.head() == script.get_current_head()
    migrations.upgrade(empty)
    with empty.read() as connection:
        assert MigrationContext.configure(connection).get_current_revision() == migrations.current(empty)


def test_upgrading_twice_changes_nothing(empty: Database) -> None:
    assert migrations.current(empty) is None
    migrations.upgrade(empty)
    assert migrations.current(empty) == migrations.head()
    with empty.write() as connection:
        first = empty.next_versions(connection)
    migrations.upgrade(empty)
    assert migrations.current(empty) == migrations.head()
    with empty.write() as connection:
        assert empty.next_versions(connection) > first


def test_what_was_kept_before_tracking_gets_its_keys(empty: Database) -> None:
    keys = {name: uuid4() for name in ("idn", "plain", "nobody", "somebody", "decision", "ledger")}
    with empty.write() as connection:
        steps.take_all(connection, "0001")
        rows = {
            "emailsearch": [
                {"emailsearchid": keys["idn"], "emailaddress": "jo@xn--mller-kva.example"},
                {"emailsearchid": keys["plain"], "emailaddress": "jo@muller.example"},
            ],
            "activityparty": [
                {"activitypartyid": keys[name], "addressused": "Jo@Corp.example", "partyid": party}
                | {"instancetypecode": 0, "ispartydeleted": False}
                for name, party in (("nobody", None), ("somebody", uuid4()))
            ],
            "postroom_decision": [
                {"postroom_decisionid": keys["decision"], "mailboxid": uuid4()}
                | {"tracked": False, "reason": 1, "createdon": NOW}
            ],
            "postroom_ledger": [
                {"postroom_ledgerid": keys["ledger"], "decisionid": keys["decision"], "mailboxid": uuid4()}
                | {"folder": "", "validity": "", "serverid": "1", "seenon": NOW}
            ],
        }
        for name, values in rows.items():
            columns = [sa.column(key, Row.metadata.tables[name].c[key].type) for key in values[0]]
            connection.execute(sa.insert(sa.table(name, *columns)), values)

    migrations.upgrade(empty)

    tables = Row.metadata.tables
    with empty.read() as connection:

        def kept(table: str, column: str) -> dict[UUID, object]:
            here = tables[table]
            query = sa.select(*here.primary_key.columns, here.c[column])
            return {row[0]: row[1] for row in connection.execute(query)}

        assert kept("emailsearch", "emailaddress") == {
            keys["idn"]: "jo@müller.example",
            keys["plain"]: "jo@muller.example",
        }
        assert kept("activityparty", "postroom_unresolvedkey") == {
            keys["nobody"]: "jo@corp.example",
            keys["somebody"]: None,
        }
        assert kept("postroom_decision", "ledgerid") == {keys["decision"]: keys["ledger"]}


@pytest.mark.parametrize("fits", [True, False])
def test_a_store_of_a_newer_program_is_left_alone(empty: Database, *, fits: bool) -> None:
    migrations.upgrade(empty)
    with empty.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
        if not fits:
            connection.execute(sa.text("UPDATE postroom_compatibility SET oldest = '9999'"))

    if fits:
        migrations.upgrade(empty)
    else:
        with pytest.raises(UserError, match="newer than this program"):
            migrations.upgrade(empty)

    assert migrations.current(empty) == "9999"
