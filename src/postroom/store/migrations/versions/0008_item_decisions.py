"""Items: what people are asked and decide, values that can be put back, members of teams."""

import sqlalchemy as sa
from alembic import op

from postroom.schema.column import Moment

revision: str = "0008"
down_revision: str | None = "0007"


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "teammembership",
        sa.Column("teammembershipid", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("systemuserid", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("teamid", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("versionnumber", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.PrimaryKeyConstraint("teammembershipid", name=op.f("pk_teammembership")),
    )
    with op.batch_alter_table("teammembership", schema=None) as batch_op:
        batch_op.create_index("ix_teammembership_systemuserid", ["systemuserid", "teamid"], unique=True)

    with op.batch_alter_table("exchangesyncidmapping", schema=None) as batch_op:
        batch_op.add_column(sa.Column("postroom_question", sa.Text(), autoincrement=False, nullable=True))
        batch_op.create_index(
            "ix_exchangesyncidmapping_lastsyncerroroccurredon", ["lastsyncerroroccurredon"], unique=False
        )

    with op.batch_alter_table("organization", schema=None) as batch_op:
        for name in ("postroom_itemconflictpolicy", "postroom_itemduplicatepolicy"):
            batch_op.add_column(
                sa.Column(name, sa.Integer(), server_default="0", autoincrement=False, nullable=False)
            )

    with op.batch_alter_table("postroom_overwritten", schema=None) as batch_op:
        batch_op.add_column(sa.Column("content", sa.Text(), autoincrement=False, nullable=True))
        batch_op.add_column(sa.Column("restoredon", Moment(), autoincrement=False, nullable=True))


def downgrade() -> None:
    """Take the step back."""
    with op.batch_alter_table("postroom_overwritten", schema=None) as batch_op:
        batch_op.drop_column("restoredon")
        batch_op.drop_column("content")

    with op.batch_alter_table("organization", schema=None) as batch_op:
        batch_op.drop_column("postroom_itemduplicatepolicy")
        batch_op.drop_column("postroom_itemconflictpolicy")

    with op.batch_alter_table("exchangesyncidmapping", schema=None) as batch_op:
        batch_op.drop_index("ix_exchangesyncidmapping_lastsyncerroroccurredon")
        batch_op.drop_column("postroom_question")

    op.drop_table("teammembership")
