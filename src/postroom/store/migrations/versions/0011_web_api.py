"""The Web API: its keys, its audit log, and what was deleted."""

import sqlalchemy as sa
from alembic import op

from postroom.schema.column import Moment

revision: str = "0011"
down_revision: str | None = "0010"


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "postroom_key",
        sa.Column("postroom_keyid", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=100), autoincrement=False, nullable=False),
        sa.Column("keyhash", sa.String(length=64), autoincrement=False, nullable=False),
        sa.Column("role", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("systemuserid", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("queueids", sa.String(length=4000), autoincrement=False, nullable=True),
        sa.Column("createdon", Moment(), autoincrement=False, nullable=False),
        sa.Column("expireson", Moment(), autoincrement=False, nullable=True),
        sa.Column("revokedon", Moment(), autoincrement=False, nullable=True),
        sa.PrimaryKeyConstraint("postroom_keyid", name=op.f("pk_postroom_key")),
        sa.UniqueConstraint("name", name=op.f("uq_postroom_key_name")),
    )
    op.create_table(
        "postroom_audit",
        sa.Column("postroom_auditid", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("createdon", Moment(), autoincrement=False, nullable=False),
        sa.Column("keyname", sa.String(length=100), autoincrement=False, nullable=True),
        sa.Column("userid", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("operation", sa.String(length=100), autoincrement=False, nullable=False),
        sa.Column("objecttypecode", sa.String(length=64), autoincrement=False, nullable=True),
        sa.Column("objectid", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("columnnames", sa.Text(), autoincrement=False, nullable=True),
        sa.PrimaryKeyConstraint("postroom_auditid", name=op.f("pk_postroom_audit")),
    )
    with op.batch_alter_table("postroom_audit", schema=None) as batch_op:
        batch_op.create_index("ix_postroom_audit_createdon", ["createdon"], unique=False)
        batch_op.create_index("ix_postroom_audit_objectid", ["objectid"], unique=False)

    op.create_table(
        "postroom_deletion",
        sa.Column("postroom_deletionid", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("objecttypecode", sa.String(length=64), autoincrement=False, nullable=False),
        sa.Column("objectid", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("deletedon", Moment(), autoincrement=False, nullable=False),
        sa.Column("versionnumber", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("postroom_deletionid", name=op.f("pk_postroom_deletion")),
    )
    with op.batch_alter_table("postroom_deletion", schema=None) as batch_op:
        batch_op.create_index(
            "ix_postroom_deletion_objecttypecode", ["objecttypecode", "versionnumber"], unique=False
        )
        batch_op.create_index("ix_postroom_deletion_deletedon", ["deletedon"], unique=False)


def downgrade() -> None:
    """Take the step back."""
    op.drop_table("postroom_deletion")
    op.drop_table("postroom_audit")
    op.drop_table("postroom_key")
