"""Marks: how far folders of a mailbox have been looked through; hints that can be rebuilt."""

from sqlalchemy import UniqueConstraint

from postroom.schema import column as col
from postroom.schema.column import OnDelete, Required
from postroom.schema.table import Description, Row


class Mark(Row):
    """What a mail server's source asked to be remembered about one place of a mailbox."""

    __tablename__ = "postroom_mark"
    __described__ = Description(set_name="postroom_marks", label="Mark", plural="Marks", primary_name="place")
    __table_args__ = (UniqueConstraint("mailboxid", "place"),)

    postroom_markid = col.key(label="Mark", access="R")
    mailboxid = col.lookup(
        "mailbox",
        label="Mailbox",
        access="R",
        required=Required.SYSTEM,
        nullable=False,
        on_delete=OnDelete.CASCADE,
    )
    place = col.text(
        256,
        label="Place",
        access="R",
        default="",
        nullable=False,
        description="The server's name of the folder.",
    )
    mark = col.memo(
        1_048_576,
        label="Mark",
        access="R",
        description="The source's own text, such as a synchronization state.",
    )
    seton = col.moment(label="Set On", access="R", nullable=False)
