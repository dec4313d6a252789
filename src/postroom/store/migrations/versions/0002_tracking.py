"""Tracking: reports, wishes, address choices, and the columns that go with them."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from postroom.mime.key import address_key
from postroom.schema.column import Moment

revision: str = "0002"
down_revision: str | None = "0001"


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "postroom_addresschoice",
        sa.Column("postroom_addresschoiceid", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("emailaddress", sa.String(length=320), autoincrement=False, nullable=False),
        sa.Column("partyid", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("partyobjecttypecode", sa.String(length=64), autoincrement=False, nullable=True),
        sa.Column("chosenby", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("createdon", Moment(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("postroom_addresschoiceid", name=op.f("pk_postroom_addresschoice")),
    )
    with op.batch_alter_table("postroom_addresschoice", schema=None) as batch_op:
        batch_op.create_index("ix_postroom_addresschoice_partyid", ["partyid"], unique=False)
        batch_op.create_index("uq_postroom_addresschoice_emailaddress", ["emailaddress"], unique=True)

    op.create_table(
        "postroom_report",
        sa.Column("postroom_reportid", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("emailid", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("recipient", sa.String(length=320), autoincrement=False, nullable=True),
        sa.Column("kind", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("status", sa.String(length=20), autoincrement=False, nullable=True),
        sa.Column("diagnostic", sa.String(length=500), autoincrement=False, nullable=True),
        sa.Column("decisionid", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("reportemailid", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("reportedon", Moment(), autoincrement=False, nullable=True),
        sa.Column("createdon", Moment(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("postroom_reportid", name=op.f("pk_postroom_report")),
    )
    with op.batch_alter_table("postroom_report", schema=None) as batch_op:
        batch_op.create_index("ix_postroom_report_emailid", ["emailid"], unique=False)
        batch_op.create_index("ix_postroom_report_recipient", ["recipient", "createdon"], unique=False)

    op.create_table(
        "postroom_wish",
        sa.Column("postroom_wishid", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("messageid", sa.String(length=320), autoincrement=False, nullable=True),
        sa.Column("wish", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("regardingobjectid", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("regardingobjecttypecode", sa.String(length=64), autoincrement=False, nullable=True),
        sa.Column("wishedby", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("createdon", Moment(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("postroom_wishid", name=op.f("pk_postroom_wish")),
    )
    with op.batch_alter_table("postroom_wish", schema=None) as batch_op:
        batch_op.create_index("ix_postroom_wish_messageid", ["messageid"], unique=False)

    with op.batch_alter_table("activityparty", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("postroom_unresolvedkey", sa.String(length=320), autoincrement=False, nullable=True)
        )
        batch_op.add_column(
            sa.Column("postroom_deliverystate", sa.Integer(), autoincrement=False, nullable=True)
        )
        batch_op.create_index(
            "ix_activityparty_postroom_unresolvedkey", ["postroom_unresolvedkey"], unique=False
        )

    with op.batch_alter_table("email", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("postroom_messagekind", sa.Integer(), autoincrement=False, nullable=True)
        )
        batch_op.add_column(
            sa.Column("postroom_deliverystate", sa.Integer(), autoincrement=False, nullable=True)
        )
        batch_op.add_column(sa.Column("postroom_trackedby", sa.Integer(), autoincrement=False, nullable=True))
        batch_op.add_column(
            sa.Column("postroom_regardingby", sa.Integer(), autoincrement=False, nullable=True)
        )
        batch_op.add_column(
            sa.Column("postroom_matchscore", sa.Integer(), autoincrement=False, nullable=True)
        )
        batch_op.drop_index(batch_op.f("ix_email_baseconversationindexhash"))
        batch_op.create_index(
            "ix_email_baseconversationindexhash", ["baseconversationindexhash", "createdon"], unique=False
        )
        batch_op.drop_index(batch_op.f("ix_email_trackingtoken"))
        batch_op.create_index(
            "ix_email_trackingtoken", ["trackingtoken", "conversationtrackingid", "createdon"], unique=False
        )

    with op.batch_alter_table("emailhash", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_emailhash_hash"))
        batch_op.create_index("ix_emailhash_hash", ["hash", "hashtype", "createdon"], unique=False)

    with op.batch_alter_table("emailsearch", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_emailsearch_emailaddress"))
        batch_op.create_index(
            "ix_emailsearch_emailaddress",
            ["emailaddress", "parentobjecttypecode", "parentobjectid", "emailcolumnnumber"],
            unique=False,
        )

    with op.batch_alter_table("organization", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("postroom_usetrackingtoken", sa.Boolean(), autoincrement=False, nullable=True)
        )
        batch_op.add_column(
            sa.Column("postroom_correlatebyreply", sa.Boolean(), autoincrement=False, nullable=True)
        )
        batch_op.add_column(
            sa.Column("postroom_correlatebyindex", sa.Boolean(), autoincrement=False, nullable=True)
        )
        batch_op.add_column(
            sa.Column("postroom_smartmatchthreshold", sa.Integer(), autoincrement=False, nullable=True)
        )
        batch_op.add_column(
            sa.Column("postroom_trackreports", sa.Boolean(), autoincrement=False, nullable=True)
        )
        batch_op.add_column(
            sa.Column("postroom_decisiondays", sa.Integer(), autoincrement=False, nullable=True)
        )

    with op.batch_alter_table("postroom_decision", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "directioncode", sa.Boolean(), autoincrement=False, nullable=False, server_default=sa.false()
            )
        )
        batch_op.add_column(sa.Column("messagekind", sa.Integer(), autoincrement=False, nullable=True))
        batch_op.add_column(sa.Column("correlationscore", sa.Integer(), autoincrement=False, nullable=True))
        batch_op.add_column(sa.Column("ledgerid", sa.Uuid(), autoincrement=False, nullable=True))
        batch_op.create_index("ix_postroom_decision_createdon", ["createdon"], unique=False)

    with op.batch_alter_table("postroom_ledger", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("messages", sa.Integer(), autoincrement=False, nullable=False, server_default="1")
        )

    with op.batch_alter_table("postroom_quarantine", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "directioncode", sa.Boolean(), autoincrement=False, nullable=False, server_default=sa.false()
            )
        )
        batch_op.add_column(sa.Column("decisionid", sa.Uuid(), autoincrement=False, nullable=True))

    _fill()


def _fill() -> None:
    """Give the rows there are what later ones get when they are made."""
    decision = sa.table("postroom_decision", sa.column("postroom_decisionid"), sa.column("ledgerid"))
    ledger = sa.table("postroom_ledger", sa.column("postroom_ledgerid"), sa.column("decisionid"))
    op.execute(
        sa.update(decision)
        .values(ledgerid=ledger.c.postroom_ledgerid)
        .where(ledger.c.decisionid == decision.c.postroom_decisionid)
    )
    party = sa.table(
        "activityparty",
        sa.column("activitypartyid", sa.Uuid()),
        sa.column("addressused", sa.String()),
        sa.column("postroom_unresolvedkey", sa.String()),
        sa.column("partyid", sa.Uuid()),
    )
    _set_keys(party, *list(party.c)[:3], party.c.partyid.is_(None))
    search = sa.table(
        "emailsearch", sa.column("emailsearchid", sa.Uuid()), sa.column("emailaddress", sa.String())
    )
    _set_keys(search, search.c.emailsearchid, search.c.emailaddress, search.c.emailaddress)


def _set_keys(
    table: sa.TableClause,
    id: sa.ColumnElement[Any],
    address: sa.ColumnElement[Any],
    key: sa.ColumnElement[Any],
    *which: sa.ColumnElement[bool],
) -> None:
    """Set what addresses are compared by, a few thousand rows at a time."""
    store = op.get_bind()
    query = sa.select(id, address, key).where(address.is_not(None), *which).order_by(id).limit(5000)
    statement = sa.update(table).where(id == sa.bindparam("wanted")).values({key: sa.bindparam("made")})
    rows = store.execute(query).all()
    while rows:
        made = [(row[0], address_key(row[1]) or None, row[2]) for row in rows]
        changed = [{"wanted": each, "made": new} for (each, new, old) in made if new != old]
        if changed:
            store.execute(statement, changed)
        rows = store.execute(query.where(id > rows[-1][0])).all()


def downgrade() -> None:
    """Take the step back."""
    with op.batch_alter_table("postroom_quarantine", schema=None) as batch_op:
        batch_op.drop_column("decisionid")
        batch_op.drop_column("directioncode")

    with op.batch_alter_table("postroom_ledger", schema=None) as batch_op:
        batch_op.drop_column("messages")

    with op.batch_alter_table("postroom_decision", schema=None) as batch_op:
        batch_op.drop_index("ix_postroom_decision_createdon")
        batch_op.drop_column("ledgerid")
        batch_op.drop_column("correlationscore")
        batch_op.drop_column("messagekind")
        batch_op.drop_column("directioncode")

    with op.batch_alter_table("organization", schema=None) as batch_op:
        batch_op.drop_column("postroom_decisiondays")
        batch_op.drop_column("postroom_trackreports")
        batch_op.drop_column("postroom_smartmatchthreshold")
        batch_op.drop_column("postroom_correlatebyindex")
        batch_op.drop_column("postroom_correlatebyreply")
        batch_op.drop_column("postroom_usetrackingtoken")

    with op.batch_alter_table("emailsearch", schema=None) as batch_op:
        batch_op.drop_index("ix_emailsearch_emailaddress")
        batch_op.create_index(batch_op.f("ix_emailsearch_emailaddress"), ["emailaddress"], unique=False)

    with op.batch_alter_table("emailhash", schema=None) as batch_op:
        batch_op.drop_index("ix_emailhash_hash")
        batch_op.create_index(batch_op.f("ix_emailhash_hash"), ["hash", "hashtype"], unique=False)

    with op.batch_alter_table("email", schema=None) as batch_op:
        batch_op.drop_index("ix_email_trackingtoken")
        batch_op.create_index(batch_op.f("ix_email_trackingtoken"), ["trackingtoken"], unique=False)
        batch_op.drop_index("ix_email_baseconversationindexhash")
        batch_op.create_index(
            batch_op.f("ix_email_baseconversationindexhash"), ["baseconversationindexhash"], unique=False
        )
        batch_op.drop_column("postroom_matchscore")
        batch_op.drop_column("postroom_regardingby")
        batch_op.drop_column("postroom_trackedby")
        batch_op.drop_column("postroom_deliverystate")
        batch_op.drop_column("postroom_messagekind")

    with op.batch_alter_table("activityparty", schema=None) as batch_op:
        batch_op.drop_index("ix_activityparty_postroom_unresolvedkey")
        batch_op.drop_column("postroom_deliverystate")
        batch_op.drop_column("postroom_unresolvedkey")

    with op.batch_alter_table("postroom_wish", schema=None) as batch_op:
        batch_op.drop_index("ix_postroom_wish_messageid")

    op.drop_table("postroom_wish")
    with op.batch_alter_table("postroom_report", schema=None) as batch_op:
        batch_op.drop_index("ix_postroom_report_recipient")
        batch_op.drop_index("ix_postroom_report_emailid")

    op.drop_table("postroom_report")
    with op.batch_alter_table("postroom_addresschoice", schema=None) as batch_op:
        batch_op.drop_index("uq_postroom_addresschoice_emailaddress")
        batch_op.drop_index("ix_postroom_addresschoice_partyid")

    op.drop_table("postroom_addresschoice")
