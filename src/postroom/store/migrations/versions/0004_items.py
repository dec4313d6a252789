"""Items: what pairs last agreed on, answers of attendees, and the policy on overlapping appointments."""

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"


def upgrade() -> None:
    """Take the step."""
    with op.batch_alter_table("activityparty", schema=None) as batch_op:
        batch_op.add_column(sa.Column("postroom_response", sa.Integer(), autoincrement=False, nullable=True))

    with op.batch_alter_table("exchangesyncidmapping", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "postroom_linkstate", sa.Integer(), server_default="2", autoincrement=False, nullable=False
            )
        )
        batch_op.add_column(
            sa.Column(
                "postroom_parting", sa.Integer(), server_default="0", autoincrement=False, nullable=False
            )
        )
        batch_op.add_column(
            sa.Column("postroom_part", sa.String(length=32), autoincrement=False, nullable=True)
        )
        batch_op.add_column(
            sa.Column("postroom_crmversion", sa.String(length=64), autoincrement=False, nullable=True)
        )
        batch_op.add_column(
            sa.Column("postroom_serverversion", sa.String(length=512), autoincrement=False, nullable=True)
        )
        batch_op.add_column(sa.Column("postroom_agreed", sa.Text(), autoincrement=False, nullable=True))
        batch_op.add_column(sa.Column("postroom_pending", sa.Text(), autoincrement=False, nullable=True))
        batch_op.add_column(
            sa.Column("postroom_failedversions", sa.String(length=600), autoincrement=False, nullable=True)
        )

    with op.batch_alter_table("organization", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "postroom_bookingpolicy",
                sa.Integer(),
                server_default="0",
                autoincrement=False,
                nullable=False,
            )
        )


def downgrade() -> None:
    """Take the step back."""
    with op.batch_alter_table("organization", schema=None) as batch_op:
        batch_op.drop_column("postroom_bookingpolicy")

    with op.batch_alter_table("exchangesyncidmapping", schema=None) as batch_op:
        batch_op.drop_column("postroom_failedversions")
        batch_op.drop_column("postroom_pending")
        batch_op.drop_column("postroom_agreed")
        batch_op.drop_column("postroom_serverversion")
        batch_op.drop_column("postroom_crmversion")
        batch_op.drop_column("postroom_part")
        batch_op.drop_column("postroom_parting")
        batch_op.drop_column("postroom_linkstate")

    with op.batch_alter_table("activityparty", schema=None) as batch_op:
        batch_op.drop_column("postroom_response")
