"""Tables are made once, when they are first asked for, and all of them when all are asked for."""

import threading

import pytest
import sqlalchemy as sa

from postroom.schema import column as col
from postroom.schema.column import Required
from postroom.schema.table import Audited, Declaration, Description

DESCRIBED = Description(set_name="postroom_samples", label="Sample", plural="Samples")


class Base(Declaration):
    """A base of its own, so that the samples below are in nobody else's metadata."""

    known = sa.MetaData()


class Sample(Audited, Base):
    """A sample."""

    __tablename__ = "postroom_sample"
    __described__ = DESCRIBED
    __table_args__ = (sa.Index("ix_sample_name", "name"),)

    name = col.text(40, label="Name")
    sampleid = col.key(label="Sample")
    createdby = col.text(10, label="Author", access="CR", required=Required.SYSTEM)


class Other(Base):
    """Another sample."""

    __tablename__ = "postroom_other"
    __described__ = DESCRIBED

    otherid = col.key(label="Other")


def test_threads_that_ask_at_once_get_the_same_table() -> None:
    barrier = threading.Barrier(8)
    found: list[sa.Table] = []

    def ask() -> None:
        barrier.wait()
        found.append(Sample.__table__)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert {id(table) for table in found} == {id(Sample.__table__)}


def test_the_metadata_has_every_table_also_those_that_nobody_asked_for() -> None:
    assert set(Base.metadata.tables) == {"postroom_sample", "postroom_other"}
    assert Base.metadata.tables["postroom_other"] is Other.__table__


def test_the_key_comes_first_and_a_class_s_own_column_wins_over_one_it_takes_in() -> None:
    names = [column.name for column in Sample.__table__.columns]
    assert names[:3] == ["sampleid", "name", "createdby"]
    assert names.count("createdby") == 1
    assert isinstance(Sample.createdby.type, sa.String)
    assert [index.name for index in Sample.__table__.indexes] == ["ix_sample_name"]


def test_a_statement_may_name_the_class_and_its_columns() -> None:
    statement = sa.select(Sample.name).where(Sample.sampleid.is_(None))
    assert str(statement) == str(
        sa.select(Sample.__table__.c.name).where(Sample.__table__.c.sampleid.is_(None))
    )
    assert str(sa.delete(Sample)) == "DELETE FROM postroom_sample"
    assert set(sa.select(Other).selected_columns.keys()) == {"otherid"}


def test_a_class_that_others_take_in_has_no_table() -> None:
    with pytest.raises(AttributeError, match="__table__"):
        _ = Audited.createdon
