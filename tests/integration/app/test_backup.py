"""Back-ups bring everything back, on either database; passwords stay sealed, and the key is not in them."""

import base64
import json
import shutil
import stat
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from tests.support import postgres
from tests.support.mailboxes import Company
from tests.support.rows import a_row

from postroom.app import backup
from postroom.app.backup import back_up, restore
from postroom.app.settings import Settings, read_settings
from postroom.app.wiring import Postroom, open_postroom, set_up
from postroom.errors import UserError
from postroom.mime.message import BytesContent
from postroom.schema.choices import EmailStatus, SendOutcome, Workload
from postroom.schema.ids import new_id
from postroom.schema.table import Row
from postroom.store import archive, blobs, migrations
from postroom.store.database import Database
from postroom.store.migrations import steps

NOW = datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC)
PASSWORD = "correct horse battery staple"
LARGE = bytes(range(256)) * 2048
ODD = 'Grüße, "quotes"\n\u2028 and \U0001f4ee \\'


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.integration)])
def elsewhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """Settings of another Postroom, on an empty database of either kind, without a key."""
    home = tmp_path / "elsewhere"
    if request.param == "sqlite":
        yield read_settings({"POSTROOM_HOME": str(home)})
        return
    server: postgres.Server = request.getfixturevalue("postgres_server")
    url = server.empty()
    yield read_settings({"POSTROOM_HOME": str(home), "POSTROOM_DATABASE_URL": url})
    server.drop(url)


@pytest.fixture
def twin(settings: Settings, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """Settings of another Postroom on an empty database of the same kind."""
    home = {"POSTROOM_HOME": str(tmp_path / "twin")}
    if settings.database_url.startswith("sqlite"):
        yield read_settings(home)
        return
    server: postgres.Server = request.getfixturevalue("postgres_server")
    url = server.empty()
    yield read_settings({**home, "POSTROOM_DATABASE_URL": url})
    server.drop(url)


@pytest.fixture
def here(postroom: Postroom) -> Postroom:
    """A Postroom with a row in every table, a sealed password and a large attachment."""
    with postroom.database.write() as connection:
        for table in archive.archived_tables():
            connection.execute(sa.insert(table).values(a_row(table)))
        contents = [BytesContent(LARGE), BytesContent(b"small")]
        blobs.keep(connection, contents, postroom.blobs, now=NOW, threshold=1000)
        for subject in (ODD, None):
            values = {"activityid": new_id(), "subject": subject, "createdon": NOW, "statuscode": 3}
            connection.execute(sa.insert(Row.metadata.tables["email"]).values(values))
    company = Company(postroom.database)
    (mailbox,) = company.mailboxes(1)
    sealed = postroom.secrets.seal(PASSWORD, place=f"mailbox/{mailbox}/password")
    company.change("mailbox", mailbox, password=sealed)
    return postroom


def everything(database: Database) -> dict[str, list[dict[str, Any]]]:
    """Return all rows of all tables."""
    found = {}
    with database.read() as connection:
        for table in archive.archived_tables():
            query = sa.select(table).order_by(*table.primary_key.columns)
            found[table.name] = [dict(row) for row in connection.execute(query).mappings()]
    return found


def bring_key(source: Settings, target: Settings) -> None:
    shutil.copy(source.secret_key_file, target.secret_key_file)


def test_everything_comes_back_on_either_database(
    here: Postroom, elsewhere: Settings, tmp_path: Path
) -> None:
    before = everything(here.database)
    with here.database.write() as connection:
        version = here.database.next_versions(connection)

    summary = back_up(here, tmp_path / "all.zip")
    came_to = restore(elsewhere, summary.file, send_waiting=True)

    assert summary.damaged == []
    assert (came_to.rows, came_to.blobs) == (sum(map(len, before.values())), 1)
    assert any("Bring back the key test" in sentence for sentence in came_to.to_do)
    bring_key(here.settings, elsewhere)
    with open_postroom(elsewhere) as there:
        after = everything(there.database)
        for table in before.keys() - {"postroom_workload", "mailbox"}:
            assert after[table] == before[table], table
        with there.database.read() as connection:
            (digest,) = archive.large_blobs(connection)
            assert b"".join(blobs.open_blob(connection, digest, there.blobs)) == LARGE
            (mailbox,) = (
                row["mailboxid"] for row in after["mailbox"] if str(row["password"]).startswith("v1:")
            )
            assert there.records.open_secret(connection, "mailbox", mailbox, "password") == PASSWORD
        with there.database.write() as connection:
            assert there.database.next_versions(connection) > version


def test_passwords_stay_sealed_and_the_key_is_not_in_it(here: Postroom, tmp_path: Path) -> None:
    file = back_up(here, tmp_path / "all.zip").file

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    key = bytes(32)
    with zipfile.ZipFile(file) as pack:
        assert pack.testzip() is None
        text = b"".join(pack.read(name) for name in pack.namelist())
        assert json.loads(pack.read("postroom-backup.json"))["sealed_with"]["test"] == 1
    assert PASSWORD.encode() not in text
    assert base64.b64encode(key) not in text
    assert key not in text.replace(LARGE, b"")


def test_what_is_written_meanwhile_is_in_it_wholly_or_not_at_all(
    here: Postroom, twin: Settings, tmp_path: Path
) -> None:
    """A transaction that touches the first table and the last is seen as one."""
    names = [table.name for table in archive.archived_tables()]
    first, last = "contact", "postroom_workload"
    added: list[UUID] = []

    def write_on(done: int, total: int) -> None:
        if total != len(names) or done not in (names.index("account"), names.index(last)):
            return
        key = new_id()
        added.append(key)
        row = {**a_row(Row.metadata.tables[last]), "postroom_workloadid": key, "mailboxid": new_id()}
        with here.database.write() as connection:
            connection.execute(sa.insert(Row.metadata.tables[first]).values(contactid=key))
            connection.execute(sa.insert(Row.metadata.tables[last]).values(row))

    file = back_up(here, tmp_path / "all.zip", progress=write_on).file
    assert len(added) == 2
    restore(twin, file)
    bring_key(here.settings, twin)
    with open_postroom(twin) as there:
        rows = everything(there.database)
    for table, column in ((first, "contactid"), (last, "postroom_workloadid")):
        assert {row[column] for row in rows[table]} & set(added) == set(), table


@pytest.fixture
def with_waiting_mail(postroom: Postroom) -> Postroom:
    """A Postroom with mail that is to leave and a pass under way."""
    company = Company(postroom.database)
    (mailbox,) = company.mailboxes(1, processingstatecode=1, hostid="gone")
    for status in (EmailStatus.PENDING_SEND, EmailStatus.SENDING, EmailStatus.SENT):
        company.insert("email", activityid=new_id(), statuscode=status, sendermailboxid=mailbox, statecode=0)
    row = a_row(Row.metadata.tables["postroom_workload"])
    under_way = {"mailboxid": mailbox, "workload": Workload.OUTGOING, "sequence": 7, "inflight": 7}
    company.insert("postroom_workload", **{**row, **under_way})
    return postroom


def test_mail_that_had_yet_to_leave_is_held_since_it_may_have_left(
    with_waiting_mail: Postroom, twin: Settings, tmp_path: Path
) -> None:
    file = back_up(with_waiting_mail, tmp_path).file
    assert file.parent == tmp_path

    came_to = restore(twin, file)

    assert came_to.held == 2
    assert any("outbox resend" in sentence for sentence in came_to.to_do)
    bring_key(with_waiting_mail.settings, twin)
    with open_postroom(twin) as there:
        rows = everything(there.database)
        assert sorted((row["statuscode"], row["postroom_sendoutcome"]) for row in rows["email"]) == sorted(
            [(EmailStatus.SENT, SendOutcome.NONE), *[(EmailStatus.FAILED, SendOutcome.UNCERTAIN)] * 2]
        )
        (workload,) = rows["postroom_workload"]
        assert (workload["inflight"], workload["hostid"]) == (None, None)
        assert workload["sequence"] > 7
        assert rows["mailbox"][0]["hostid"] is None


def test_mail_that_had_yet_to_leave_waits_on_where_it_was_asked_for(
    with_waiting_mail: Postroom, twin: Settings, tmp_path: Path
) -> None:
    file = back_up(with_waiting_mail, tmp_path / "all.zip").file
    assert restore(twin, file, send_waiting=True).held == 0

    bring_key(with_waiting_mail.settings, twin)
    with open_postroom(twin) as there:
        statuses = sorted(row["statuscode"] for row in everything(there.database)["email"])
    assert statuses == [EmailStatus.SENT, EmailStatus.PENDING_SEND, EmailStatus.SENDING]


def test_a_restoration_that_is_broken_off_leaves_nothing_and_can_be_begun_anew(
    here: Postroom, twin: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = back_up(here, tmp_path / "all.zip").file
    names = [table.name for table in archive.archived_tables()]
    write_table = archive.write_table

    def write_and_die(connection: sa.Connection, name: str, lines: Any) -> int:
        if name == names[-1]:
            raise KeyboardInterrupt
        return write_table(connection, name, lines)

    with monkeypatch.context() as dying:
        dying.setattr(archive, "write_table", write_and_die)
        with pytest.raises(KeyboardInterrupt):
            restore(twin, file)
    nothing = Database(twin.database_url)
    assert migrations.current(nothing) is None
    nothing.dispose()

    came_to = restore(twin, file)

    assert came_to.rows == sum(map(len, everything(here.database).values()))


class TestOnSqliteAlone:
    """What does not depend on the database."""

    @pytest.fixture
    def settings(self, tmp_path: Path) -> Settings:
        """A store that was just set up."""
        made = read_settings({"POSTROOM_HOME": str(tmp_path / "home")})
        set_up(made)
        return made

    @pytest.fixture
    def postroom(self, settings: Settings) -> Iterator[Postroom]:
        with open_postroom(settings) as opened:
            yield opened

    def test_a_store_that_was_only_set_up_is_filled(self, postroom: Postroom, tmp_path: Path) -> None:
        Company(postroom.database).mailboxes(2)
        file = back_up(postroom, tmp_path / "all.zip").file
        fresh = read_settings({"POSTROOM_HOME": str(tmp_path / "fresh")})
        set_up(fresh)

        restore(fresh, file)

        with open_postroom(fresh) as there:
            assert everything(there.database) == everything(postroom.database)

    def test_a_store_with_records_is_left_alone(self, postroom: Postroom, tmp_path: Path) -> None:
        Company(postroom.database).mailboxes(2)
        before = everything(postroom.database)
        file = back_up(postroom, tmp_path / "all.zip").file

        with pytest.raises(UserError, match="holds records already"):
            restore(postroom.settings, file)

        assert everything(postroom.database) == before

    def test_a_backup_of_a_former_release_is_brought_up_to_date(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What the former release wrote has no columns and tables that came since."""
        former = Database(f"sqlite:///{tmp_path}/former.sqlite")
        with former.write() as connection:
            steps.take_all(connection, migrations._revisions()[0])
            inspector = sa.inspect(connection)
            columns = {column["name"] for column in inspector.get_columns("organization")}
            table = Row.metadata.tables["organization"]
            of_then = sa.Table(
                "organization", sa.MetaData(), *(sa.Column(c, table.c[c].type) for c in columns)
            )
            connection.execute(sa.insert(of_then).values(dict.fromkeys(columns) | a_row(of_then)))
        with former.read() as connection, zipfile.ZipFile(tmp_path / "former.zip", "w") as pack:
            pack.writestr(
                "tables/organization.jsonl", "\n".join(archive.read_table(connection, of_then)) + "\n"
            )
            manifest = {"format": 1, "release": "0.0.1", "revision": migrations._revisions()[0]}
            manifest |= {"tables": {"organization": 1}, "damaged": [], "sealed_with": {}, "last_version": 5}
            pack.writestr("postroom-backup.json", json.dumps(manifest))
        former.dispose()
        target = read_settings({"POSTROOM_HOME": str(tmp_path / "target")})

        assert restore(target, tmp_path / "former.zip").rows == 1

        there = Database(target.database_url)
        assert migrations.current(there) == migrations.head()
        (organization,) = everything(there)["organization"]
        assert organization["postroom_bookingpolicy"] == 0
        there.dispose()

    def test_a_missing_content_is_told_and_the_rest_is_kept(self, postroom: Postroom, tmp_path: Path) -> None:
        with postroom.database.write() as connection:
            contents = [BytesContent(LARGE), BytesContent(LARGE + b"1"), BytesContent(LARGE + b"2")]
            refs = blobs.keep(connection, contents, postroom.blobs, now=NOW, threshold=1000)
        postroom.blobs.delete(refs[0].digest)
        postroom.blobs.place(refs[1].digest).write_bytes(b"damaged")
        summary = back_up(postroom, tmp_path / "all.zip")

        assert sorted(summary.damaged) == sorted(ref.digest.hex() for ref in refs[:2])
        target = read_settings({"POSTROOM_HOME": str(tmp_path / "target")})
        assert restore(target, summary.file).blobs == 1

    def test_a_file_that_is_cut_off_changes_nothing(self, postroom: Postroom, tmp_path: Path) -> None:
        file = back_up(postroom, tmp_path / "all.zip").file
        file.write_bytes(file.read_bytes()[:-200])
        target = read_settings({"POSTROOM_HOME": str(tmp_path / "target")})

        with pytest.raises(UserError, match="no whole back-up"):
            restore(target, file)

        assert not (tmp_path / "target").exists()

    def test_a_damaged_file_is_refused_wherever_the_damage_is(
        self, postroom: Postroom, tmp_path: Path
    ) -> None:
        """Whatever octet is wrong: either it means nothing, or nothing is brought back."""
        company = Company(postroom.database)
        company.mailboxes(20)
        whole = back_up(postroom, tmp_path / "all.zip").file.read_bytes()
        before = everything(postroom.database)
        for place in range(10, len(whole), len(whole) // 9):
            damaged = bytearray(whole)
            damaged[place] ^= 0xFF
            (tmp_path / "damaged.zip").write_bytes(damaged)
            target = read_settings({"POSTROOM_HOME": str(tmp_path / f"target-{place}")})
            try:
                restore(target, tmp_path / "damaged.zip")
            except UserError:
                continue
            there = Database(target.database_url)
            assert everything(there) == before, place
            there.dispose()

    @pytest.mark.parametrize(
        ("name", "head"),
        [
            ('queue" (name) VALUES (1); --', [["name", "text"]]),
            ("queue", [['name") VALUES (1); --', "text"]]),
            ("queue", [["name", "pickle"]]),
            ("queue", "name"),
            ("alembic_version", [["version_num", "text"]]),
            ("postroom_rowversion", [["last", "text"]]),
        ],
    )
    def test_a_file_that_was_tampered_with_is_refused(
        self, postroom: Postroom, tmp_path: Path, name: str, head: object
    ) -> None:
        manifest = {"format": 1, "release": "1", "revision": migrations.head(), "tables": {name: 1}}
        manifest |= {"damaged": [], "sealed_with": {}, "last_version": 5}
        with zipfile.ZipFile(tmp_path / "evil.zip", "w") as pack:
            pack.writestr(f"tables/{name}.jsonl", f'{json.dumps(head)}\n["x"]\n')
            pack.writestr("postroom-backup.json", json.dumps(manifest))
        before = everything(postroom.database)
        with pytest.raises(UserError):
            restore(postroom.settings, tmp_path / "evil.zip")
        assert everything(postroom.database) == before

    def test_what_is_no_backup_is_named(self, tmp_path: Path) -> None:
        target = read_settings({"POSTROOM_HOME": str(tmp_path / "target")})
        with zipfile.ZipFile(tmp_path / "other.zip", "w") as pack:
            pack.writestr("readme", "hello")
        for name, words in (("other.zip", "no back-up of Postroom"), ("none.zip", "can't be read")):
            with pytest.raises(UserError, match=words):
                restore(target, tmp_path / name)

    def test_a_file_that_is_there_is_not_replaced(self, postroom: Postroom, tmp_path: Path) -> None:
        (tmp_path / "precious").write_text("mine")
        with pytest.raises(UserError, match="say another name"):
            back_up(postroom, tmp_path / "precious")
        assert (tmp_path / "precious").read_text() == "mine"

    def test_a_backup_that_is_broken_off_leaves_no_file(
        self, postroom: Postroom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: object) -> Iterator[str]:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(backup.archive, "read_table", full)
        with pytest.raises(UserError, match="No space left"):
            back_up(postroom, tmp_path / "all.zip")
        assert list(tmp_path.glob("all.zip*")) == []
