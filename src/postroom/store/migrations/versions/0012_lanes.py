"""Lanes: which mailboxes are idle, and which of them are looked at together."""

import sqlalchemy as sa
from alembic import op

revision: str = "0012"
down_revision: str | None = "0011"


def upgrade() -> None:
    """Take the step."""
    with op.batch_alter_table("postroom_workload", schema=None) as batch_op:
        batch_op.add_column(sa.Column("lane", sa.Uuid(), nullable=True))
        batch_op.add_column(
            sa.Column("isidle", sa.Boolean(), server_default=sa.false(), autoincrement=False, nullable=False)
        )
        batch_op.create_index("ix_postroom_workload_isidle", ["isidle", "dueon"], unique=False)


def downgrade() -> None:
    """Take the step back."""
    with op.batch_alter_table("postroom_workload", schema=None) as batch_op:
        batch_op.drop_index("ix_postroom_workload_isidle")
        batch_op.drop_column("isidle")
        batch_op.drop_column("lane")
