"""API keys: who may use the Web API, as what and on whose behalf."""

from sqlalchemy import UniqueConstraint

from postroom.schema import column as col
from postroom.schema.choices import Role
from postroom.schema.column import Required
from postroom.schema.table import Description, Row


class ApiKey(Row):
    """A key of the Web API; its text was shown once and is kept only as a hash."""

    __tablename__ = "postroom_key"
    __described__ = Description(
        set_name="postroom_keys", label="API Key", plural="API Keys", primary_name="name"
    )
    __table_args__ = (UniqueConstraint("name"),)

    postroom_keyid = col.key(label="API Key", access="R")
    name = col.text(100, label="Name", access="R", nullable=False, description="Also the client id.")
    keyhash = col.text(
        64, label="Hash", access="", nullable=False, description="SHA-256 of the key; never shown."
    )
    role = col.choice(Role, label="Role", access="R", nullable=False, required=Required.SYSTEM)
    systemuserid = col.lookup(
        "systemuser", label="User", access="R", description="On whose behalf the key reads and writes."
    )
    queueids = col.text(
        4000, label="Queues", access="R", description="Keys of the queues whose mail it sees, with commas."
    )
    createdon = col.moment(label="Created On", access="R", nullable=False)
    expireson = col.moment(label="Expires On", access="R", description="From then on the key is refused.")
    revokedon = col.moment(label="Revoked On", access="R", description="Since then the key is refused.")
