"""Series: the time zone that a series follows, and which one is to be expanded next."""

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"

_TABLE = "recurringappointmentmaster"
_INDEX = "ix_recurringappointmentmaster_nextexpansioninstancedate"


def upgrade() -> None:
    """Take the step."""
    with op.batch_alter_table(_TABLE, schema=None) as batch_op:
        batch_op.add_column(sa.Column("postroom_timezone", sa.String(length=200), nullable=True))
        batch_op.create_index(_INDEX, ["nextexpansioninstancedate"], unique=False)


def downgrade() -> None:
    """Take the step back."""
    with op.batch_alter_table(_TABLE, schema=None) as batch_op:
        batch_op.drop_index(_INDEX)
        batch_op.drop_column("postroom_timezone")
