"""Attachments: files on an e-mail, appointment or template, and their shared content."""

from sqlalchemy import Index

from postroom.schema import column as col
from postroom.schema.choices import ComponentState
from postroom.schema.column import UNBOUNDED, OnDelete, Required
from postroom.schema.table import Description, Row, Versioned


class ActivityMimeAttachment(Versioned, Row):
    """A file attached to an e-mail, an appointment or a template."""

    __tablename__ = "activitymimeattachment"
    __described__ = Description(
        set_name="activitymimeattachments",
        label="Attachment",
        plural="Attachments",
        code=1001,
        schema_name="ActivityMimeAttachment",
        primary_name="filename",
    )
    __table_args__ = (
        Index("ix_activitymimeattachment_objectid", "objectid"),
        Index("ix_activitymimeattachment_attachmentid", "attachmentid"),
    )

    activitymimeattachmentid = col.key(label="Activity MIME Attachment")
    activityid = col.lookup("activitypointer", "email", "appointment", label="Activity")
    activitymimeattachmentidunique = col.guid(
        label="Activity MIME Attachment ID Unique", required=Required.SYSTEM, description="Internal."
    )
    attachmentcontentid = col.text(
        250, label="Attachment Content", description="MIME Content-ID (inline images)."
    )
    attachmentid = col.lookup(
        "attachment",
        label="Attachment",
        required=Required.APPLICATION,
        on_delete=OnDelete.RESTRICT,
        description="Shared content row.",
    )
    attachmentnumber = col.integer(
        0,
        1_000_000_000,
        label="Attachment Number",
        required=Required.SYSTEM,
        default=0,
        description="Ordinal.",
    )
    body = col.text(UNBOUNDED, label="Body", description="Content, base64.")
    filename = col.text(255, label="File Name", description="File name.")
    mimetype = col.text(256, label="MIME Type", description="MIME type.")
    objectid = col.lookup(
        "activitypointer",
        "email",
        "appointment",
        "template",
        label="Object",
        required=Required.SYSTEM,
        type_column="objecttypecode",
        collection={
            "email": "email_activity_mime_attachment",
            "appointment": "appointment_activity_mime_attachment",
            "template": "template_activity_mime_attachments",
        },
        on_delete=OnDelete.CASCADE,
        description="Parent.",
    )
    objecttypecode = col.table_name(
        label="Object Type Code", required=Required.SYSTEM, description="Parent table."
    )
    subject = col.text(2000, label="Subject", description="Title.")
    activitysubject = col.text(2000, label="Activity Subject", access="R", description="Parent's subject.")
    anonymouslink = col.text(2000, label="Anonymous Link", access="R", description="Internal.")
    componentstate = col.choice(
        ComponentState,
        label="Component State",
        required=Required.SYSTEM,
        access="R",
        default=ComponentState.PUBLISHED,
        description="Solution.",
    )
    filesize = col.integer(0, 1_000_000_000, label="File Size (Bytes)", access="R", description="Bytes.")
    isfollowed = col.boolean(
        label="Is Followed", access="R", default=False, description="Followed attachment."
    )
    ismanaged = col.boolean(label="Managed", required=Required.SYSTEM, access="R", default=False)
    overwritetime = col.moment(label="Overwrite Time", required=Required.SYSTEM, access="R")
    ownerid = col.owner(required=Required.APPLICATION, access="R")
    owneridtype = col.table_name(label="Owner ID Type", access="R")
    owningbusinessunit = col.guid(label="Owning Business Unit", access="R")
    owninguser = col.guid(label="Owning User", access="R")
    solutionid = col.guid(label="Solution", access="R")
    supportingsolutionid = col.guid(label="Supporting Solution", access="")


class Attachment(Versioned, Row):
    """Content that several attachments share."""

    __tablename__ = "attachment"
    __described__ = Description(
        set_name="attachments",
        label="Attachment Content",
        plural="Attachment Contents",
        code=1002,
        schema_name="Attachment",
        primary_name="filename",
    )
    __table_args__ = (Index("ix_attachment_postroom_digest", "postroom_digest"),)

    attachmentid = col.key(label="Attachment")
    body = col.text(UNBOUNDED, label="Body", description="Content, base64; null when the content is a blob.")
    filename = col.text(255, label="File Name")
    filesize = col.integer(0, 1_000_000_000, label="File Size (Bytes)", access="R", description="Bytes.")
    mimetype = col.text(256, label="MIME Type")
    prefix = col.text(10, label="Prefix", access="R")
    storagepointer = col.text(10, label="Storage Pointer", access="R")
    filepointer = col.text(255, label="File Pointer", access="R")
    subject = col.text(2000, label="Subject")
    postroom_digest = col.binary(
        32, label="Content Digest", access="R", description="SHA-256 of the content, the key of its blob."
    )
