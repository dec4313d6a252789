"""Templates and signatures: texts that e-mail is written from."""

from postroom.schema import column as col
from postroom.schema.column import UNBOUNDED, Required
from postroom.schema.table import Audited, Description, Imported, Owned, Ownership, Row


class Template(Audited, Owned, Imported, Row):
    """A text for e-mail, with fields to fill in."""

    __tablename__ = "template"
    __described__ = Description(
        set_name="templates",
        label="Email Template",
        plural="Email Templates",
        code=2010,
        schema_name="Template",
        primary_name="title",
        ownership=Ownership.USER,
    )

    templateid = col.key(label="Template")
    title = col.text(200, label="Title", required=Required.SYSTEM)
    description = col.memo(2000, label="Description")
    subject = col.memo(5000, label="Subject", description="Subject as XSL.")
    body = col.memo(UNBOUNDED, label="Body", description="Body as XSL.")
    presentationxml = col.memo(UNBOUNDED, label="Presentation XML")
    subjectpresentationxml = col.memo(UNBOUNDED, label="Subject Presentation XML")
    safehtml = col.memo(UNBOUNDED, label="Safe HTML")
    subjectsafehtml = col.memo(UNBOUNDED, label="Subject Safe HTML")
    templatetypecode = col.table_name(
        label="Template Type",
        required=Required.SYSTEM,
        description="Table it applies to; systemuser means any.",
    )
    languagecode = col.integer(label="Language", required=Required.SYSTEM, default=1033)
    mimetype = col.text(256, label="MIME Type")
    ispersonal = col.boolean(
        label="Viewable By", required=Required.SYSTEM, yes="Individual", no="Organization", default=True
    )
    generationtypecode = col.integer(label="Generation Type", access="R")
    usedcount = col.integer(label="Used Count", access="R")
    opencount = col.integer(label="Open Count", access="R")
    replycount = col.integer(label="Reply Count", access="R")
    openrate = col.integer(label="Open Rate", access="R")
    replyrate = col.integer(label="Reply Rate", access="R")


class EmailSignature(Audited, Owned, Imported, Row):
    """A signature of a user or queue."""

    __tablename__ = "emailsignature"
    __described__ = Description(
        set_name="emailsignatures",
        label="Email Signature",
        plural="Email Signatures",
        code=9997,
        schema_name="EmailSignature",
        primary_name="title",
        ownership=Ownership.USER,
    )

    emailsignatureid = col.key(label="Email Signature")
    title = col.text(200, label="Title", required=Required.SYSTEM)
    body = col.memo(UNBOUNDED, label="Body")
    presentationxml = col.memo(UNBOUNDED, label="Presentation XML")
    safehtml = col.memo(UNBOUNDED, label="Safe HTML")
    isdefault = col.boolean(label="Default", default=False)
    ispersonal = col.boolean(
        label="Viewable By", required=Required.SYSTEM, yes="Individual", no="Queue", default=True
    )
    languagecode = col.integer(label="Language", required=Required.SYSTEM, default=1033)
    mimetype = col.text(256, label="MIME Type")
