"""Broken passes: how often in a row a pass did not outlive its worker."""

import sqlalchemy as sa
from alembic import op

revision: str = "0013"
down_revision: str | None = "0012"


def upgrade() -> None:
    """Take the step."""
    with op.batch_alter_table("postroom_workload", schema=None) as batch_op:
        batch_op.add_column(sa.Column("brokencount", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    """Take the step back."""
    with op.batch_alter_table("postroom_workload", schema=None) as batch_op:
        batch_op.drop_column("brokencount")
