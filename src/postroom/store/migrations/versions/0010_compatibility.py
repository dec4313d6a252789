"""Compatibility: which programs the store fits, for those that are older than it."""

import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | None = "0009"


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "postroom_compatibility",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("oldest", sa.String(length=32), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_postroom_compatibility")),
    )


def downgrade() -> None:
    """Take the step back."""
    op.drop_table("postroom_compatibility")
