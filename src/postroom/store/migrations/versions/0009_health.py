"""Health: circuits of mail servers, and what workloads wait for."""

import sqlalchemy as sa
from alembic import op

from postroom.schema.column import Moment

revision: str = "0009"
down_revision: str | None = "0008"


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "postroom_circuit",
        sa.Column("postroom_circuitid", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("profileid", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("server", sa.String(length=300), autoincrement=False, nullable=False),
        sa.Column("state", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("cause", sa.Integer(), autoincrement=False, nullable=True),
        sa.Column("strikes", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("struckby", sa.String(length=36), autoincrement=False, nullable=True),
        sa.Column("struckon", Moment(), autoincrement=False, nullable=True),
        sa.Column("openedon", Moment(), autoincrement=False, nullable=True),
        sa.Column("retryon", Moment(), autoincrement=False, nullable=True),
        sa.Column("probe", sa.String(length=100), autoincrement=False, nullable=True),
        sa.Column("probeuntil", Moment(), autoincrement=False, nullable=True),
        sa.Column("probes", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("lasterror", sa.String(length=2048), autoincrement=False, nullable=True),
        sa.Column("closedon", Moment(), autoincrement=False, nullable=True),
        sa.PrimaryKeyConstraint("postroom_circuitid", name=op.f("pk_postroom_circuit")),
        sa.UniqueConstraint("profileid", "server", name=op.f("uq_postroom_circuit_profileid_server")),
    )
    with op.batch_alter_table("postroom_workload", schema=None) as batch_op:
        batch_op.add_column(sa.Column("server", sa.String(length=300), autoincrement=False, nullable=True))
        batch_op.add_column(sa.Column("circuitid", sa.Uuid(), autoincrement=False, nullable=True))
        batch_op.add_column(sa.Column("lastcause", sa.Integer(), autoincrement=False, nullable=True))
        batch_op.add_column(sa.Column("silenton", Moment(), autoincrement=False, nullable=True))
        batch_op.create_index("ix_postroom_workload_circuitid", ["circuitid"], unique=False)
    with op.batch_alter_table("mailboxstatistics", schema=None) as batch_op:
        batch_op.create_index(
            "ix_mailboxstatistics_mailboxprocessstartedon", ["mailboxprocessstartedon"], unique=False
        )
    with op.batch_alter_table("tracelog", schema=None) as batch_op:
        batch_op.create_index("ix_tracelog_modifiedon", ["modifiedon"], unique=False)


def downgrade() -> None:
    """Take the step back."""
    with op.batch_alter_table("tracelog", schema=None) as batch_op:
        batch_op.drop_index("ix_tracelog_modifiedon")
    with op.batch_alter_table("mailboxstatistics", schema=None) as batch_op:
        batch_op.drop_index("ix_mailboxstatistics_mailboxprocessstartedon")
    with op.batch_alter_table("postroom_workload", schema=None) as batch_op:
        batch_op.drop_index("ix_postroom_workload_circuitid")
        batch_op.drop_column("silenton")
        batch_op.drop_column("lastcause")
        batch_op.drop_column("circuitid")
        batch_op.drop_column("server")

    op.drop_table("postroom_circuit")
