"""Items: what was agreed of each pair, what is pending, and values that gave way."""

import sqlalchemy as sa
from alembic import op

from postroom.schema.column import Moment

revision: str = "0004"
down_revision: str | None = "0003"


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "postroom_overwritten",
        sa.Column("postroom_overwrittenid", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("mailboxid", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("objectid", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("objecttypecode", sa.Integer(), autoincrement=False, nullable=True),
        sa.Column("exchangeentryid", sa.String(length=1024), autoincrement=False, nullable=True),
        sa.Column("subject", sa.String(length=2048), autoincrement=False, nullable=True),
        sa.Column("field", sa.String(length=60), autoincrement=False, nullable=False),
        sa.Column("side", sa.String(length=10), autoincrement=False, nullable=False),
        sa.Column("value", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("createdon", Moment(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("postroom_overwrittenid", name=op.f("pk_postroom_overwritten")),
    )
    with op.batch_alter_table("postroom_overwritten", schema=None) as batch_op:
        batch_op.create_index("ix_postroom_overwritten_mailboxid", ["mailboxid", "createdon"], unique=False)

    with op.batch_alter_table("exchangesyncidmapping", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("postroom_kind", sa.String(length=20), autoincrement=False, nullable=True)
        )
        batch_op.add_column(
            sa.Column("postroom_uid", sa.String(length=1024), autoincrement=False, nullable=True)
        )
        batch_op.add_column(sa.Column("postroom_link", sa.Integer(), autoincrement=False, nullable=True))
        batch_op.add_column(sa.Column("postroom_parting", sa.Integer(), autoincrement=False, nullable=True))
        batch_op.add_column(
            sa.Column("postroom_part", sa.String(length=30), autoincrement=False, nullable=True)
        )
        batch_op.add_column(
            sa.Column("postroom_crmversion", sa.String(length=64), autoincrement=False, nullable=True)
        )
        batch_op.add_column(
            sa.Column("postroom_serverversion", sa.String(length=512), autoincrement=False, nullable=True)
        )
        batch_op.add_column(sa.Column("postroom_crmprints", sa.Text(), autoincrement=False, nullable=True))
        batch_op.add_column(sa.Column("postroom_serverprints", sa.Text(), autoincrement=False, nullable=True))
        batch_op.add_column(sa.Column("postroom_pending", sa.Text(), autoincrement=False, nullable=True))
        batch_op.add_column(sa.Column("postroom_failure", sa.Text(), autoincrement=False, nullable=True))


def downgrade() -> None:
    """Take the step back."""
    with op.batch_alter_table("exchangesyncidmapping", schema=None) as batch_op:
        batch_op.drop_column("postroom_failure")
        batch_op.drop_column("postroom_pending")
        batch_op.drop_column("postroom_serverprints")
        batch_op.drop_column("postroom_crmprints")
        batch_op.drop_column("postroom_serverversion")
        batch_op.drop_column("postroom_crmversion")
        batch_op.drop_column("postroom_part")
        batch_op.drop_column("postroom_parting")
        batch_op.drop_column("postroom_link")
        batch_op.drop_column("postroom_uid")
        batch_op.drop_column("postroom_kind")

    with op.batch_alter_table("postroom_overwritten", schema=None) as batch_op:
        batch_op.drop_index("ix_postroom_overwritten_mailboxid")

    op.drop_table("postroom_overwritten")
