"""Wishes: what a person wants done with a message, whatever the rules say."""

from sqlalchemy import Index

from postroom.schema import column as col
from postroom.schema.choices import Wish
from postroom.schema.column import OnDelete
from postroom.schema.table import Description, Row
from postroom.schema.targets import REGARDING


class MessageWish(Row):
    """The explicit wish about one message; the key is the value that makes its e-mail unique."""

    __tablename__ = "postroom_wish"
    __described__ = Description(
        set_name="postroom_wishes", label="Wish", plural="Wishes", primary_name="messageid"
    )
    __table_args__ = (Index("ix_postroom_wish_messageid", "messageid"),)

    postroom_wishid = col.key(label="Wish", access="R")
    messageid = col.text(320, label="Message ID", access="R")
    wish = col.choice(Wish, label="Wish", access="R", nullable=False)
    regardingobjectid = col.lookup(
        *REGARDING,
        label="Regarding",
        access="R",
        type_column="regardingobjecttypecode",
        on_delete=OnDelete.REMOVE_LINK,
        description="What the message is to regard when it is tracked.",
    )
    regardingobjecttypecode = col.table_name(label="Regarding Type", access="R")
    wishedby = col.lookup("systemuser", label="Wished By", access="R")
    createdon = col.moment(label="Created On", access="R", nullable=False)
