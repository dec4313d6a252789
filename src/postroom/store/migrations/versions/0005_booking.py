"""Booking: answers of attendees, and the policy on overlapping appointments."""

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"


def upgrade() -> None:
    """Take the step."""
    with op.batch_alter_table("activityparty", schema=None) as batch_op:
        batch_op.add_column(sa.Column("postroom_response", sa.Integer(), autoincrement=False, nullable=True))

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

    with op.batch_alter_table("activityparty", schema=None) as batch_op:
        batch_op.drop_column("postroom_response")
