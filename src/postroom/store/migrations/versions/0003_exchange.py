"""Exchange: marks of folders, what became of messages there, and rules of tracked folders."""

import sqlalchemy as sa
from alembic import op

from postroom.schema.column import Moment

revision: str = "0003"
down_revision: str | None = "0002"


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "postroom_mark",
        sa.Column("postroom_markid", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("mailboxid", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("place", sa.String(length=256), autoincrement=False, nullable=False),
        sa.Column("mark", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("seton", Moment(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("postroom_markid", name=op.f("pk_postroom_mark")),
        sa.UniqueConstraint("mailboxid", "place", name=op.f("uq_postroom_mark_mailboxid_place")),
    )
    with op.batch_alter_table("email", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("postroom_regardingmailboxid", sa.Uuid(), autoincrement=False, nullable=True)
        )

    with op.batch_alter_table("emailserverprofile", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("postroom_tokenauthority", sa.String(length=2084), autoincrement=False, nullable=True)
        )

    with op.batch_alter_table("mailboxtrackingfolder", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("postroom_state", sa.Integer(), server_default="0", autoincrement=False, nullable=False)
        )
        batch_op.add_column(
            sa.Column("postroom_appliedregardingid", sa.Uuid(), autoincrement=False, nullable=True)
        )

    with op.batch_alter_table("postroom_ledger", schema=None) as batch_op:
        batch_op.add_column(sa.Column("goneon", Moment(), autoincrement=False, nullable=True))
        batch_op.add_column(
            sa.Column("category", sa.Integer(), server_default="0", autoincrement=False, nullable=False)
        )
        batch_op.create_index("ix_postroom_ledger_category", ["mailboxid", "category"], unique=False)


def downgrade() -> None:
    """Take the step back."""
    with op.batch_alter_table("postroom_ledger", schema=None) as batch_op:
        batch_op.drop_index("ix_postroom_ledger_category")
        batch_op.drop_column("category")
        batch_op.drop_column("goneon")

    with op.batch_alter_table("mailboxtrackingfolder", schema=None) as batch_op:
        batch_op.drop_column("postroom_appliedregardingid")
        batch_op.drop_column("postroom_state")

    with op.batch_alter_table("emailserverprofile", schema=None) as batch_op:
        batch_op.drop_column("postroom_tokenauthority")

    with op.batch_alter_table("email", schema=None) as batch_op:
        batch_op.drop_column("postroom_regardingmailboxid")

    op.drop_table("postroom_mark")
