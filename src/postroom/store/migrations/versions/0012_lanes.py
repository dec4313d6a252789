"""Lanes: which idle mailboxes are looked at together."""

import sqlalchemy as sa
from alembic import op

revision: str = "0012"
down_revision: str | None = "0011"


def upgrade() -> None:
    """Take the step."""
    with op.batch_alter_table("postroom_workload", schema=None) as batch_op:
        batch_op.add_column(sa.Column("lane", sa.Uuid(), nullable=True))


def downgrade() -> None:
    """Take the step back."""
    with op.batch_alter_table("postroom_workload", schema=None) as batch_op:
        batch_op.drop_column("lane")
