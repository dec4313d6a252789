"""First tables."""

import sqlalchemy as sa
from alembic import op

from postroom.schema.column import ExactDecimal, Moment
from postroom.schema.version import VERSIONS_AT_ONCE

revision: str = "0001"
down_revision: str | None = None


def _begin_row_versions() -> None:
    """Put row versions at their beginning: a row on SQLite, a sequence on PostgreSQL."""
    op.execute("INSERT INTO postroom_rowversion (number, last) VALUES (1, 0)")
    if op.get_context().dialect.name == "postgresql":
        op.execute(f"CREATE SEQUENCE postroom_rowversions INCREMENT BY {VERSIONS_AT_ONCE}")


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "account",
        sa.Column("accountid", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=160), nullable=True),
        sa.Column("accountnumber", sa.String(length=20), nullable=True),
        sa.Column("emailaddress1", sa.String(length=100), nullable=True),
        sa.Column("emailaddress2", sa.String(length=100), nullable=True),
        sa.Column("emailaddress3", sa.String(length=100), nullable=True),
        sa.Column("telephone1", sa.String(length=50), nullable=True),
        sa.Column("telephone2", sa.String(length=50), nullable=True),
        sa.Column("telephone3", sa.String(length=50), nullable=True),
        sa.Column("fax", sa.String(length=50), nullable=True),
        sa.Column("websiteurl", sa.String(length=200), nullable=True),
        sa.Column("primarycontactid", sa.Uuid(), nullable=True),
        sa.Column("parentaccountid", sa.Uuid(), nullable=True),
        sa.Column("donotemail", sa.Boolean(), nullable=True),
        sa.Column("donotbulkemail", sa.Boolean(), nullable=True),
        sa.Column("donotphone", sa.Boolean(), nullable=True),
        sa.Column("donotfax", sa.Boolean(), nullable=True),
        sa.Column("donotpostalmail", sa.Boolean(), nullable=True),
        sa.Column("followemail", sa.Boolean(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("address1_composite", sa.Text(), nullable=True),
        sa.Column("statecode", sa.Integer(), nullable=False),
        sa.Column("statuscode", sa.Integer(), nullable=True),
        sa.Column("createdby", sa.Uuid(), nullable=True),
        sa.Column("modifiedby", sa.Uuid(), nullable=True),
        sa.Column("createdonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("modifiedonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("createdon", Moment(), nullable=True),
        sa.Column("modifiedon", Moment(), nullable=True),
        sa.Column("versionnumber", sa.BigInteger(), nullable=True),
        sa.Column("ownerid", sa.Uuid(), nullable=True),
        sa.Column("owneridtype", sa.String(length=64), nullable=True),
        sa.Column("owningbusinessunit", sa.Uuid(), nullable=True),
        sa.Column("owningteam", sa.Uuid(), nullable=True),
        sa.Column("owninguser", sa.Uuid(), nullable=True),
        sa.Column("importsequencenumber", sa.Integer(), nullable=True),
        sa.Column("overriddencreatedon", Moment(), nullable=True),
        sa.Column("timezoneruleversionnumber", sa.Integer(), nullable=True),
        sa.Column("utcconversiontimezonecode", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("accountid", name=op.f("pk_account")),
    )
    op.create_table(
        "activitymimeattachment",
        sa.Column("activitymimeattachmentid", sa.Uuid(), nullable=False),
        sa.Column("activityid", sa.Uuid(), nullable=True),
        sa.Column("activitymimeattachmentidunique", sa.Uuid(), nullable=True),
        sa.Column("attachmentcontentid", sa.String(length=250), nullable=True),
        sa.Column("attachmentid", sa.Uuid(), nullable=True),
        sa.Column("attachmentnumber", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("filename", sa.String(length=255), nullable=True),
        sa.Column("mimetype", sa.String(length=256), nullable=True),
        sa.Column("objectid", sa.Uuid(), nullable=True),
        sa.Column("objecttypecode", sa.String(length=64), nullable=True),
        sa.Column("subject", sa.String(length=2000), nullable=True),
        sa.Column("activitysubject", sa.String(length=2000), nullable=True),
        sa.Column("anonymouslink", sa.String(length=2000), nullable=True),
        sa.Column("componentstate", sa.Integer(), nullable=False),
        sa.Column("filesize", sa.Integer(), nullable=True),
        sa.Column("isfollowed", sa.Boolean(), nullable=True),
        sa.Column("ismanaged", sa.Boolean(), nullable=False),
        sa.Column("overwritetime", Moment(), nullable=True),
        sa.Column("ownerid", sa.Uuid(), nullable=True),
        sa.Column("owneridtype", sa.String(length=64), nullable=True),
        sa.Column("owningbusinessunit", sa.Uuid(), nullable=True),
        sa.Column("owninguser", sa.Uuid(), nullable=True),
        sa.Column("solutionid", sa.Uuid(), nullable=True),
        sa.Column("supportingsolutionid", sa.Uuid(), nullable=True),
        sa.Column("versionnumber", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("activitymimeattachmentid", name=op.f("pk_activitymimeattachment")),
    )
    with op.batch_alter_table("activitymimeattachment", schema=None) as batch_op:
        batch_op.create_index("ix_activitymimeattachment_attachmentid", ["attachmentid"], unique=False)
        batch_op.create_index("ix_activitymimeattachment_objectid", ["objectid"], unique=False)

    op.create_table(
        "activityparty",
        sa.Column("activitypartyid", sa.Uuid(), nullable=False),
        sa.Column("activityid", sa.Uuid(), nullable=True),
        sa.Column("addressused", sa.String(length=320), nullable=True),
        sa.Column("effort", sa.Double(), nullable=True),
        sa.Column("exchangeentryid", sa.String(length=1024), nullable=True),
        sa.Column("participationtypemask", sa.Integer(), nullable=True),
        sa.Column("partyid", sa.Uuid(), nullable=True),
        sa.Column("externalid", sa.String(length=200), nullable=True),
        sa.Column("externalidtype", sa.String(length=200), nullable=True),
        sa.Column("resourcespecid", sa.Uuid(), nullable=True),
        sa.Column("partyidname", sa.String(length=400), nullable=True),
        sa.Column("partyobjecttypecode", sa.String(length=64), nullable=True),
        sa.Column("unresolvedpartyname", sa.String(length=200), nullable=True),
        sa.Column("addressusedemailcolumnnumber", sa.Integer(), nullable=True),
        sa.Column("donotemail", sa.Boolean(), nullable=True),
        sa.Column("donotfax", sa.Boolean(), nullable=True),
        sa.Column("donotphone", sa.Boolean(), nullable=True),
        sa.Column("donotpostalmail", sa.Boolean(), nullable=True),
        sa.Column("instancetypecode", sa.Integer(), nullable=False),
        sa.Column("ispartydeleted", sa.Boolean(), nullable=False),
        sa.Column("ownerid", sa.Uuid(), nullable=True),
        sa.Column("owneridtype", sa.String(length=64), nullable=True),
        sa.Column("owningbusinessunit", sa.Uuid(), nullable=True),
        sa.Column("owninguser", sa.Uuid(), nullable=True),
        sa.Column("scheduledend", Moment(), nullable=True),
        sa.Column("scheduledstart", Moment(), nullable=True),
        sa.Column("versionnumber", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("activitypartyid", name=op.f("pk_activityparty")),
    )
    with op.batch_alter_table("activityparty", schema=None) as batch_op:
        batch_op.create_index("ix_activityparty_activityid", ["activityid"], unique=False)
        batch_op.create_index("ix_activityparty_addressused", ["addressused"], unique=False)
        batch_op.create_index("ix_activityparty_partyid", ["partyid"], unique=False)

    op.create_table(
        "annotation",
        sa.Column("annotationid", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.String(length=500), nullable=True),
        sa.Column("notetext", sa.Text(), nullable=True),
        sa.Column("isdocument", sa.Boolean(), nullable=True),
        sa.Column("documentbody", sa.Text(), nullable=True),
        sa.Column("filename", sa.String(length=255), nullable=True),
        sa.Column("filesize", sa.Integer(), nullable=True),
        sa.Column("mimetype", sa.String(length=256), nullable=True),
        sa.Column("langid", sa.String(length=2), nullable=True),
        sa.Column("objectid", sa.Uuid(), nullable=True),
        sa.Column("objecttypecode", sa.String(length=64), nullable=True),
        sa.Column("createdby", sa.Uuid(), nullable=True),
        sa.Column("modifiedby", sa.Uuid(), nullable=True),
        sa.Column("createdonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("modifiedonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("createdon", Moment(), nullable=True),
        sa.Column("modifiedon", Moment(), nullable=True),
        sa.Column("versionnumber", sa.BigInteger(), nullable=True),
        sa.Column("ownerid", sa.Uuid(), nullable=True),
        sa.Column("owneridtype", sa.String(length=64), nullable=True),
        sa.Column("owningbusinessunit", sa.Uuid(), nullable=True),
        sa.Column("owningteam", sa.Uuid(), nullable=True),
        sa.Column("owninguser", sa.Uuid(), nullable=True),
        sa.Column("importsequencenumber", sa.Integer(), nullable=True),
        sa.Column("overriddencreatedon", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("annotationid", name=op.f("pk_annotation")),
    )
    with op.batch_alter_table("annotation", schema=None) as batch_op:
        batch_op.create_index("ix_annotation_objectid", ["objectid"], unique=False)

    op.create_table(
        "appointment",
        sa.Column("activityid", sa.Uuid(), nullable=False),
        sa.Column("actualend", Moment(), nullable=True),
        sa.Column("actualstart", Moment(), nullable=True),
        sa.Column("attachmenterrors", sa.Integer(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("globalobjectid", sa.String(length=300), nullable=True),
        sa.Column("isalldayevent", sa.Boolean(), nullable=True),
        sa.Column("isdraft", sa.Boolean(), nullable=False),
        sa.Column("ismapiprivate", sa.Boolean(), nullable=True),
        sa.Column("isonlinemeeting", sa.Boolean(), nullable=True),
        sa.Column("lastonholdtime", Moment(), nullable=True),
        sa.Column("location", sa.String(length=200), nullable=True),
        sa.Column("onlinemeetingchatid", sa.String(length=200), nullable=True),
        sa.Column("onlinemeetingid", sa.String(length=300), nullable=True),
        sa.Column("onlinemeetingjoinurl", sa.String(length=600), nullable=True),
        sa.Column("onlinemeetingtype", sa.Integer(), nullable=True),
        sa.Column("outlookownerapptid", sa.Integer(), nullable=True),
        sa.Column("scheduledend", Moment(), nullable=True),
        sa.Column("scheduledstart", Moment(), nullable=True),
        sa.Column("slaid", sa.Uuid(), nullable=True),
        sa.Column("statecode", sa.Integer(), nullable=False),
        sa.Column("statuscode", sa.Integer(), nullable=True),
        sa.Column("subject", sa.String(length=200), nullable=True),
        sa.Column("subscriptionid", sa.Uuid(), nullable=True),
        sa.Column("attachmentcount", sa.Integer(), nullable=False),
        sa.Column("formattedscheduledend", Moment(), nullable=True),
        sa.Column("formattedscheduledstart", Moment(), nullable=True),
        sa.Column("instancetypecode", sa.Integer(), nullable=False),
        sa.Column("modifiedfieldsmask", sa.Text(), nullable=True),
        sa.Column("onholdtime", sa.Integer(), nullable=True),
        sa.Column("originalstartdate", Moment(), nullable=True),
        sa.Column("safedescription", sa.Text(), nullable=True),
        sa.Column("seriesid", sa.Uuid(), nullable=True),
        sa.Column("slainvokedid", sa.Uuid(), nullable=True),
        sa.Column("activitytypecode", sa.String(length=64), nullable=False),
        sa.Column("regardingobjectid", sa.Uuid(), nullable=True),
        sa.Column("regardingobjecttypecode", sa.String(length=64), nullable=True),
        sa.Column("prioritycode", sa.Integer(), nullable=True),
        sa.Column("actualdurationminutes", sa.Integer(), nullable=True),
        sa.Column("scheduleddurationminutes", sa.Integer(), nullable=True),
        sa.Column("category", sa.String(length=250), nullable=True),
        sa.Column("subcategory", sa.String(length=250), nullable=True),
        sa.Column("sortdate", Moment(), nullable=True),
        sa.Column("isbilled", sa.Boolean(), nullable=True),
        sa.Column("isregularactivity", sa.Boolean(), nullable=False),
        sa.Column("isworkflowcreated", sa.Boolean(), nullable=True),
        sa.Column("isunsafe", sa.Integer(), nullable=True),
        sa.Column("activityadditionalparams", sa.Text(), nullable=True),
        sa.Column("transactioncurrencyid", sa.Uuid(), nullable=True),
        sa.Column("exchangerate", ExactDecimal(), nullable=True),
        sa.Column("serviceid", sa.Uuid(), nullable=True),
        sa.Column("processid", sa.Uuid(), nullable=True),
        sa.Column("stageid", sa.Uuid(), nullable=True),
        sa.Column("traversedpath", sa.String(length=1250), nullable=True),
        sa.Column("createdby", sa.Uuid(), nullable=True),
        sa.Column("modifiedby", sa.Uuid(), nullable=True),
        sa.Column("createdonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("modifiedonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("createdon", Moment(), nullable=True),
        sa.Column("modifiedon", Moment(), nullable=True),
        sa.Column("versionnumber", sa.BigInteger(), nullable=True),
        sa.Column("ownerid", sa.Uuid(), nullable=True),
        sa.Column("owneridtype", sa.String(length=64), nullable=True),
        sa.Column("owningbusinessunit", sa.Uuid(), nullable=True),
        sa.Column("owningteam", sa.Uuid(), nullable=True),
        sa.Column("owninguser", sa.Uuid(), nullable=True),
        sa.Column("importsequencenumber", sa.Integer(), nullable=True),
        sa.Column("overriddencreatedon", Moment(), nullable=True),
        sa.Column("timezoneruleversionnumber", sa.Integer(), nullable=True),
        sa.Column("utcconversiontimezonecode", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("activityid", name=op.f("pk_appointment")),
    )
    with op.batch_alter_table("appointment", schema=None) as batch_op:
        batch_op.create_index("ix_appointment_globalobjectid", ["globalobjectid"], unique=False)
        batch_op.create_index("ix_appointment_ownerid", ["ownerid", "scheduledstart"], unique=False)
        batch_op.create_index("ix_appointment_regardingobjectid", ["regardingobjectid"], unique=False)
        batch_op.create_index("ix_appointment_seriesid", ["seriesid", "originalstartdate"], unique=False)

    op.create_table(
        "attachment",
        sa.Column("attachmentid", sa.Uuid(), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("filename", sa.String(length=255), nullable=True),
        sa.Column("filesize", sa.Integer(), nullable=True),
        sa.Column("mimetype", sa.String(length=256), nullable=True),
        sa.Column("prefix", sa.String(length=10), nullable=True),
        sa.Column("storagepointer", sa.String(length=10), nullable=True),
        sa.Column("filepointer", sa.String(length=255), nullable=True),
        sa.Column("subject", sa.String(length=2000), nullable=True),
        sa.Column("postroom_digest", sa.LargeBinary(length=32), nullable=True),
        sa.Column("versionnumber", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("attachmentid", name=op.f("pk_attachment")),
    )
    with op.batch_alter_table("attachment", schema=None) as batch_op:
        batch_op.create_index("ix_attachment_postroom_digest", ["postroom_digest"], unique=False)

    op.create_table(
        "bookableresourcebookingexchangesyncidmapping",
        sa.Column("bookableresourcebookingexchangesyncidmappingid", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=True),
        sa.Column("bookableresourcebookingid", sa.Uuid(), nullable=True),
        sa.Column("exchangeentryid", sa.String(length=1024), nullable=True),
        sa.Column("isdeletedinexchange", sa.Boolean(), nullable=True),
        sa.Column("lastsyncerror", sa.String(length=2048), nullable=True),
        sa.Column("lastsyncerrorcode", sa.Integer(), nullable=True),
        sa.Column("lastsyncerroroccurredon", Moment(), nullable=True),
        sa.Column("retries", sa.Integer(), nullable=True),
        sa.Column("syncstatus", sa.Integer(), nullable=True),
        sa.Column("syncversionnumber", sa.BigInteger(), nullable=True),
        sa.Column("userid", sa.Uuid(), nullable=True),
        sa.Column("createdby", sa.Uuid(), nullable=True),
        sa.Column("modifiedby", sa.Uuid(), nullable=True),
        sa.Column("createdonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("modifiedonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("createdon", Moment(), nullable=True),
        sa.Column("modifiedon", Moment(), nullable=True),
        sa.Column("versionnumber", sa.BigInteger(), nullable=True),
        sa.Column("ownerid", sa.Uuid(), nullable=True),
        sa.Column("owneridtype", sa.String(length=64), nullable=True),
        sa.Column("owningbusinessunit", sa.Uuid(), nullable=True),
        sa.Column("owningteam", sa.Uuid(), nullable=True),
        sa.Column("owninguser", sa.Uuid(), nullable=True),
        sa.Column("importsequencenumber", sa.Integer(), nullable=True),
        sa.Column("overriddencreatedon", Moment(), nullable=True),
        sa.Column("timezoneruleversionnumber", sa.Integer(), nullable=True),
        sa.Column("utcconversiontimezonecode", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint(
            "bookableresourcebookingexchangesyncidmappingid",
            name=op.f("pk_bookableresourcebookingexchangesyncidmapping"),
        ),
    )
    op.create_table(
        "businessunit",
        sa.Column("businessunitid", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=160), nullable=True),
        sa.Column("parentbusinessunitid", sa.Uuid(), nullable=True),
        sa.Column("emailaddress", sa.String(length=100), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("isdisabled", sa.Boolean(), nullable=True),
        sa.Column("organizationid", sa.Uuid(), nullable=True),
        sa.Column("createdby", sa.Uuid(), nullable=True),
        sa.Column("modifiedby", sa.Uuid(), nullable=True),
        sa.Column("createdonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("modifiedonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("createdon", Moment(), nullable=True),
        sa.Column("modifiedon", Moment(), nullable=True),
        sa.Column("versionnumber", sa.BigInteger(), nullable=True),
        sa.Column("importsequencenumber", sa.Integer(), nullable=True),
        sa.Column("overriddencreatedon", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("businessunitid", name=op.f("pk_businessunit")),
    )
    op.create_table(
        "contact",
        sa.Column("contactid", sa.Uuid(), nullable=False),
        sa.Column("fullname", sa.String(length=160), nullable=True),
        sa.Column("firstname", sa.String(length=50), nullable=True),
        sa.Column("lastname", sa.String(length=50), nullable=True),
        sa.Column("middlename", sa.String(length=50), nullable=True),
        sa.Column("nickname", sa.String(length=100), nullable=True),
        sa.Column("salutation", sa.String(length=100), nullable=True),
        sa.Column("suffix", sa.String(length=10), nullable=True),
        sa.Column("jobtitle", sa.String(length=100), nullable=True),
        sa.Column("department", sa.String(length=100), nullable=True),
        sa.Column("company", sa.String(length=50), nullable=True),
        sa.Column("emailaddress1", sa.String(length=100), nullable=True),
        sa.Column("emailaddress2", sa.String(length=100), nullable=True),
        sa.Column("emailaddress3", sa.String(length=100), nullable=True),
        sa.Column("websiteurl", sa.String(length=200), nullable=True),
        sa.Column("ftpsiteurl", sa.String(length=200), nullable=True),
        sa.Column("telephone1", sa.String(length=50), nullable=True),
        sa.Column("telephone2", sa.String(length=50), nullable=True),
        sa.Column("telephone3", sa.String(length=50), nullable=True),
        sa.Column("mobilephone", sa.String(length=50), nullable=True),
        sa.Column("fax", sa.String(length=50), nullable=True),
        sa.Column("pager", sa.String(length=50), nullable=True),
        sa.Column("business2", sa.String(length=50), nullable=True),
        sa.Column("home2", sa.String(length=50), nullable=True),
        sa.Column("callback", sa.String(length=50), nullable=True),
        sa.Column("assistantname", sa.String(length=100), nullable=True),
        sa.Column("assistantphone", sa.String(length=50), nullable=True),
        sa.Column("managername", sa.String(length=100), nullable=True),
        sa.Column("managerphone", sa.String(length=50), nullable=True),
        sa.Column("spousesname", sa.String(length=100), nullable=True),
        sa.Column("childrensnames", sa.String(length=255), nullable=True),
        sa.Column("birthdate", sa.Date(), nullable=True),
        sa.Column("anniversary", sa.Date(), nullable=True),
        sa.Column("governmentid", sa.String(length=50), nullable=True),
        sa.Column("employeeid", sa.String(length=50), nullable=True),
        sa.Column("gendercode", sa.Integer(), nullable=True),
        sa.Column("familystatuscode", sa.Integer(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("parentcustomerid", sa.Uuid(), nullable=True),
        sa.Column("parentcustomeridtype", sa.String(length=64), nullable=True),
        sa.Column("address1_line1", sa.String(length=250), nullable=True),
        sa.Column("address1_line2", sa.String(length=250), nullable=True),
        sa.Column("address1_line3", sa.String(length=250), nullable=True),
        sa.Column("address1_city", sa.String(length=80), nullable=True),
        sa.Column("address1_stateorprovince", sa.String(length=50), nullable=True),
        sa.Column("address1_postalcode", sa.String(length=20), nullable=True),
        sa.Column("address1_country", sa.String(length=80), nullable=True),
        sa.Column("address1_county", sa.String(length=50), nullable=True),
        sa.Column("address1_postofficebox", sa.String(length=20), nullable=True),
        sa.Column("address1_telephone1", sa.String(length=50), nullable=True),
        sa.Column("address1_telephone2", sa.String(length=50), nullable=True),
        sa.Column("address1_telephone3", sa.String(length=50), nullable=True),
        sa.Column("address1_fax", sa.String(length=50), nullable=True),
        sa.Column("address1_name", sa.String(length=200), nullable=True),
        sa.Column("address1_composite", sa.Text(), nullable=True),
        sa.Column("address1_addresstypecode", sa.Integer(), nullable=True),
        sa.Column("address2_line1", sa.String(length=250), nullable=True),
        sa.Column("address2_line2", sa.String(length=250), nullable=True),
        sa.Column("address2_line3", sa.String(length=250), nullable=True),
        sa.Column("address2_city", sa.String(length=80), nullable=True),
        sa.Column("address2_stateorprovince", sa.String(length=50), nullable=True),
        sa.Column("address2_postalcode", sa.String(length=20), nullable=True),
        sa.Column("address2_country", sa.String(length=80), nullable=True),
        sa.Column("address2_county", sa.String(length=50), nullable=True),
        sa.Column("address2_postofficebox", sa.String(length=20), nullable=True),
        sa.Column("address2_telephone1", sa.String(length=50), nullable=True),
        sa.Column("address2_telephone2", sa.String(length=50), nullable=True),
        sa.Column("address2_telephone3", sa.String(length=50), nullable=True),
        sa.Column("address2_fax", sa.String(length=50), nullable=True),
        sa.Column("address2_name", sa.String(length=200), nullable=True),
        sa.Column("address2_composite", sa.Text(), nullable=True),
        sa.Column("address3_line1", sa.String(length=250), nullable=True),
        sa.Column("address3_line2", sa.String(length=250), nullable=True),
        sa.Column("address3_line3", sa.String(length=250), nullable=True),
        sa.Column("address3_city", sa.String(length=80), nullable=True),
        sa.Column("address3_stateorprovince", sa.String(length=50), nullable=True),
        sa.Column("address3_postalcode", sa.String(length=20), nullable=True),
        sa.Column("address3_country", sa.String(length=80), nullable=True),
        sa.Column("address3_county", sa.String(length=50), nullable=True),
        sa.Column("address3_postofficebox", sa.String(length=20), nullable=True),
        sa.Column("address3_telephone1", sa.String(length=50), nullable=True),
        sa.Column("address3_telephone2", sa.String(length=50), nullable=True),
        sa.Column("address3_telephone3", sa.String(length=50), nullable=True),
        sa.Column("address3_fax", sa.String(length=50), nullable=True),
        sa.Column("address3_name", sa.String(length=200), nullable=True),
        sa.Column("address3_composite", sa.Text(), nullable=True),
        sa.Column("entityimage", sa.LargeBinary(), nullable=True),
        sa.Column("donotemail", sa.Boolean(), nullable=True),
        sa.Column("donotbulkemail", sa.Boolean(), nullable=True),
        sa.Column("donotphone", sa.Boolean(), nullable=True),
        sa.Column("donotfax", sa.Boolean(), nullable=True),
        sa.Column("donotpostalmail", sa.Boolean(), nullable=True),
        sa.Column("followemail", sa.Boolean(), nullable=True),
        sa.Column("preferredcontactmethodcode", sa.Integer(), nullable=True),
        sa.Column("yomifirstname", sa.String(length=150), nullable=True),
        sa.Column("yomilastname", sa.String(length=150), nullable=True),
        sa.Column("yomimiddlename", sa.String(length=150), nullable=True),
        sa.Column("yomifullname", sa.String(length=450), nullable=True),
        sa.Column("externaluseridentifier", sa.String(length=50), nullable=True),
        sa.Column("subscriptionid", sa.Uuid(), nullable=True),
        sa.Column("preferredsystemuserid", sa.Uuid(), nullable=True),
        sa.Column("originatingleadid", sa.Uuid(), nullable=True),
        sa.Column("masterid", sa.Uuid(), nullable=True),
        sa.Column("merged", sa.Boolean(), nullable=True),
        sa.Column("statecode", sa.Integer(), nullable=False),
        sa.Column("statuscode", sa.Integer(), nullable=True),
        sa.Column("createdby", sa.Uuid(), nullable=True),
        sa.Column("modifiedby", sa.Uuid(), nullable=True),
        sa.Column("createdonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("modifiedonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("createdon", Moment(), nullable=True),
        sa.Column("modifiedon", Moment(), nullable=True),
        sa.Column("versionnumber", sa.BigInteger(), nullable=True),
        sa.Column("ownerid", sa.Uuid(), nullable=True),
        sa.Column("owneridtype", sa.String(length=64), nullable=True),
        sa.Column("owningbusinessunit", sa.Uuid(), nullable=True),
        sa.Column("owningteam", sa.Uuid(), nullable=True),
        sa.Column("owninguser", sa.Uuid(), nullable=True),
        sa.Column("importsequencenumber", sa.Integer(), nullable=True),
        sa.Column("overriddencreatedon", Moment(), nullable=True),
        sa.Column("timezoneruleversionnumber", sa.Integer(), nullable=True),
        sa.Column("utcconversiontimezonecode", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("contactid", name=op.f("pk_contact")),
    )
    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.create_index("ix_contact_ownerid", ["ownerid"], unique=False)
        batch_op.create_index("ix_contact_parentcustomerid", ["parentcustomerid"], unique=False)

    op.create_table(
        "email",
        sa.Column("activityid", sa.Uuid(), nullable=False),
        sa.Column("acceptingentityid", sa.Uuid(), nullable=True),
        sa.Column("acceptingentitytypecode", sa.String(length=64), nullable=True),
        sa.Column("actualend", Moment(), nullable=True),
        sa.Column("actualstart", Moment(), nullable=True),
        sa.Column("attachmentopencount", sa.Integer(), nullable=True),
        sa.Column("baseconversationindexhash", sa.Integer(), nullable=True),
        sa.Column("conversationtrackingid", sa.Uuid(), nullable=True),
        sa.Column("correlatedactivityid", sa.Uuid(), nullable=True),
        sa.Column("correlatedsubjectchanged", sa.Boolean(), nullable=True),
        sa.Column("delayedemailsendtime", Moment(), nullable=True),
        sa.Column("deliveryattempts", sa.Integer(), nullable=True),
        sa.Column("deliveryprioritycode", sa.Integer(), nullable=True),
        sa.Column("deliveryreceiptrequested", sa.Boolean(), nullable=True),
        sa.Column("directioncode", sa.Boolean(), nullable=True),
        sa.Column("emailreminderexpirytime", Moment(), nullable=True),
        sa.Column("emailremindertext", sa.String(length=1250), nullable=True),
        sa.Column("emailremindertype", sa.Integer(), nullable=True),
        sa.Column("emailtrackingid", sa.Uuid(), nullable=True),
        sa.Column("followemailuserpreference", sa.Boolean(), nullable=True),
        sa.Column("internetmessageheaders", sa.String(length=500), nullable=True),
        sa.Column("isduplicatesenderunresolved", sa.Boolean(), nullable=True),
        sa.Column("lastonholdtime", Moment(), nullable=True),
        sa.Column("lastopenedtime", Moment(), nullable=True),
        sa.Column("linksclickedcount", sa.Integer(), nullable=True),
        sa.Column("messageid", sa.String(length=320), nullable=True),
        sa.Column("messageiddupcheck", sa.Uuid(), nullable=True),
        sa.Column("mimetype", sa.String(length=256), nullable=True),
        sa.Column("notifications", sa.Integer(), nullable=True),
        sa.Column("opencount", sa.Integer(), nullable=True),
        sa.Column("parentactivityid", sa.Uuid(), nullable=True),
        sa.Column("readreceiptrequested", sa.Boolean(), nullable=True),
        sa.Column("receivingmailboxid", sa.Uuid(), nullable=True),
        sa.Column("reminderactioncardid", sa.Uuid(), nullable=True),
        sa.Column("reservedforinternaluse", sa.Text(), nullable=True),
        sa.Column("scheduledend", Moment(), nullable=True),
        sa.Column("scheduledstart", Moment(), nullable=True),
        sa.Column("sender", sa.String(length=250), nullable=True),
        sa.Column("slaid", sa.Uuid(), nullable=True),
        sa.Column("statecode", sa.Integer(), nullable=False),
        sa.Column("statuscode", sa.Integer(), nullable=True),
        sa.Column("subject", sa.String(length=800), nullable=True),
        sa.Column("submittedby", sa.String(length=250), nullable=True),
        sa.Column("templateid", sa.Uuid(), nullable=True),
        sa.Column("torecipients", sa.String(length=500), nullable=True),
        sa.Column("trackingtoken", sa.String(length=50), nullable=True),
        sa.Column("attachmentcount", sa.Integer(), nullable=False),
        sa.Column("compressed", sa.Boolean(), nullable=False),
        sa.Column("conversationindex", sa.String(length=2048), nullable=True),
        sa.Column("correlationmethod", sa.Integer(), nullable=True),
        sa.Column("descriptionblobid", sa.Uuid(), nullable=True),
        sa.Column("descriptionblobid_name", sa.String(length=200), nullable=True),
        sa.Column("emailreminderstatus", sa.Integer(), nullable=False),
        sa.Column("emailsender", sa.Uuid(), nullable=True),
        sa.Column("emailsenderobjecttypecode", sa.String(length=64), nullable=True),
        sa.Column("inreplyto", sa.String(length=320), nullable=True),
        sa.Column("isemailfollowed", sa.Boolean(), nullable=True),
        sa.Column("isemailreminderset", sa.Boolean(), nullable=True),
        sa.Column("issafedescriptiontruncated", sa.Integer(), nullable=True),
        sa.Column("onholdtime", sa.Integer(), nullable=True),
        sa.Column("postponeemailprocessinguntil", Moment(), nullable=True),
        sa.Column("replycount", sa.Integer(), nullable=True),
        sa.Column("sendermailboxid", sa.Uuid(), nullable=True),
        sa.Column("sendersaccount", sa.Uuid(), nullable=True),
        sa.Column("sendersaccountobjecttypecode", sa.String(length=64), nullable=True),
        sa.Column("senton", Moment(), nullable=True),
        sa.Column("slainvokedid", sa.Uuid(), nullable=True),
        sa.Column("isregularactivity", sa.Boolean(), nullable=False),
        sa.Column("activitytypecode", sa.String(length=64), nullable=False),
        sa.Column("postroom_sendoutcome", sa.Integer(), nullable=True),
        sa.Column("postroom_sendreason", sa.String(length=2000), nullable=True),
        sa.Column("postroom_contentdigest", sa.LargeBinary(length=32), nullable=True),
        sa.Column("regardingobjectid", sa.Uuid(), nullable=True),
        sa.Column("regardingobjecttypecode", sa.String(length=64), nullable=True),
        sa.Column("prioritycode", sa.Integer(), nullable=True),
        sa.Column("actualdurationminutes", sa.Integer(), nullable=True),
        sa.Column("scheduleddurationminutes", sa.Integer(), nullable=True),
        sa.Column("category", sa.String(length=250), nullable=True),
        sa.Column("subcategory", sa.String(length=250), nullable=True),
        sa.Column("sortdate", Moment(), nullable=True),
        sa.Column("isbilled", sa.Boolean(), nullable=True),
        sa.Column("isworkflowcreated", sa.Boolean(), nullable=True),
        sa.Column("isunsafe", sa.Integer(), nullable=True),
        sa.Column("activityadditionalparams", sa.Text(), nullable=True),
        sa.Column("transactioncurrencyid", sa.Uuid(), nullable=True),
        sa.Column("exchangerate", ExactDecimal(), nullable=True),
        sa.Column("serviceid", sa.Uuid(), nullable=True),
        sa.Column("processid", sa.Uuid(), nullable=True),
        sa.Column("stageid", sa.Uuid(), nullable=True),
        sa.Column("traversedpath", sa.String(length=1250), nullable=True),
        sa.Column("createdby", sa.Uuid(), nullable=True),
        sa.Column("modifiedby", sa.Uuid(), nullable=True),
        sa.Column("createdonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("modifiedonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("createdon", Moment(), nullable=True),
        sa.Column("modifiedon", Moment(), nullable=True),
        sa.Column("versionnumber", sa.BigInteger(), nullable=True),
        sa.Column("ownerid", sa.Uuid(), nullable=True),
        sa.Column("owneridtype", sa.String(length=64), nullable=True),
        sa.Column("owningbusinessunit", sa.Uuid(), nullable=True),
        sa.Column("owningteam", sa.Uuid(), nullable=True),
        sa.Column("owninguser", sa.Uuid(), nullable=True),
        sa.Column("importsequencenumber", sa.Integer(), nullable=True),
        sa.Column("overriddencreatedon", Moment(), nullable=True),
        sa.Column("timezoneruleversionnumber", sa.Integer(), nullable=True),
        sa.Column("utcconversiontimezonecode", sa.Integer(), nullable=True),
        # The bodies come last: SQLite keeps a long row in a chain of pages, and goes along all of it to get
        # at a column that lies behind.
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("safedescription", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("activityid", name=op.f("pk_email")),
    )
    with op.batch_alter_table("email", schema=None) as batch_op:
        batch_op.create_index(
            "ix_email_baseconversationindexhash", ["baseconversationindexhash"], unique=False
        )
        batch_op.create_index("ix_email_correlatedactivityid", ["correlatedactivityid"], unique=False)
        batch_op.create_index("ix_email_createdon", ["createdon"], unique=False)
        batch_op.create_index("ix_email_inreplyto", ["inreplyto"], unique=False)
        batch_op.create_index("ix_email_messageid", ["messageid"], unique=False)
        batch_op.create_index("ix_email_regardingobjectid", ["regardingobjectid"], unique=False)
        batch_op.create_index("ix_email_statuscode", ["statuscode", "sendermailboxid"], unique=False)
        batch_op.create_index("ix_email_trackingtoken", ["trackingtoken"], unique=False)
        batch_op.create_index("uq_email_messageiddupcheck", ["messageiddupcheck"], unique=True)

    op.create_table(
        "emailhash",
        sa.Column("emailhashid", sa.Uuid(), nullable=False),
        sa.Column("activityid", sa.Uuid(), nullable=True),
        sa.Column("hash", sa.Integer(), nullable=True),
        sa.Column("hashtype", sa.Integer(), nullable=True),
        sa.Column("createdon", Moment(), nullable=True),
        sa.Column("versionnumber", sa.BigInteger(), nullable=True),
        sa.Column("ownerid", sa.Uuid(), nullable=True),
        sa.Column("owneridtype", sa.String(length=64), nullable=True),
        sa.Column("owningbusinessunit", sa.Uuid(), nullable=True),
        sa.Column("owningteam", sa.Uuid(), nullable=True),
        sa.Column("owninguser", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("emailhashid", name=op.f("pk_emailhash")),
    )
    with op.batch_alter_table("emailhash", schema=None) as batch_op:
        batch_op.create_index("ix_emailhash_activityid", ["activityid"], unique=False)
        batch_op.create_index("ix_emailhash_hash", ["hash", "hashtype"], unique=False)

    op.create_table(
        "emailsearch",
        sa.Column("emailsearchid", sa.Uuid(), nullable=False),
        sa.Column("emailaddress", sa.String(length=100), nullable=True),
        sa.Column("parentobjectid", sa.Uuid(), nullable=True),
        sa.Column("parentobjecttypecode", sa.String(length=64), nullable=True),
        sa.Column("emailcolumnnumber", sa.Integer(), nullable=True),
        sa.Column("versionnumber", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("emailsearchid", name=op.f("pk_emailsearch")),
    )
    with op.batch_alter_table("emailsearch", schema=None) as batch_op:
        batch_op.create_index("ix_emailsearch_emailaddress", ["emailaddress"], unique=False)
        batch_op.create_index(
            "uq_emailsearch_parentobjectid", ["parentobjectid", "emailcolumnnumber"], unique=True
        )

    op.create_table(
        "emailserverprofile",
        sa.Column("emailserverprofileid", sa.Uuid(), nullable=False),
        sa.Column("aadresourceid", sa.String(length=1024), nullable=True),
        sa.Column("acsemailservicename", sa.String(length=200), nullable=True),
        sa.Column("acsenabledforoutgoingemail", sa.Boolean(), nullable=True),
        sa.Column("acsendpointurl", sa.String(length=300), nullable=True),
        sa.Column("acsmanagedidentityid", sa.Uuid(), nullable=True),
        sa.Column("acsresourcegroupname", sa.String(length=200), nullable=True),
        sa.Column("acssubscriptionid", sa.Uuid(), nullable=True),
        sa.Column("defaultserverlocation", sa.String(length=2084), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("encodingcodepage", sa.String(length=100), nullable=True),
        sa.Column("entityimage", sa.LargeBinary(), nullable=True),
        sa.Column("exchangeonlinetenantid", sa.String(length=36), nullable=True),
        sa.Column("exchangeversion", sa.Integer(), nullable=True),
        sa.Column("incomingauthenticationprotocol", sa.Integer(), nullable=True),
        sa.Column("incomingcredentialretrieval", sa.Integer(), nullable=True),
        sa.Column("incomingpassword", sa.Text(), nullable=True),
        sa.Column("incomingportnumber", sa.Integer(), nullable=True),
        sa.Column("incomingserverlocation", sa.String(length=2084), nullable=True),
        sa.Column("incominguseimpersonation", sa.Boolean(), nullable=True),
        sa.Column("incomingusername", sa.String(length=250), nullable=True),
        sa.Column("incomingusessl", sa.Boolean(), nullable=True),
        sa.Column("keyvaultreferenceid", sa.Uuid(), nullable=True),
        sa.Column("lastauthorizationstatus", sa.Integer(), nullable=True),
        sa.Column("lastcrmmessage", sa.Text(), nullable=True),
        sa.Column("lasttestexecutionstatus", sa.Integer(), nullable=True),
        sa.Column("lasttestrequest", sa.Text(), nullable=True),
        sa.Column("lasttestresponse", sa.Text(), nullable=True),
        sa.Column("lastteststarttime", Moment(), nullable=True),
        sa.Column("lasttesttotalexecutiontime", sa.BigInteger(), nullable=True),
        sa.Column("lasttestvalidationstatus", sa.Integer(), nullable=True),
        sa.Column("managedidentityid", sa.Uuid(), nullable=True),
        sa.Column("maxconcurrentconnections", sa.Integer(), nullable=True),
        sa.Column("minpollingintervalinminutes", sa.Integer(), nullable=True),
        sa.Column("moveundeliveredemails", sa.Boolean(), nullable=True),
        sa.Column("name", sa.String(length=100), nullable=True),
        sa.Column("oauthclientid", sa.String(length=1024), nullable=True),
        sa.Column("oauthclientsecret", sa.Text(), nullable=True),
        sa.Column("outgoingauthenticationprotocol", sa.Integer(), nullable=True),
        sa.Column("outgoingautograntdelegateaccess", sa.Boolean(), nullable=True),
        sa.Column("outgoingcredentialretrieval", sa.Integer(), nullable=True),
        sa.Column("outgoingpassword", sa.Text(), nullable=True),
        sa.Column("outgoingportnumber", sa.Integer(), nullable=True),
        sa.Column("outgoingserverlocation", sa.String(length=2084), nullable=True),
        sa.Column("outgoinguseimpersonation", sa.Boolean(), nullable=True),
        sa.Column("outgoingusername", sa.String(length=250), nullable=True),
        sa.Column("outgoingusessl", sa.Boolean(), nullable=True),
        sa.Column("owneremailaddress", sa.String(length=100), nullable=True),
        sa.Column("powerplatformmanagedidentityid", sa.Uuid(), nullable=True),
        sa.Column("processemailsreceivedafter", Moment(), nullable=True),
        sa.Column("purviewmanagedidentityid", sa.Uuid(), nullable=True),
        sa.Column("sendemailalert", sa.Boolean(), nullable=True),
        sa.Column("serverauthority", sa.Integer(), nullable=False),
        sa.Column("servertype", sa.Integer(), nullable=True),
        sa.Column("statecode", sa.Integer(), nullable=False),
        sa.Column("statuscode", sa.Integer(), nullable=True),
        sa.Column("timeoutmailboxconnection", sa.Boolean(), nullable=True),
        sa.Column("timeoutmailboxconnectionafteramount", sa.Integer(), nullable=True),
        sa.Column("useautodiscover", sa.Boolean(), nullable=True),
        sa.Column("usedefaulttenantid", sa.Boolean(), nullable=True),
        sa.Column("usesamesettingsforoutgoingconnections", sa.Boolean(), nullable=True),
        sa.Column("emailservertypename", sa.String(length=250), nullable=True),
        sa.Column("entityimage_timestamp", sa.BigInteger(), nullable=True),
        sa.Column("entityimage_url", sa.String(length=200), nullable=True),
        sa.Column("entityimageid", sa.Uuid(), nullable=True),
        sa.Column("incomingpartnerapplication", sa.Uuid(), nullable=True),
        sa.Column("outgoingpartnerapplication", sa.Uuid(), nullable=True),
        sa.Column("isincomingpasswordset", sa.Boolean(), nullable=True),
        sa.Column("isoutgoingpasswordset", sa.Boolean(), nullable=True),
        sa.Column("isoauthclientsecretset", sa.Boolean(), nullable=True),
        sa.Column("organizationid", sa.Uuid(), nullable=True),
        sa.Column("postroom_incomingtls", sa.Integer(), nullable=True),
        sa.Column("postroom_outgoingtls", sa.Integer(), nullable=True),
        sa.Column("postroom_trustedauthority", sa.Text(), nullable=True),
        sa.Column("createdby", sa.Uuid(), nullable=True),
        sa.Column("modifiedby", sa.Uuid(), nullable=True),
        sa.Column("createdonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("modifiedonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("createdon", Moment(), nullable=True),
        sa.Column("modifiedon", Moment(), nullable=True),
        sa.Column("versionnumber", sa.BigInteger(), nullable=True),
        sa.Column("ownerid", sa.Uuid(), nullable=True),
        sa.Column("owneridtype", sa.String(length=64), nullable=True),
        sa.Column("owningbusinessunit", sa.Uuid(), nullable=True),
        sa.Column("owningteam", sa.Uuid(), nullable=True),
        sa.Column("owninguser", sa.Uuid(), nullable=True),
        sa.Column("timezoneruleversionnumber", sa.Integer(), nullable=True),
        sa.Column("utcconversiontimezonecode", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("emailserverprofileid", name=op.f("pk_emailserverprofile")),
    )
    with op.batch_alter_table("emailserverprofile", schema=None) as batch_op:
        batch_op.create_index("ix_emailserverprofile_name", ["name"], unique=False)

    op.create_table(
        "emailsignature",
        sa.Column("emailsignatureid", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("presentationxml", sa.Text(), nullable=True),
        sa.Column("safehtml", sa.Text(), nullable=True),
        sa.Column("isdefault", sa.Boolean(), nullable=True),
        sa.Column("ispersonal", sa.Boolean(), nullable=False),
        sa.Column("languagecode", sa.Integer(), nullable=False),
        sa.Column("mimetype", sa.String(length=256), nullable=True),
        sa.Column("createdby", sa.Uuid(), nullable=True),
        sa.Column("modifiedby", sa.Uuid(), nullable=True),
        sa.Column("createdonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("modifiedonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("createdon", Moment(), nullable=True),
        sa.Column("modifiedon", Moment(), nullable=True),
        sa.Column("versionnumber", sa.BigInteger(), nullable=True),
        sa.Column("ownerid", sa.Uuid(), nullable=True),
        sa.Column("owneridtype", sa.String(length=64), nullable=True),
        sa.Column("owningbusinessunit", sa.Uuid(), nullable=True),
        sa.Column("owningteam", sa.Uuid(), nullable=True),
        sa.Column("owninguser", sa.Uuid(), nullable=True),
        sa.Column("importsequencenumber", sa.Integer(), nullable=True),
        sa.Column("overriddencreatedon", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("emailsignatureid", name=op.f("pk_emailsignature")),
    )
    op.create_table(
        "exchangesyncidmapping",
        sa.Column("exchangesyncidmappingid", sa.Uuid(), nullable=False),
        sa.Column("exchangeentryid", sa.String(length=1024), nullable=True),
        sa.Column("fromcrmchangetype", sa.Integer(), nullable=True),
        sa.Column("isdeletedinexchange", sa.Boolean(), nullable=True),
        sa.Column("isunlinkedincrm", sa.Boolean(), nullable=True),
        sa.Column("itemsubject", sa.String(length=2048), nullable=True),
        sa.Column("lastsyncerror", sa.String(length=2048), nullable=True),
        sa.Column("lastsyncerrorcode", sa.Integer(), nullable=True),
        sa.Column("lastsyncerroroccurredon", Moment(), nullable=True),
        sa.Column("objectid", sa.Uuid(), nullable=True),
        sa.Column("objecttypecode", sa.Integer(), nullable=True),
        sa.Column("retries", sa.Integer(), nullable=True),
        sa.Column("tocrmchangetype", sa.Integer(), nullable=True),
        sa.Column("userdecision", sa.Integer(), nullable=True),
        sa.Column("ownerid", sa.Uuid(), nullable=True),
        sa.Column("owneridtype", sa.String(length=64), nullable=True),
        sa.Column("createdon", Moment(), nullable=True),
        sa.Column("modifiedon", Moment(), nullable=True),
        sa.Column("versionnumber", sa.BigInteger(), nullable=True),
        sa.Column("owningbusinessunit", sa.Uuid(), nullable=True),
        sa.Column("owningteam", sa.Uuid(), nullable=True),
        sa.Column("owninguser", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("exchangesyncidmappingid", name=op.f("pk_exchangesyncidmapping")),
    )
    with op.batch_alter_table("exchangesyncidmapping", schema=None) as batch_op:
        batch_op.create_index("ix_exchangesyncidmapping_objectid", ["objectid"], unique=False)
        batch_op.create_index(
            "ix_exchangesyncidmapping_ownerid", ["ownerid", "exchangeentryid"], unique=False
        )

    op.create_table(
        "incident",
        sa.Column("incidentid", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=True),
        sa.Column("ticketnumber", sa.String(length=100), nullable=True),
        sa.Column("customerid", sa.Uuid(), nullable=True),
        sa.Column("customeridtype", sa.String(length=64), nullable=True),
        sa.Column("primarycontactid", sa.Uuid(), nullable=True),
        sa.Column("emailaddress", sa.String(length=100), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("caseorigincode", sa.Integer(), nullable=True),
        sa.Column("prioritycode", sa.Integer(), nullable=True),
        sa.Column("parentcaseid", sa.Uuid(), nullable=True),
        sa.Column("statecode", sa.Integer(), nullable=False),
        sa.Column("statuscode", sa.Integer(), nullable=True),
        sa.Column("createdby", sa.Uuid(), nullable=True),
        sa.Column("modifiedby", sa.Uuid(), nullable=True),
        sa.Column("createdonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("modifiedonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("createdon", Moment(), nullable=True),
        sa.Column("modifiedon", Moment(), nullable=True),
        sa.Column("versionnumber", sa.BigInteger(), nullable=True),
        sa.Column("ownerid", sa.Uuid(), nullable=True),
        sa.Column("owneridtype", sa.String(length=64), nullable=True),
        sa.Column("owningbusinessunit", sa.Uuid(), nullable=True),
        sa.Column("owningteam", sa.Uuid(), nullable=True),
        sa.Column("owninguser", sa.Uuid(), nullable=True),
        sa.Column("importsequencenumber", sa.Integer(), nullable=True),
        sa.Column("overriddencreatedon", Moment(), nullable=True),
        sa.Column("timezoneruleversionnumber", sa.Integer(), nullable=True),
        sa.Column("utcconversiontimezonecode", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("incidentid", name=op.f("pk_incident")),
    )
    with op.batch_alter_table("incident", schema=None) as batch_op:
        batch_op.create_index("ix_incident_customerid", ["customerid"], unique=False)

    op.create_table(
        "lead",
        sa.Column("leadid", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.String(length=300), nullable=True),
        sa.Column("fullname", sa.String(length=160), nullable=True),
        sa.Column("firstname", sa.String(length=50), nullable=True),
        sa.Column("lastname", sa.String(length=50), nullable=True),
        sa.Column("middlename", sa.String(length=50), nullable=True),
        sa.Column("companyname", sa.String(length=100), nullable=True),
        sa.Column("jobtitle", sa.String(length=100), nullable=True),
        sa.Column("emailaddress1", sa.String(length=100), nullable=True),
        sa.Column("emailaddress2", sa.String(length=100), nullable=True),
        sa.Column("emailaddress3", sa.String(length=100), nullable=True),
        sa.Column("telephone1", sa.String(length=50), nullable=True),
        sa.Column("telephone2", sa.String(length=50), nullable=True),
        sa.Column("telephone3", sa.String(length=50), nullable=True),
        sa.Column("mobilephone", sa.String(length=20), nullable=True),
        sa.Column("pager", sa.String(length=20), nullable=True),
        sa.Column("fax", sa.String(length=50), nullable=True),
        sa.Column("donotemail", sa.Boolean(), nullable=True),
        sa.Column("donotbulkemail", sa.Boolean(), nullable=True),
        sa.Column("donotphone", sa.Boolean(), nullable=True),
        sa.Column("donotfax", sa.Boolean(), nullable=True),
        sa.Column("donotpostalmail", sa.Boolean(), nullable=True),
        sa.Column("followemail", sa.Boolean(), nullable=True),
        sa.Column("customerid", sa.Uuid(), nullable=True),
        sa.Column("customeridtype", sa.String(length=64), nullable=True),
        sa.Column("parentaccountid", sa.Uuid(), nullable=True),
        sa.Column("parentcontactid", sa.Uuid(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("statecode", sa.Integer(), nullable=False),
        sa.Column("statuscode", sa.Integer(), nullable=True),
        sa.Column("createdby", sa.Uuid(), nullable=True),
        sa.Column("modifiedby", sa.Uuid(), nullable=True),
        sa.Column("createdonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("modifiedonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("createdon", Moment(), nullable=True),
        sa.Column("modifiedon", Moment(), nullable=True),
        sa.Column("versionnumber", sa.BigInteger(), nullable=True),
        sa.Column("ownerid", sa.Uuid(), nullable=True),
        sa.Column("owneridtype", sa.String(length=64), nullable=True),
        sa.Column("owningbusinessunit", sa.Uuid(), nullable=True),
        sa.Column("owningteam", sa.Uuid(), nullable=True),
        sa.Column("owninguser", sa.Uuid(), nullable=True),
        sa.Column("importsequencenumber", sa.Integer(), nullable=True),
        sa.Column("overriddencreatedon", Moment(), nullable=True),
        sa.Column("timezoneruleversionnumber", sa.Integer(), nullable=True),
        sa.Column("utcconversiontimezonecode", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("leadid", name=op.f("pk_lead")),
    )
    op.create_table(
        "mailbox",
        sa.Column("mailboxid", sa.Uuid(), nullable=False),
        sa.Column("acsenabledforoutgoingemail", sa.Boolean(), nullable=True),
        sa.Column("acsmailfromcreated", sa.Boolean(), nullable=True),
        sa.Column("acsoutgoingemailstatus", sa.Integer(), nullable=True),
        sa.Column("actdeliverymethod", sa.Integer(), nullable=True),
        sa.Column("actstatus", sa.Integer(), nullable=True),
        sa.Column("allowemailconnectortousecredentials", sa.Boolean(), nullable=True),
        sa.Column("emailaddress", sa.String(length=100), nullable=True),
        sa.Column("emailrouteraccessapproval", sa.Integer(), nullable=False),
        sa.Column("emailserverprofile", sa.Uuid(), nullable=True),
        sa.Column("enabledforact", sa.Boolean(), nullable=False),
        sa.Column("enabledforincomingemail", sa.Boolean(), nullable=False),
        sa.Column("enabledforoutgoingemail", sa.Boolean(), nullable=False),
        sa.Column("entityimage", sa.LargeBinary(), nullable=True),
        sa.Column("ewsurl", sa.String(length=2084), nullable=True),
        sa.Column("exchangecontactsimportstatus", sa.Integer(), nullable=True),
        sa.Column("exchangesyncstatexml", sa.Text(), nullable=True),
        sa.Column("folderhierarchy", sa.Text(), nullable=True),
        sa.Column("incomingemaildeliverymethod", sa.Integer(), nullable=True),
        sa.Column("incomingemailstatus", sa.Integer(), nullable=True),
        sa.Column("isactsyncorgflagset", sa.Boolean(), nullable=True),
        sa.Column("isemailaddressapprovedbyo365admin", sa.Boolean(), nullable=False),
        sa.Column("itemsfailedforlastsync", sa.Integer(), nullable=True),
        sa.Column("itemsprocessedforlastsync", sa.Integer(), nullable=True),
        sa.Column("lastautodiscoveredon", Moment(), nullable=True),
        sa.Column("lastincomingemailsrequestedfromemailserveron", Moment(), nullable=True),
        sa.Column("lastmessageid", sa.String(length=320), nullable=True),
        sa.Column("lastsuccessfulsynccompletedon", Moment(), nullable=True),
        sa.Column("lastsyncerror", sa.String(length=2048), nullable=True),
        sa.Column("lastsyncerrorcode", sa.Integer(), nullable=True),
        sa.Column("lastsyncerrorcount", sa.Integer(), nullable=True),
        sa.Column("lastsyncerrormachinename", sa.String(length=320), nullable=True),
        sa.Column("lastsyncerroroccurredon", Moment(), nullable=True),
        sa.Column("lasttagcompletedon", Moment(), nullable=True),
        sa.Column("lasttaggedmessageid", sa.String(length=320), nullable=True),
        sa.Column("lasttagprocessedmaxitems", sa.Boolean(), nullable=True),
        sa.Column("mailboxprocessingcontext", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(length=200), nullable=True),
        sa.Column("oauthaccesstoken", sa.Text(), nullable=True),
        sa.Column("oauthrefreshtoken", sa.Text(), nullable=True),
        sa.Column("oauthtokenexpireson", Moment(), nullable=True),
        sa.Column("officeappsdeploymentscheduled", sa.Boolean(), nullable=True),
        sa.Column("officeappsdeploymentstatus", sa.Integer(), nullable=True),
        sa.Column("orgmarkedasprimaryforexchangesync", sa.Boolean(), nullable=True),
        sa.Column("outgoingemaildeliverymethod", sa.Integer(), nullable=True),
        sa.Column("outgoingemailstatus", sa.Integer(), nullable=True),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("postponemailboxprocessinguntil", Moment(), nullable=True),
        sa.Column("postponeofficeappsdeploymentuntil", Moment(), nullable=True),
        sa.Column("postponesendinguntil", Moment(), nullable=True),
        sa.Column("postponetestemailconfigurationuntil", Moment(), nullable=True),
        sa.Column("processanddeleteemails", sa.Boolean(), nullable=True),
        sa.Column("processemailreceivedafter", Moment(), nullable=True),
        sa.Column("processinglastattemptedon", Moment(), nullable=True),
        sa.Column("statecode", sa.Integer(), nullable=False),
        sa.Column("statuscode", sa.Integer(), nullable=False),
        sa.Column("tagemailsafter", Moment(), nullable=True),
        sa.Column("testemailconfigurationretrycount", sa.Integer(), nullable=False),
        sa.Column("testemailconfigurationscheduled", sa.Boolean(), nullable=True),
        sa.Column("testmailboxaccesscompletedon", Moment(), nullable=True),
        sa.Column("undeliverablefolder", sa.String(length=256), nullable=True),
        sa.Column("username", sa.String(length=200), nullable=True),
        sa.Column("verboseloggingenabled", sa.Integer(), nullable=False),
        sa.Column("averagetotalduration", sa.Integer(), nullable=True),
        sa.Column("emailaddressapprovedby", sa.Uuid(), nullable=True),
        sa.Column("emailaddressapprovedon", Moment(), nullable=True),
        sa.Column("entityimage_timestamp", sa.BigInteger(), nullable=True),
        sa.Column("entityimage_url", sa.String(length=200), nullable=True),
        sa.Column("entityimageid", sa.Uuid(), nullable=True),
        sa.Column("exchangecontactsimportcompletedon", Moment(), nullable=True),
        sa.Column("exchangesyncstatexmlfileref", sa.Uuid(), nullable=True),
        sa.Column("exchangesyncstatexmlfileref_name", sa.String(length=200), nullable=True),
        sa.Column("forcedunlockcount", sa.Integer(), nullable=False),
        sa.Column("hostid", sa.String(length=256), nullable=True),
        sa.Column("isexchangecontactsimportscheduled", sa.Boolean(), nullable=False),
        sa.Column("isforwardmailbox", sa.Boolean(), nullable=False),
        sa.Column("isoauthaccesstokenset", sa.Boolean(), nullable=True),
        sa.Column("isoauthrefreshtokenset", sa.Boolean(), nullable=True),
        sa.Column("ispasswordset", sa.Boolean(), nullable=True),
        sa.Column("isserviceaccount", sa.Boolean(), nullable=False),
        sa.Column("lastactiveon", Moment(), nullable=True),
        sa.Column("lastduration", sa.Integer(), nullable=True),
        sa.Column("lastmailboxforcedunlockoccurredon", Moment(), nullable=True),
        sa.Column("lastsyncstartedon", Moment(), nullable=True),
        sa.Column("mailboxstatus", sa.Integer(), nullable=True),
        sa.Column("nextscheduledactsyncinseconds", sa.Integer(), nullable=True),
        sa.Column("noactcount", sa.Integer(), nullable=True),
        sa.Column("noemailcount", sa.Integer(), nullable=True),
        sa.Column("officeappsdeploymentcompleteon", Moment(), nullable=True),
        sa.Column("officeappsdeploymenterror", sa.String(length=2048), nullable=True),
        sa.Column("organizationid", sa.Uuid(), nullable=True),
        sa.Column("processedtimes", sa.Integer(), nullable=True),
        sa.Column("processingstatecode", sa.Integer(), nullable=False),
        sa.Column("receivingpostponeduntil", Moment(), nullable=True),
        sa.Column("receivingpostponeduntilforact", Moment(), nullable=True),
        sa.Column("regardingobjectid", sa.Uuid(), nullable=True),
        sa.Column("regardingobjecttypecode", sa.String(length=64), nullable=True),
        sa.Column("testandenablelastattemptedby", sa.Uuid(), nullable=True),
        sa.Column("testandenablelastattemptedon", Moment(), nullable=True),
        sa.Column("transientfailurecount", sa.Integer(), nullable=False),
        sa.Column("createdby", sa.Uuid(), nullable=True),
        sa.Column("modifiedby", sa.Uuid(), nullable=True),
        sa.Column("createdonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("modifiedonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("createdon", Moment(), nullable=True),
        sa.Column("modifiedon", Moment(), nullable=True),
        sa.Column("versionnumber", sa.BigInteger(), nullable=True),
        sa.Column("ownerid", sa.Uuid(), nullable=True),
        sa.Column("owneridtype", sa.String(length=64), nullable=True),
        sa.Column("owningbusinessunit", sa.Uuid(), nullable=True),
        sa.Column("owningteam", sa.Uuid(), nullable=True),
        sa.Column("owninguser", sa.Uuid(), nullable=True),
        sa.Column("timezoneruleversionnumber", sa.Integer(), nullable=True),
        sa.Column("utcconversiontimezonecode", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("mailboxid", name=op.f("pk_mailbox")),
    )
    with op.batch_alter_table("mailbox", schema=None) as batch_op:
        batch_op.create_index("ix_mailbox_emailaddress", ["emailaddress"], unique=False)
        batch_op.create_index("ix_mailbox_emailserverprofile", ["emailserverprofile"], unique=False)
        batch_op.create_index("uq_mailbox_regardingobjectid", ["regardingobjectid"], unique=True)

    op.create_table(
        "mailboxstatistics",
        sa.Column("mailboxstatisticsid", sa.Uuid(), nullable=False),
        sa.Column("mailboxid", sa.Uuid(), nullable=True),
        sa.Column("operationtypeid", sa.Integer(), nullable=True),
        sa.Column("processresult", sa.Boolean(), nullable=True),
        sa.Column("itemsprocessed", sa.Integer(), nullable=True),
        sa.Column("itemsfailed", sa.Integer(), nullable=True),
        sa.Column("crmitemsbacklog", sa.Integer(), nullable=True),
        sa.Column("mailboxprocessscheduledon", Moment(), nullable=True),
        sa.Column("mailboxprocessstartedon", Moment(), nullable=True),
        sa.Column("mailboxprocesscompletedon", Moment(), nullable=True),
        sa.Column("processtimeintervalinminutes", sa.Integer(), nullable=True),
        sa.Column("scheduledtimeintervalinminutes", sa.Integer(), nullable=True),
        sa.Column("individualstepdurations", sa.String(length=4000), nullable=True),
        sa.Column("machinename", sa.String(length=320), nullable=True),
        sa.Column("asynceventid", sa.Uuid(), nullable=True),
        sa.Column("organizationid", sa.Uuid(), nullable=True),
        sa.Column("versionnumber", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("mailboxstatisticsid", name=op.f("pk_mailboxstatistics")),
    )
    with op.batch_alter_table("mailboxstatistics", schema=None) as batch_op:
        batch_op.create_index(
            "ix_mailboxstatistics_mailboxid", ["mailboxid", "mailboxprocessstartedon"], unique=False
        )

    op.create_table(
        "mailboxtrackingcategory",
        sa.Column("mailboxtrackingcategoryid", sa.Uuid(), nullable=False),
        sa.Column("categoryonboardingstatus", sa.Integer(), nullable=True),
        sa.Column("exchangecategorycolor", sa.Integer(), nullable=True),
        sa.Column("exchangecategoryid", sa.Uuid(), nullable=True),
        sa.Column("exchangecategoryname", sa.String(length=512), nullable=True),
        sa.Column("mailboxid", sa.Uuid(), nullable=True),
        sa.Column("createdon", Moment(), nullable=True),
        sa.Column("modifiedon", Moment(), nullable=True),
        sa.Column("versionnumber", sa.BigInteger(), nullable=True),
        sa.Column("ownerid", sa.Uuid(), nullable=True),
        sa.Column("owneridtype", sa.String(length=64), nullable=True),
        sa.Column("owningbusinessunit", sa.Uuid(), nullable=True),
        sa.Column("owningteam", sa.Uuid(), nullable=True),
        sa.Column("owninguser", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("mailboxtrackingcategoryid", name=op.f("pk_mailboxtrackingcategory")),
    )
    with op.batch_alter_table("mailboxtrackingcategory", schema=None) as batch_op:
        batch_op.create_index("ix_mailboxtrackingcategory_mailboxid", ["mailboxid"], unique=False)

    op.create_table(
        "mailboxtrackingfolder",
        sa.Column("mailboxtrackingfolderid", sa.Uuid(), nullable=False),
        sa.Column("exchangefolderid", sa.String(length=120), nullable=True),
        sa.Column("exchangefoldername", sa.String(length=256), nullable=True),
        sa.Column("folderonboardingstatus", sa.Integer(), nullable=False),
        sa.Column("mailboxid", sa.Uuid(), nullable=True),
        sa.Column("regardingobjectid", sa.Uuid(), nullable=True),
        sa.Column("regardingobjecttypecode", sa.String(length=64), nullable=True),
        sa.Column("organizationid", sa.Uuid(), nullable=True),
        sa.Column("createdby", sa.Uuid(), nullable=True),
        sa.Column("modifiedby", sa.Uuid(), nullable=True),
        sa.Column("createdonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("modifiedonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("createdon", Moment(), nullable=True),
        sa.Column("modifiedon", Moment(), nullable=True),
        sa.Column("versionnumber", sa.BigInteger(), nullable=True),
        sa.Column("ownerid", sa.Uuid(), nullable=True),
        sa.Column("owneridtype", sa.String(length=64), nullable=True),
        sa.Column("owningbusinessunit", sa.Uuid(), nullable=True),
        sa.Column("owningteam", sa.Uuid(), nullable=True),
        sa.Column("owninguser", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("mailboxtrackingfolderid", name=op.f("pk_mailboxtrackingfolder")),
    )
    with op.batch_alter_table("mailboxtrackingfolder", schema=None) as batch_op:
        batch_op.create_index("ix_mailboxtrackingfolder_mailboxid", ["mailboxid"], unique=False)

    op.create_table(
        "organization",
        sa.Column("organizationid", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=160), nullable=True),
        sa.Column("allowunresolvedpartiesonemailsend", sa.Boolean(), nullable=True),
        sa.Column("emailcorrelationenabled", sa.Boolean(), nullable=True),
        sa.Column("enablesmartmatching", sa.Boolean(), nullable=True),
        sa.Column("ignoreinternalemail", sa.Boolean(), nullable=True),
        sa.Column("generatealertsforerrors", sa.Boolean(), nullable=True),
        sa.Column("generatealertsforinformation", sa.Boolean(), nullable=True),
        sa.Column("generatealertsforwarnings", sa.Boolean(), nullable=True),
        sa.Column("notifymailboxownerofemailserverlevelalerts", sa.Boolean(), nullable=True),
        sa.Column("requireapprovalforqueueemail", sa.Boolean(), nullable=True),
        sa.Column("requireapprovalforuseremail", sa.Boolean(), nullable=True),
        sa.Column("isfolderbasedtrackingenabled", sa.Boolean(), nullable=True),
        sa.Column("isappointmentattachmentsyncenabled", sa.Boolean(), nullable=True),
        sa.Column("isassignedtaskssyncenabled", sa.Boolean(), nullable=True),
        sa.Column("iscontactmailingaddresssyncenabled", sa.Boolean(), nullable=True),
        sa.Column("isdelegateaccessenabled", sa.Boolean(), nullable=True),
        sa.Column("isemailserverprofilecontentfilteringenabled", sa.Boolean(), nullable=True),
        sa.Column("ismailboxforcedunlockingenabled", sa.Boolean(), nullable=True),
        sa.Column("ismailboxinactivebackoffenabled", sa.Boolean(), nullable=True),
        sa.Column("isresourcebookingexchangesyncenabled", sa.Boolean(), nullable=True),
        sa.Column("isemailmonitoringallowed", sa.Boolean(), nullable=True),
        sa.Column("ispreviewforemailmonitoringallowed", sa.Boolean(), nullable=True),
        sa.Column("isemailaddressvalidationenabled", sa.Boolean(), nullable=True),
        sa.Column("iscontextualemailenabled", sa.Boolean(), nullable=True),
        sa.Column("unresolveemailaddressifmultiplematch", sa.Boolean(), nullable=True),
        sa.Column("resolvesimilarunresolvedemailaddress", sa.Boolean(), nullable=True),
        sa.Column("rendersecureiframeforemail", sa.Boolean(), nullable=True),
        sa.Column("syncoptinselection", sa.Boolean(), nullable=True),
        sa.Column("allowaddressbooksyncs", sa.Boolean(), nullable=True),
        sa.Column("allowofflinescheduledsyncs", sa.Boolean(), nullable=True),
        sa.Column("allowoutlookscheduledsyncs", sa.Boolean(), nullable=True),
        sa.Column("allowautoresponsecreation", sa.Boolean(), nullable=True),
        sa.Column("allowautounsubscribe", sa.Boolean(), nullable=True),
        sa.Column("allowautounsubscribeacknowledgement", sa.Boolean(), nullable=True),
        sa.Column("allowmarketingemailexecution", sa.Boolean(), nullable=True),
        sa.Column("appointmentricheditorexperience", sa.Boolean(), nullable=True),
        sa.Column("appointmentwithteamsmeeting", sa.Boolean(), nullable=True),
        sa.Column("appointmentwithteamsmeetingv2", sa.Boolean(), nullable=True),
        sa.Column("teamschatdatasync", sa.Boolean(), nullable=True),
        sa.Column("sendbulkemailinuci", sa.Boolean(), nullable=True),
        sa.Column("isduplicatedetectionenabled", sa.Boolean(), nullable=True),
        sa.Column("isduplicatedetectionenabledforofflinesync", sa.Boolean(), nullable=True),
        sa.Column("isduplicatedetectionenabledforonlinecreateupdate", sa.Boolean(), nullable=True),
        sa.Column("isexternalfilestorageenabled", sa.Boolean(), nullable=True),
        sa.Column("emailconnectionchannel", sa.Integer(), nullable=False),
        sa.Column("defaultemailserverprofileid", sa.Uuid(), nullable=True),
        sa.Column("defaultemailsettings", sa.Text(), nullable=True),
        sa.Column("trackingprefix", sa.String(length=256), nullable=True),
        sa.Column("trackingtokenidbase", sa.Integer(), nullable=True),
        sa.Column("trackingtokeniddigits", sa.Integer(), nullable=True),
        sa.Column("maximumtrackingnumber", sa.Integer(), nullable=True),
        sa.Column("nexttrackingnumber", sa.Integer(), nullable=True),
        sa.Column("hashdeltasubjectcount", sa.Integer(), nullable=True),
        sa.Column("hashfilterkeywords", sa.Text(), nullable=True),
        sa.Column("hashmaxcount", sa.Integer(), nullable=True),
        sa.Column("hashminaddresscount", sa.Integer(), nullable=True),
        sa.Column("incomingemailexchangeemailretrievalbatchsize", sa.Integer(), nullable=True),
        sa.Column("emailsendpollingperiod", sa.Integer(), nullable=True),
        sa.Column("tagpollingperiod", sa.Integer(), nullable=True),
        sa.Column("tagmaxaggressivecycles", sa.Integer(), nullable=True),
        sa.Column("minaddressbooksyncinterval", sa.Integer(), nullable=True),
        sa.Column("minofflinesyncinterval", sa.Integer(), nullable=True),
        sa.Column("minoutlooksyncinterval", sa.Integer(), nullable=True),
        sa.Column("mailboxintermittentissueminrange", sa.Integer(), nullable=True),
        sa.Column("mailboxpermanentissueminrange", sa.Integer(), nullable=True),
        sa.Column("maxfolderbasedtrackingmappings", sa.Integer(), nullable=True),
        sa.Column("maxverboseloggingmailbox", sa.Integer(), nullable=True),
        sa.Column("maxverboseloggingsynccycles", sa.Integer(), nullable=True),
        sa.Column("maxuploadfilesize", sa.Integer(), nullable=True),
        sa.Column("blockedattachments", sa.Text(), nullable=True),
        sa.Column("allowedmimetypes", sa.Text(), nullable=True),
        sa.Column("blockedmimetypes", sa.Text(), nullable=True),
        sa.Column("maxappointmentdurationdays", sa.Integer(), nullable=True),
        sa.Column("pastexpansionwindow", sa.Integer(), nullable=True),
        sa.Column("futureexpansionwindow", sa.Integer(), nullable=True),
        sa.Column("recurrenceexpansionsynchcreatemax", sa.Integer(), nullable=True),
        sa.Column("recurrenceexpansionjobbatchsize", sa.Integer(), nullable=True),
        sa.Column("recurrenceexpansionjobbatchinterval", sa.Integer(), nullable=True),
        sa.Column("recurrencedefaultnumberofoccurrences", sa.Integer(), nullable=True),
        sa.Column("defaultrecurrenceendrangetype", sa.Integer(), nullable=True),
        sa.Column("performactsyncafter", Moment(), nullable=True),
        sa.Column("expirechangetrackingindays", sa.Integer(), nullable=True),
        sa.Column("daysbeforeemaildescriptionismigrated", sa.Integer(), nullable=True),
        sa.Column("syncoptinselectionstatus", sa.Integer(), nullable=True),
        sa.Column("tokenkey", sa.Text(), nullable=True),
        sa.Column("tokenexpiry", Moment(), nullable=True),
        sa.Column("fullnameconventioncode", sa.Integer(), nullable=True),
        sa.Column("orgdborgsettings", sa.Text(), nullable=True),
        sa.Column("postroom_uncertainsendpolicy", sa.Integer(), nullable=True),
        sa.Column("postroom_largeblobthreshold", sa.Integer(), nullable=True),
        sa.Column("createdby", sa.Uuid(), nullable=True),
        sa.Column("modifiedby", sa.Uuid(), nullable=True),
        sa.Column("createdonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("modifiedonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("createdon", Moment(), nullable=True),
        sa.Column("modifiedon", Moment(), nullable=True),
        sa.Column("versionnumber", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("organizationid", name=op.f("pk_organization")),
    )
    op.create_table(
        "postroom_blob",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("createdon", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_postroom_blob")),
    )
    op.create_table(
        "postroom_decision",
        sa.Column("postroom_decisionid", sa.Uuid(), nullable=False),
        sa.Column("mailboxid", sa.Uuid(), nullable=False),
        sa.Column("messageid", sa.String(length=320), nullable=True),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=True),
        sa.Column("serverid", sa.String(length=1000), nullable=True),
        sa.Column("tracked", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Integer(), nullable=False),
        sa.Column("acceptingentityid", sa.Uuid(), nullable=True),
        sa.Column("acceptingentitytypecode", sa.String(length=64), nullable=True),
        sa.Column("filtermethod", sa.Integer(), nullable=True),
        sa.Column("matchedaddress", sa.String(length=320), nullable=True),
        sa.Column("matchedid", sa.Uuid(), nullable=True),
        sa.Column("matchedtypecode", sa.String(length=64), nullable=True),
        sa.Column("correlatedactivityid", sa.Uuid(), nullable=True),
        sa.Column("correlationmethod", sa.Integer(), nullable=True),
        sa.Column("emailid", sa.Uuid(), nullable=True),
        sa.Column("trail", sa.Text(), nullable=True),
        sa.Column("receivedon", Moment(), nullable=True),
        sa.Column("createdon", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("postroom_decisionid", name=op.f("pk_postroom_decision")),
    )
    with op.batch_alter_table("postroom_decision", schema=None) as batch_op:
        batch_op.create_index("ix_postroom_decision_emailid", ["emailid"], unique=False)
        batch_op.create_index("ix_postroom_decision_mailboxid", ["mailboxid", "createdon"], unique=False)
        batch_op.create_index("ix_postroom_decision_messageid", ["messageid"], unique=False)

    op.create_table(
        "postroom_ledger",
        sa.Column("postroom_ledgerid", sa.Uuid(), nullable=False),
        sa.Column("mailboxid", sa.Uuid(), nullable=False),
        sa.Column("folder", sa.String(length=256), nullable=False),
        sa.Column("validity", sa.String(length=64), nullable=False),
        sa.Column("serverid", sa.String(length=1000), nullable=False),
        sa.Column("emailid", sa.Uuid(), nullable=True),
        sa.Column("quarantineid", sa.Uuid(), nullable=True),
        sa.Column("decisionid", sa.Uuid(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=True),
        sa.Column("seenon", Moment(), nullable=False),
        sa.Column("discardedon", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("postroom_ledgerid", name=op.f("pk_postroom_ledger")),
        sa.UniqueConstraint(
            "mailboxid",
            "folder",
            "validity",
            "serverid",
            name=op.f("uq_postroom_ledger_mailboxid_folder_validity_serverid"),
        ),
    )
    with op.batch_alter_table("postroom_ledger", schema=None) as batch_op:
        batch_op.create_index("ix_postroom_ledger_digest", ["mailboxid", "digest"], unique=False)
        batch_op.create_index("ix_postroom_ledger_emailid", ["emailid"], unique=False)

    op.create_table(
        "postroom_quarantine",
        sa.Column("postroom_quarantineid", sa.Uuid(), nullable=False),
        sa.Column("mailboxid", sa.Uuid(), nullable=False),
        sa.Column("serverid", sa.String(length=1000), nullable=True),
        sa.Column("folder", sa.String(length=256), nullable=False),
        sa.Column("validity", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("cause", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=2000), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("state", sa.Integer(), nullable=False),
        sa.Column("createdon", Moment(), nullable=False),
        sa.Column("lasttriedon", Moment(), nullable=True),
        sa.Column("emailid", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("postroom_quarantineid", name=op.f("pk_postroom_quarantine")),
    )
    with op.batch_alter_table("postroom_quarantine", schema=None) as batch_op:
        batch_op.create_index("ix_postroom_quarantine_mailboxid", ["mailboxid", "createdon"], unique=False)
        batch_op.create_index("ix_postroom_quarantine_state", ["state"], unique=False)

    op.create_table(
        "postroom_rowversion",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_postroom_rowversion")),
    )
    op.create_table(
        "postroom_sendjournal",
        sa.Column("postroom_sendjournalid", sa.Uuid(), nullable=False),
        sa.Column("emailid", sa.Uuid(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("messageid", sa.String(length=320), nullable=True),
        sa.Column("claim", sa.Uuid(), nullable=True),
        sa.Column("hostid", sa.String(length=256), nullable=True),
        sa.Column("state", sa.Integer(), nullable=False),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("reply", sa.String(length=2000), nullable=True),
        sa.Column("claimedon", Moment(), nullable=False),
        sa.Column("submittedon", Moment(), nullable=True),
        sa.Column("settledon", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("postroom_sendjournalid", name=op.f("pk_postroom_sendjournal")),
    )
    with op.batch_alter_table("postroom_sendjournal", schema=None) as batch_op:
        batch_op.create_index("ix_postroom_sendjournal_emailid", ["emailid"], unique=False)
        batch_op.create_index("ix_postroom_sendjournal_state", ["state"], unique=False)

    op.create_table(
        "postroom_workload",
        sa.Column("postroom_workloadid", sa.Uuid(), nullable=False),
        sa.Column("mailboxid", sa.Uuid(), nullable=False),
        sa.Column("workload", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("inflight", sa.BigInteger(), nullable=True),
        sa.Column("hostid", sa.String(length=256), nullable=True),
        sa.Column("leaseuntil", Moment(), nullable=True),
        sa.Column("dueon", Moment(), nullable=True),
        sa.Column("gapreason", sa.String(length=200), nullable=True),
        sa.Column("failurecount", sa.Integer(), nullable=False),
        sa.Column("emptycount", sa.Integer(), nullable=False),
        sa.Column("lasterror", sa.String(length=2048), nullable=True),
        sa.Column("laststartedon", Moment(), nullable=True),
        sa.Column("lastendedon", Moment(), nullable=True),
        sa.Column("lastsucceededon", Moment(), nullable=True),
        sa.Column("hinted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("postroom_workloadid", name=op.f("pk_postroom_workload")),
        sa.UniqueConstraint("mailboxid", "workload", name=op.f("uq_postroom_workload_mailboxid_workload")),
    )
    with op.batch_alter_table("postroom_workload", schema=None) as batch_op:
        batch_op.create_index("ix_postroom_workload_dueon", ["dueon"], unique=False)

    op.create_table(
        "principalsyncattributemap",
        sa.Column("principalsyncattributemapid", sa.Uuid(), nullable=False),
        sa.Column("principalid", sa.Uuid(), nullable=True),
        sa.Column("entitytypecode", sa.String(length=64), nullable=True),
        sa.Column("mappingname", sa.String(length=100), nullable=True),
        sa.Column("attributecrmname", sa.String(length=100), nullable=True),
        sa.Column("attributecrmdisplayname", sa.String(length=100), nullable=True),
        sa.Column("attributeexchangename", sa.String(length=100), nullable=True),
        sa.Column("attributeexchangedisplayname", sa.String(length=100), nullable=True),
        sa.Column("syncdirection", sa.Integer(), nullable=True),
        sa.Column("defaultsyncdirection", sa.Integer(), nullable=True),
        sa.Column("allowedsyncdirection", sa.Integer(), nullable=True),
        sa.Column("iscomputed", sa.Boolean(), nullable=True),
        sa.Column("computedproperties", sa.String(length=500), nullable=True),
        sa.Column("parentprincipalsyncattributemappingid", sa.Uuid(), nullable=True),
        sa.Column("organizationid", sa.Uuid(), nullable=True),
        sa.Column("versionnumber", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("principalsyncattributemapid", name=op.f("pk_principalsyncattributemap")),
    )
    with op.batch_alter_table("principalsyncattributemap", schema=None) as batch_op:
        batch_op.create_index("ix_principalsyncattributemap_principalid", ["principalid"], unique=False)

    op.create_table(
        "queue",
        sa.Column("queueid", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=True),
        sa.Column("emailaddress", sa.String(length=100), nullable=True),
        sa.Column("incomingemaildeliverymethod", sa.Integer(), nullable=False),
        sa.Column("outgoingemaildeliverymethod", sa.Integer(), nullable=False),
        sa.Column("incomingemailfilteringmethod", sa.Integer(), nullable=False),
        sa.Column("emailrouteraccessapproval", sa.Integer(), nullable=False),
        sa.Column("isemailaddressapprovedbyo365admin", sa.Boolean(), nullable=False),
        sa.Column("defaultmailbox", sa.Uuid(), nullable=True),
        sa.Column("queueviewtype", sa.Integer(), nullable=False),
        sa.Column("queuetypecode", sa.Integer(), nullable=True),
        sa.Column("ignoreunsolicitedemail", sa.Boolean(), nullable=True),
        sa.Column("emailusername", sa.String(length=200), nullable=True),
        sa.Column("emailpassword", sa.Text(), nullable=True),
        sa.Column("allowemailcredentials", sa.Boolean(), nullable=True),
        sa.Column("isfaxqueue", sa.Boolean(), nullable=True),
        sa.Column("emailsignature", sa.Uuid(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("businessunitid", sa.Uuid(), nullable=True),
        sa.Column("primaryuserid", sa.Uuid(), nullable=True),
        sa.Column("organizationid", sa.Uuid(), nullable=True),
        sa.Column("transactioncurrencyid", sa.Uuid(), nullable=True),
        sa.Column("numberofitems", sa.Integer(), nullable=True),
        sa.Column("numberofmembers", sa.Integer(), nullable=True),
        sa.Column("statecode", sa.Integer(), nullable=False),
        sa.Column("statuscode", sa.Integer(), nullable=False),
        sa.Column("createdby", sa.Uuid(), nullable=True),
        sa.Column("modifiedby", sa.Uuid(), nullable=True),
        sa.Column("createdonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("modifiedonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("createdon", Moment(), nullable=True),
        sa.Column("modifiedon", Moment(), nullable=True),
        sa.Column("versionnumber", sa.BigInteger(), nullable=True),
        sa.Column("ownerid", sa.Uuid(), nullable=True),
        sa.Column("owneridtype", sa.String(length=64), nullable=True),
        sa.Column("owningbusinessunit", sa.Uuid(), nullable=True),
        sa.Column("owningteam", sa.Uuid(), nullable=True),
        sa.Column("owninguser", sa.Uuid(), nullable=True),
        sa.Column("importsequencenumber", sa.Integer(), nullable=True),
        sa.Column("overriddencreatedon", Moment(), nullable=True),
        sa.Column("timezoneruleversionnumber", sa.Integer(), nullable=True),
        sa.Column("utcconversiontimezonecode", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("queueid", name=op.f("pk_queue")),
    )
    with op.batch_alter_table("queue", schema=None) as batch_op:
        batch_op.create_index("ix_queue_emailaddress", ["emailaddress"], unique=False)
        batch_op.create_index("ix_queue_name", ["name"], unique=False)

    op.create_table(
        "queueitem",
        sa.Column("queueitemid", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=850), nullable=True),
        sa.Column("queueid", sa.Uuid(), nullable=True),
        sa.Column("objectid", sa.Uuid(), nullable=True),
        sa.Column("objecttypecode", sa.Integer(), nullable=True),
        sa.Column("postroom_objecttype", sa.String(length=64), nullable=True),
        sa.Column("enteredon", Moment(), nullable=True),
        sa.Column("workerid", sa.Uuid(), nullable=True),
        sa.Column("workeridtype", sa.String(length=64), nullable=True),
        sa.Column("workeridmodifiedon", Moment(), nullable=True),
        sa.Column("ownerid", sa.Uuid(), nullable=True),
        sa.Column("owneridtype", sa.String(length=64), nullable=True),
        sa.Column("priority", sa.Integer(), nullable=True),
        sa.Column("state", sa.Integer(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("sender", sa.String(length=250), nullable=True),
        sa.Column("torecipients", sa.String(length=500), nullable=True),
        sa.Column("organizationid", sa.Uuid(), nullable=True),
        sa.Column("transactioncurrencyid", sa.Uuid(), nullable=True),
        sa.Column("exchangerate", ExactDecimal(), nullable=True),
        sa.Column("statecode", sa.Integer(), nullable=False),
        sa.Column("statuscode", sa.Integer(), nullable=True),
        sa.Column("createdby", sa.Uuid(), nullable=True),
        sa.Column("modifiedby", sa.Uuid(), nullable=True),
        sa.Column("createdonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("modifiedonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("createdon", Moment(), nullable=True),
        sa.Column("modifiedon", Moment(), nullable=True),
        sa.Column("versionnumber", sa.BigInteger(), nullable=True),
        sa.Column("owningbusinessunit", sa.Uuid(), nullable=True),
        sa.Column("owningteam", sa.Uuid(), nullable=True),
        sa.Column("owninguser", sa.Uuid(), nullable=True),
        sa.Column("importsequencenumber", sa.Integer(), nullable=True),
        sa.Column("overriddencreatedon", Moment(), nullable=True),
        sa.Column("timezoneruleversionnumber", sa.Integer(), nullable=True),
        sa.Column("utcconversiontimezonecode", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("queueitemid", name=op.f("pk_queueitem")),
    )
    with op.batch_alter_table("queueitem", schema=None) as batch_op:
        batch_op.create_index("ix_queueitem_objectid", ["objectid"], unique=False)
        batch_op.create_index("ix_queueitem_queueid", ["queueid"], unique=False)

    op.create_table(
        "recurrencerule",
        sa.Column("ruleid", sa.Uuid(), nullable=False),
        sa.Column("objectid", sa.Uuid(), nullable=True),
        sa.Column("dayofmonth", sa.Integer(), nullable=True),
        sa.Column("daysofweekmask", sa.Integer(), nullable=True),
        sa.Column("duration", sa.Integer(), nullable=True),
        sa.Column("effectiveenddate", Moment(), nullable=True),
        sa.Column("effectivestartdate", Moment(), nullable=True),
        sa.Column("endtime", Moment(), nullable=True),
        sa.Column("firstdayofweek", sa.Integer(), nullable=True),
        sa.Column("instance", sa.Integer(), nullable=True),
        sa.Column("interval", sa.Integer(), nullable=True),
        sa.Column("isnthmonthly", sa.Boolean(), nullable=False),
        sa.Column("isnthyearly", sa.Boolean(), nullable=False),
        sa.Column("isregenerate", sa.Boolean(), nullable=False),
        sa.Column("isweekdaypattern", sa.Boolean(), nullable=False),
        sa.Column("monthofyear", sa.Integer(), nullable=True),
        sa.Column("occurrences", sa.Integer(), nullable=True),
        sa.Column("patternenddate", Moment(), nullable=True),
        sa.Column("patternendtype", sa.Integer(), nullable=False),
        sa.Column("patternstartdate", Moment(), nullable=True),
        sa.Column("recurrencepatterntype", sa.Integer(), nullable=False),
        sa.Column("starttime", Moment(), nullable=True),
        sa.Column("createdby", sa.Uuid(), nullable=True),
        sa.Column("modifiedby", sa.Uuid(), nullable=True),
        sa.Column("createdonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("modifiedonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("createdon", Moment(), nullable=True),
        sa.Column("modifiedon", Moment(), nullable=True),
        sa.Column("versionnumber", sa.BigInteger(), nullable=True),
        sa.Column("ownerid", sa.Uuid(), nullable=True),
        sa.Column("owneridtype", sa.String(length=64), nullable=True),
        sa.Column("owningbusinessunit", sa.Uuid(), nullable=True),
        sa.Column("owningteam", sa.Uuid(), nullable=True),
        sa.Column("owninguser", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("ruleid", name=op.f("pk_recurrencerule")),
    )
    with op.batch_alter_table("recurrencerule", schema=None) as batch_op:
        batch_op.create_index("ix_recurrencerule_objectid", ["objectid"], unique=False)

    op.create_table(
        "recurringappointmentmaster",
        sa.Column("activityid", sa.Uuid(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("globalobjectid", sa.String(length=300), nullable=True),
        sa.Column("dayofmonth", sa.Integer(), nullable=True),
        sa.Column("daysofweekmask", sa.Integer(), nullable=True),
        sa.Column("duration", sa.Integer(), nullable=True),
        sa.Column("effectiveenddate", Moment(), nullable=True),
        sa.Column("effectivestartdate", Moment(), nullable=True),
        sa.Column("endtime", Moment(), nullable=True),
        sa.Column("firstdayofweek", sa.Integer(), nullable=True),
        sa.Column("instance", sa.Integer(), nullable=True),
        sa.Column("interval", sa.Integer(), nullable=True),
        sa.Column("isnthmonthly", sa.Boolean(), nullable=False),
        sa.Column("isnthyearly", sa.Boolean(), nullable=False),
        sa.Column("isregenerate", sa.Boolean(), nullable=False),
        sa.Column("isweekdaypattern", sa.Boolean(), nullable=False),
        sa.Column("monthofyear", sa.Integer(), nullable=True),
        sa.Column("occurrences", sa.Integer(), nullable=True),
        sa.Column("patternenddate", Moment(), nullable=True),
        sa.Column("patternendtype", sa.Integer(), nullable=False),
        sa.Column("patternstartdate", Moment(), nullable=True),
        sa.Column("recurrencepatterntype", sa.Integer(), nullable=False),
        sa.Column("starttime", Moment(), nullable=True),
        sa.Column("isalldayevent", sa.Boolean(), nullable=True),
        sa.Column("ismapiprivate", sa.Boolean(), nullable=True),
        sa.Column("isonlinemeeting", sa.Boolean(), nullable=True),
        sa.Column("location", sa.String(length=200), nullable=True),
        sa.Column("onlinemeetingchatid", sa.String(length=200), nullable=True),
        sa.Column("onlinemeetingid", sa.String(length=300), nullable=True),
        sa.Column("onlinemeetingjoinurl", sa.String(length=600), nullable=True),
        sa.Column("onlinemeetingtype", sa.Integer(), nullable=True),
        sa.Column("outlookownerapptid", sa.Integer(), nullable=True),
        sa.Column("seriesstatus", sa.Boolean(), nullable=True),
        sa.Column("statecode", sa.Integer(), nullable=False),
        sa.Column("statuscode", sa.Integer(), nullable=True),
        sa.Column("subject", sa.String(length=200), nullable=True),
        sa.Column("subscriptionid", sa.Uuid(), nullable=True),
        sa.Column("deletedexceptionslist", sa.Text(), nullable=True),
        sa.Column("expansionstatecode", sa.Integer(), nullable=False),
        sa.Column("groupid", sa.Uuid(), nullable=True),
        sa.Column("instancetypecode", sa.Integer(), nullable=False),
        sa.Column("lastexpandedinstancedate", Moment(), nullable=True),
        sa.Column("nextexpansioninstancedate", Moment(), nullable=True),
        sa.Column("ruleid", sa.Uuid(), nullable=True),
        sa.Column("safedescription", sa.Text(), nullable=True),
        sa.Column("scheduledend", Moment(), nullable=True),
        sa.Column("scheduledstart", Moment(), nullable=True),
        sa.Column("activitytypecode", sa.String(length=64), nullable=False),
        sa.Column("regardingobjectid", sa.Uuid(), nullable=True),
        sa.Column("regardingobjecttypecode", sa.String(length=64), nullable=True),
        sa.Column("prioritycode", sa.Integer(), nullable=True),
        sa.Column("actualdurationminutes", sa.Integer(), nullable=True),
        sa.Column("scheduleddurationminutes", sa.Integer(), nullable=True),
        sa.Column("category", sa.String(length=250), nullable=True),
        sa.Column("subcategory", sa.String(length=250), nullable=True),
        sa.Column("sortdate", Moment(), nullable=True),
        sa.Column("isbilled", sa.Boolean(), nullable=True),
        sa.Column("isregularactivity", sa.Boolean(), nullable=False),
        sa.Column("isworkflowcreated", sa.Boolean(), nullable=True),
        sa.Column("isunsafe", sa.Integer(), nullable=True),
        sa.Column("activityadditionalparams", sa.Text(), nullable=True),
        sa.Column("transactioncurrencyid", sa.Uuid(), nullable=True),
        sa.Column("exchangerate", ExactDecimal(), nullable=True),
        sa.Column("serviceid", sa.Uuid(), nullable=True),
        sa.Column("processid", sa.Uuid(), nullable=True),
        sa.Column("stageid", sa.Uuid(), nullable=True),
        sa.Column("traversedpath", sa.String(length=1250), nullable=True),
        sa.Column("createdby", sa.Uuid(), nullable=True),
        sa.Column("modifiedby", sa.Uuid(), nullable=True),
        sa.Column("createdonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("modifiedonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("createdon", Moment(), nullable=True),
        sa.Column("modifiedon", Moment(), nullable=True),
        sa.Column("versionnumber", sa.BigInteger(), nullable=True),
        sa.Column("ownerid", sa.Uuid(), nullable=True),
        sa.Column("owneridtype", sa.String(length=64), nullable=True),
        sa.Column("owningbusinessunit", sa.Uuid(), nullable=True),
        sa.Column("owningteam", sa.Uuid(), nullable=True),
        sa.Column("owninguser", sa.Uuid(), nullable=True),
        sa.Column("importsequencenumber", sa.Integer(), nullable=True),
        sa.Column("overriddencreatedon", Moment(), nullable=True),
        sa.Column("timezoneruleversionnumber", sa.Integer(), nullable=True),
        sa.Column("utcconversiontimezonecode", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("activityid", name=op.f("pk_recurringappointmentmaster")),
    )
    with op.batch_alter_table("recurringappointmentmaster", schema=None) as batch_op:
        batch_op.create_index(
            "ix_recurringappointmentmaster_globalobjectid", ["globalobjectid"], unique=False
        )
        batch_op.create_index("ix_recurringappointmentmaster_ownerid", ["ownerid"], unique=False)

    op.create_table(
        "savedquery",
        sa.Column("savedqueryid", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("querytype", sa.Integer(), nullable=False),
        sa.Column("returnedtypecode", sa.String(length=64), nullable=True),
        sa.Column("fetchxml", sa.Text(), nullable=True),
        sa.Column("layoutxml", sa.Text(), nullable=True),
        sa.Column("columnsetxml", sa.Text(), nullable=True),
        sa.Column("conditionalformatting", sa.Text(), nullable=True),
        sa.Column("offlinesqlquery", sa.Text(), nullable=True),
        sa.Column("advancedgroupby", sa.String(length=2000), nullable=True),
        sa.Column("isdefault", sa.Boolean(), nullable=True),
        sa.Column("isquickfindquery", sa.Boolean(), nullable=True),
        sa.Column("isuserdefined", sa.Boolean(), nullable=True),
        sa.Column("iscustom", sa.Boolean(), nullable=True),
        sa.Column("ismanaged", sa.Boolean(), nullable=True),
        sa.Column("organizationid", sa.Uuid(), nullable=True),
        sa.Column("queryapi", sa.String(length=200), nullable=True),
        sa.Column("queryappusage", sa.Integer(), nullable=True),
        sa.Column("statecode", sa.Integer(), nullable=False),
        sa.Column("statuscode", sa.Integer(), nullable=True),
        sa.Column("createdby", sa.Uuid(), nullable=True),
        sa.Column("modifiedby", sa.Uuid(), nullable=True),
        sa.Column("createdonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("modifiedonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("createdon", Moment(), nullable=True),
        sa.Column("modifiedon", Moment(), nullable=True),
        sa.Column("versionnumber", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("savedqueryid", name=op.f("pk_savedquery")),
    )
    op.create_table(
        "subscriptionmanuallytrackedobject",
        sa.Column("subscriptionmanuallytrackedobjectid", sa.Uuid(), nullable=False),
        sa.Column("objectid", sa.Uuid(), nullable=True),
        sa.Column("objecttypecode", sa.Integer(), nullable=True),
        sa.Column("subscriptionid", sa.Uuid(), nullable=True),
        sa.Column("track", sa.Boolean(), nullable=True),
        sa.Column("versionnumber", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint(
            "subscriptionmanuallytrackedobjectid", name=op.f("pk_subscriptionmanuallytrackedobject")
        ),
    )
    with op.batch_alter_table("subscriptionmanuallytrackedobject", schema=None) as batch_op:
        batch_op.create_index("ix_subscriptionmanuallytrackedobject_objectid", ["objectid"], unique=False)

    op.create_table(
        "syncattributemapping",
        sa.Column("syncattributemappingid", sa.Uuid(), nullable=False),
        sa.Column("syncattributemappingprofileid", sa.Uuid(), nullable=True),
        sa.Column("entitytypecode", sa.String(length=64), nullable=True),
        sa.Column("mappingname", sa.String(length=100), nullable=True),
        sa.Column("attributecrmname", sa.String(length=100), nullable=True),
        sa.Column("attributeexchangename", sa.String(length=100), nullable=True),
        sa.Column("syncdirection", sa.Integer(), nullable=True),
        sa.Column("defaultsyncdirection", sa.Integer(), nullable=True),
        sa.Column("allowedsyncdirection", sa.Integer(), nullable=True),
        sa.Column("iscomputed", sa.Boolean(), nullable=True),
        sa.Column("computedproperties", sa.String(length=500), nullable=True),
        sa.Column("parentsyncattributemappingid", sa.Uuid(), nullable=True),
        sa.Column("organizationid", sa.Uuid(), nullable=True),
        sa.Column("componentstate", sa.Integer(), nullable=True),
        sa.Column("ismanaged", sa.Boolean(), nullable=True),
        sa.Column("solutionid", sa.Uuid(), nullable=True),
        sa.Column("supportingsolutionid", sa.Uuid(), nullable=True),
        sa.Column("overwritetime", Moment(), nullable=True),
        sa.Column("syncattributemappingidunique", sa.Uuid(), nullable=True),
        sa.Column("createdby", sa.Uuid(), nullable=True),
        sa.Column("modifiedby", sa.Uuid(), nullable=True),
        sa.Column("createdonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("modifiedonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("createdon", Moment(), nullable=True),
        sa.Column("modifiedon", Moment(), nullable=True),
        sa.Column("versionnumber", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("syncattributemappingid", name=op.f("pk_syncattributemapping")),
    )
    with op.batch_alter_table("syncattributemapping", schema=None) as batch_op:
        batch_op.create_index(
            "ix_syncattributemapping_syncattributemappingprofileid",
            ["syncattributemappingprofileid"],
            unique=False,
        )

    op.create_table(
        "syncattributemappingprofile",
        sa.Column("syncattributemappingprofileid", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("organizationid", sa.Uuid(), nullable=True),
        sa.Column("componentstate", sa.Integer(), nullable=True),
        sa.Column("ismanaged", sa.Boolean(), nullable=True),
        sa.Column("solutionid", sa.Uuid(), nullable=True),
        sa.Column("supportingsolutionid", sa.Uuid(), nullable=True),
        sa.Column("overwritetime", Moment(), nullable=True),
        sa.Column("syncattributemappingprofileidunique", sa.Uuid(), nullable=True),
        sa.Column("createdby", sa.Uuid(), nullable=True),
        sa.Column("modifiedby", sa.Uuid(), nullable=True),
        sa.Column("createdonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("modifiedonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("createdon", Moment(), nullable=True),
        sa.Column("modifiedon", Moment(), nullable=True),
        sa.Column("versionnumber", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("syncattributemappingprofileid", name=op.f("pk_syncattributemappingprofile")),
    )
    op.create_table(
        "syncerror",
        sa.Column("syncerrorid", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=True),
        sa.Column("action", sa.String(length=100), nullable=True),
        sa.Column("actiondata", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("errorcode", sa.String(length=100), nullable=True),
        sa.Column("errordetail", sa.Text(), nullable=True),
        sa.Column("errormessage", sa.String(length=1000), nullable=True),
        sa.Column("errortime", Moment(), nullable=True),
        sa.Column("errortype", sa.Integer(), nullable=True),
        sa.Column("regardingobjectid", sa.Uuid(), nullable=True),
        sa.Column("regardingobjecttypecode", sa.String(length=64), nullable=True),
        sa.Column("requestdata", sa.Text(), nullable=True),
        sa.Column("statecode", sa.Integer(), nullable=False),
        sa.Column("statuscode", sa.Integer(), nullable=True),
        sa.Column("createdby", sa.Uuid(), nullable=True),
        sa.Column("modifiedby", sa.Uuid(), nullable=True),
        sa.Column("createdonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("modifiedonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("createdon", Moment(), nullable=True),
        sa.Column("modifiedon", Moment(), nullable=True),
        sa.Column("versionnumber", sa.BigInteger(), nullable=True),
        sa.Column("ownerid", sa.Uuid(), nullable=True),
        sa.Column("owneridtype", sa.String(length=64), nullable=True),
        sa.Column("owningbusinessunit", sa.Uuid(), nullable=True),
        sa.Column("owningteam", sa.Uuid(), nullable=True),
        sa.Column("owninguser", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("syncerrorid", name=op.f("pk_syncerror")),
    )
    op.create_table(
        "systemuser",
        sa.Column("systemuserid", sa.Uuid(), nullable=False),
        sa.Column("fullname", sa.String(length=200), nullable=True),
        sa.Column("internalemailaddress", sa.String(length=100), nullable=True),
        sa.Column("personalemailaddress", sa.String(length=100), nullable=True),
        sa.Column("mobilealertemail", sa.String(length=100), nullable=True),
        sa.Column("incomingemaildeliverymethod", sa.Integer(), nullable=False),
        sa.Column("outgoingemaildeliverymethod", sa.Integer(), nullable=False),
        sa.Column("emailrouteraccessapproval", sa.Integer(), nullable=False),
        sa.Column("isemailaddressapprovedbyo365admin", sa.Boolean(), nullable=False),
        sa.Column("defaultmailbox", sa.Uuid(), nullable=True),
        sa.Column("queueid", sa.Uuid(), nullable=True),
        sa.Column("defaultfilterspopulated", sa.Boolean(), nullable=False),
        sa.Column("isdisabled", sa.Boolean(), nullable=True),
        sa.Column("accessmode", sa.Integer(), nullable=False),
        sa.Column("islicensed", sa.Boolean(), nullable=False),
        sa.Column("issyncwithdirectory", sa.Boolean(), nullable=False),
        sa.Column("setupuser", sa.Boolean(), nullable=False),
        sa.Column("deletedstate", sa.Integer(), nullable=True),
        sa.Column("azurestate", sa.Integer(), nullable=True),
        sa.Column("domainname", sa.String(length=1024), nullable=True),
        sa.Column("windowsliveid", sa.String(length=1024), nullable=True),
        sa.Column("azureactivedirectoryobjectid", sa.Uuid(), nullable=True),
        sa.Column("applicationid", sa.Uuid(), nullable=True),
        sa.Column("firstname", sa.String(length=256), nullable=True),
        sa.Column("lastname", sa.String(length=256), nullable=True),
        sa.Column("middlename", sa.String(length=50), nullable=True),
        sa.Column("nickname", sa.String(length=50), nullable=True),
        sa.Column("salutation", sa.String(length=20), nullable=True),
        sa.Column("title", sa.String(length=128), nullable=True),
        sa.Column("jobtitle", sa.String(length=100), nullable=True),
        sa.Column("mobilephone", sa.String(length=64), nullable=True),
        sa.Column("homephone", sa.String(length=50), nullable=True),
        sa.Column("address1_telephone1", sa.String(length=64), nullable=True),
        sa.Column("businessunitid", sa.Uuid(), nullable=True),
        sa.Column("parentsystemuserid", sa.Uuid(), nullable=True),
        sa.Column("createdby", sa.Uuid(), nullable=True),
        sa.Column("modifiedby", sa.Uuid(), nullable=True),
        sa.Column("createdonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("modifiedonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("createdon", Moment(), nullable=True),
        sa.Column("modifiedon", Moment(), nullable=True),
        sa.Column("versionnumber", sa.BigInteger(), nullable=True),
        sa.Column("timezoneruleversionnumber", sa.Integer(), nullable=True),
        sa.Column("utcconversiontimezonecode", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("systemuserid", name=op.f("pk_systemuser")),
    )
    with op.batch_alter_table("systemuser", schema=None) as batch_op:
        batch_op.create_index("ix_systemuser_domainname", ["domainname"], unique=False)
        batch_op.create_index("ix_systemuser_internalemailaddress", ["internalemailaddress"], unique=False)

    op.create_table(
        "systemusersyncmappingprofiles",
        sa.Column("systemusersyncmappingprofileid", sa.Uuid(), nullable=False),
        sa.Column("systemuserid", sa.Uuid(), nullable=True),
        sa.Column("syncattributemappingprofileid", sa.Uuid(), nullable=True),
        sa.Column("versionnumber", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint(
            "systemusersyncmappingprofileid", name=op.f("pk_systemusersyncmappingprofiles")
        ),
    )
    op.create_table(
        "task",
        sa.Column("activityid", sa.Uuid(), nullable=False),
        sa.Column("actualend", Moment(), nullable=True),
        sa.Column("actualstart", Moment(), nullable=True),
        sa.Column("crmtaskassigneduniqueid", sa.Uuid(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("lastonholdtime", Moment(), nullable=True),
        sa.Column("percentcomplete", sa.Integer(), nullable=True),
        sa.Column("scheduledend", Moment(), nullable=True),
        sa.Column("scheduledstart", Moment(), nullable=True),
        sa.Column("slaid", sa.Uuid(), nullable=True),
        sa.Column("statecode", sa.Integer(), nullable=False),
        sa.Column("statuscode", sa.Integer(), nullable=True),
        sa.Column("subject", sa.String(length=200), nullable=True),
        sa.Column("subscriptionid", sa.Uuid(), nullable=True),
        sa.Column("onholdtime", sa.Integer(), nullable=True),
        sa.Column("slainvokedid", sa.Uuid(), nullable=True),
        sa.Column("activitytypecode", sa.String(length=64), nullable=False),
        sa.Column("regardingobjectid", sa.Uuid(), nullable=True),
        sa.Column("regardingobjecttypecode", sa.String(length=64), nullable=True),
        sa.Column("prioritycode", sa.Integer(), nullable=True),
        sa.Column("actualdurationminutes", sa.Integer(), nullable=True),
        sa.Column("scheduleddurationminutes", sa.Integer(), nullable=True),
        sa.Column("category", sa.String(length=250), nullable=True),
        sa.Column("subcategory", sa.String(length=250), nullable=True),
        sa.Column("sortdate", Moment(), nullable=True),
        sa.Column("isbilled", sa.Boolean(), nullable=True),
        sa.Column("isregularactivity", sa.Boolean(), nullable=False),
        sa.Column("isworkflowcreated", sa.Boolean(), nullable=True),
        sa.Column("isunsafe", sa.Integer(), nullable=True),
        sa.Column("activityadditionalparams", sa.Text(), nullable=True),
        sa.Column("transactioncurrencyid", sa.Uuid(), nullable=True),
        sa.Column("exchangerate", ExactDecimal(), nullable=True),
        sa.Column("serviceid", sa.Uuid(), nullable=True),
        sa.Column("processid", sa.Uuid(), nullable=True),
        sa.Column("stageid", sa.Uuid(), nullable=True),
        sa.Column("traversedpath", sa.String(length=1250), nullable=True),
        sa.Column("createdby", sa.Uuid(), nullable=True),
        sa.Column("modifiedby", sa.Uuid(), nullable=True),
        sa.Column("createdonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("modifiedonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("createdon", Moment(), nullable=True),
        sa.Column("modifiedon", Moment(), nullable=True),
        sa.Column("versionnumber", sa.BigInteger(), nullable=True),
        sa.Column("ownerid", sa.Uuid(), nullable=True),
        sa.Column("owneridtype", sa.String(length=64), nullable=True),
        sa.Column("owningbusinessunit", sa.Uuid(), nullable=True),
        sa.Column("owningteam", sa.Uuid(), nullable=True),
        sa.Column("owninguser", sa.Uuid(), nullable=True),
        sa.Column("importsequencenumber", sa.Integer(), nullable=True),
        sa.Column("overriddencreatedon", Moment(), nullable=True),
        sa.Column("timezoneruleversionnumber", sa.Integer(), nullable=True),
        sa.Column("utcconversiontimezonecode", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("activityid", name=op.f("pk_task")),
    )
    with op.batch_alter_table("task", schema=None) as batch_op:
        batch_op.create_index("ix_task_ownerid", ["ownerid", "scheduledend"], unique=False)
        batch_op.create_index("ix_task_regardingobjectid", ["regardingobjectid"], unique=False)

    op.create_table(
        "team",
        sa.Column("teamid", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=160), nullable=True),
        sa.Column("teamtype", sa.Integer(), nullable=False),
        sa.Column("membershiptype", sa.Integer(), nullable=True),
        sa.Column("emailaddress", sa.String(length=100), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("queueid", sa.Uuid(), nullable=True),
        sa.Column("administratorid", sa.Uuid(), nullable=True),
        sa.Column("businessunitid", sa.Uuid(), nullable=True),
        sa.Column("isdefault", sa.Boolean(), nullable=True),
        sa.Column("azureactivedirectoryobjectid", sa.Uuid(), nullable=True),
        sa.Column("organizationid", sa.Uuid(), nullable=True),
        sa.Column("createdby", sa.Uuid(), nullable=True),
        sa.Column("modifiedby", sa.Uuid(), nullable=True),
        sa.Column("createdonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("modifiedonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("createdon", Moment(), nullable=True),
        sa.Column("modifiedon", Moment(), nullable=True),
        sa.Column("versionnumber", sa.BigInteger(), nullable=True),
        sa.Column("importsequencenumber", sa.Integer(), nullable=True),
        sa.Column("overriddencreatedon", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("teamid", name=op.f("pk_team")),
    )
    op.create_table(
        "teamsyncattributemappingprofiles",
        sa.Column("teamsyncattributemappingprofileid", sa.Uuid(), nullable=False),
        sa.Column("teamid", sa.Uuid(), nullable=True),
        sa.Column("syncattributemappingprofileid", sa.Uuid(), nullable=True),
        sa.Column("versionnumber", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint(
            "teamsyncattributemappingprofileid", name=op.f("pk_teamsyncattributemappingprofiles")
        ),
    )
    op.create_table(
        "template",
        sa.Column("templateid", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("presentationxml", sa.Text(), nullable=True),
        sa.Column("subjectpresentationxml", sa.Text(), nullable=True),
        sa.Column("safehtml", sa.Text(), nullable=True),
        sa.Column("subjectsafehtml", sa.Text(), nullable=True),
        sa.Column("templatetypecode", sa.String(length=64), nullable=True),
        sa.Column("languagecode", sa.Integer(), nullable=False),
        sa.Column("mimetype", sa.String(length=256), nullable=True),
        sa.Column("ispersonal", sa.Boolean(), nullable=False),
        sa.Column("generationtypecode", sa.Integer(), nullable=True),
        sa.Column("usedcount", sa.Integer(), nullable=True),
        sa.Column("opencount", sa.Integer(), nullable=True),
        sa.Column("replycount", sa.Integer(), nullable=True),
        sa.Column("openrate", sa.Integer(), nullable=True),
        sa.Column("replyrate", sa.Integer(), nullable=True),
        sa.Column("createdby", sa.Uuid(), nullable=True),
        sa.Column("modifiedby", sa.Uuid(), nullable=True),
        sa.Column("createdonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("modifiedonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("createdon", Moment(), nullable=True),
        sa.Column("modifiedon", Moment(), nullable=True),
        sa.Column("versionnumber", sa.BigInteger(), nullable=True),
        sa.Column("ownerid", sa.Uuid(), nullable=True),
        sa.Column("owneridtype", sa.String(length=64), nullable=True),
        sa.Column("owningbusinessunit", sa.Uuid(), nullable=True),
        sa.Column("owningteam", sa.Uuid(), nullable=True),
        sa.Column("owninguser", sa.Uuid(), nullable=True),
        sa.Column("importsequencenumber", sa.Integer(), nullable=True),
        sa.Column("overriddencreatedon", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("templateid", name=op.f("pk_template")),
    )
    op.create_table(
        "tracelog",
        sa.Column("tracelogid", sa.Uuid(), nullable=False),
        sa.Column("text", sa.String(length=2000), nullable=True),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("tracecode", sa.Integer(), nullable=True),
        sa.Column("tracestatus", sa.Boolean(), nullable=True),
        sa.Column("collationlevel", sa.Integer(), nullable=True),
        sa.Column("regardingobjectid", sa.Uuid(), nullable=True),
        sa.Column("regardingobjectownerid", sa.Uuid(), nullable=True),
        sa.Column("regardingobjectowningbusinessunit", sa.Uuid(), nullable=True),
        sa.Column("parenttracelogid", sa.Uuid(), nullable=True),
        sa.Column("traceparameterxml", sa.Text(), nullable=True),
        sa.Column("traceactionxml", sa.Text(), nullable=True),
        sa.Column("tracedetailxml", sa.Text(), nullable=True),
        sa.Column("traceparameterhash", sa.Integer(), nullable=True),
        sa.Column("errordetails", sa.String(length=2048), nullable=True),
        sa.Column("errortypedisplay", sa.String(length=320), nullable=True),
        sa.Column("machinename", sa.String(length=320), nullable=True),
        sa.Column("isunique", sa.Boolean(), nullable=True),
        sa.Column("canbedeleted", sa.Boolean(), nullable=True),
        sa.Column("traceregardingid", sa.Uuid(), nullable=True),
        sa.Column("organizationid", sa.Uuid(), nullable=True),
        sa.Column("regardingobjecttypecode", sa.String(length=64), nullable=True),
        sa.Column("createdby", sa.Uuid(), nullable=True),
        sa.Column("modifiedby", sa.Uuid(), nullable=True),
        sa.Column("createdonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("modifiedonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("createdon", Moment(), nullable=True),
        sa.Column("modifiedon", Moment(), nullable=True),
        sa.Column("versionnumber", sa.BigInteger(), nullable=True),
        sa.Column("timezoneruleversionnumber", sa.Integer(), nullable=True),
        sa.Column("utcconversiontimezonecode", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("tracelogid", name=op.f("pk_tracelog")),
    )
    with op.batch_alter_table("tracelog", schema=None) as batch_op:
        batch_op.create_index(
            "ix_tracelog_regardingobjectid", ["regardingobjectid", "createdon"], unique=False
        )

    op.create_table(
        "unresolvedaddress",
        sa.Column("unresolvedaddressid", sa.Uuid(), nullable=False),
        sa.Column("emailaddress", sa.String(length=100), nullable=True),
        sa.Column("fullname", sa.String(length=160), nullable=True),
        sa.Column("telephone", sa.String(length=50), nullable=True),
        sa.Column("versionnumber", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("unresolvedaddressid", name=op.f("pk_unresolvedaddress")),
    )
    op.create_table(
        "userquery",
        sa.Column("userqueryid", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("querytype", sa.Integer(), nullable=False),
        sa.Column("returnedtypecode", sa.String(length=64), nullable=True),
        sa.Column("fetchxml", sa.Text(), nullable=True),
        sa.Column("layoutxml", sa.Text(), nullable=True),
        sa.Column("columnsetxml", sa.Text(), nullable=True),
        sa.Column("conditionalformatting", sa.Text(), nullable=True),
        sa.Column("offlinesqlquery", sa.Text(), nullable=True),
        sa.Column("advancedgroupby", sa.String(length=20), nullable=True),
        sa.Column("parentqueryid", sa.Uuid(), nullable=True),
        sa.Column("statecode", sa.Integer(), nullable=False),
        sa.Column("statuscode", sa.Integer(), nullable=True),
        sa.Column("createdby", sa.Uuid(), nullable=True),
        sa.Column("modifiedby", sa.Uuid(), nullable=True),
        sa.Column("createdonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("modifiedonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("createdon", Moment(), nullable=True),
        sa.Column("modifiedon", Moment(), nullable=True),
        sa.Column("versionnumber", sa.BigInteger(), nullable=True),
        sa.Column("ownerid", sa.Uuid(), nullable=True),
        sa.Column("owneridtype", sa.String(length=64), nullable=True),
        sa.Column("owningbusinessunit", sa.Uuid(), nullable=True),
        sa.Column("owningteam", sa.Uuid(), nullable=True),
        sa.Column("owninguser", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("userqueryid", name=op.f("pk_userquery")),
    )
    with op.batch_alter_table("userquery", schema=None) as batch_op:
        batch_op.create_index("ix_userquery_ownerid", ["ownerid", "querytype"], unique=False)

    op.create_table(
        "usersettings",
        sa.Column("systemuserid", sa.Uuid(), nullable=False),
        sa.Column("incomingemailfilteringmethod", sa.Integer(), nullable=True),
        sa.Column("autocreatecontactonpromote", sa.Integer(), nullable=True),
        sa.Column("ignoreunsolicitedemail", sa.Boolean(), nullable=True),
        sa.Column("issendasallowed", sa.Boolean(), nullable=True),
        sa.Column("synccontactcompany", sa.Boolean(), nullable=True),
        sa.Column("trackingtokenid", sa.Integer(), nullable=True),
        sa.Column("nexttrackingnumber", sa.Integer(), nullable=True),
        sa.Column("addressbooksyncinterval", sa.Integer(), nullable=True),
        sa.Column("offlinesyncinterval", sa.Integer(), nullable=True),
        sa.Column("outlooksyncinterval", sa.Integer(), nullable=True),
        sa.Column("isresourcebookingexchangesyncenabled", sa.Boolean(), nullable=True),
        sa.Column("resourcebookingexchangesyncversion", sa.BigInteger(), nullable=True),
        sa.Column("lastalertsviewedtime", Moment(), nullable=True),
        sa.Column("isemailconversationviewenabled", sa.Boolean(), nullable=True),
        sa.Column("isduplicatedetectionenabledwhengoingonline", sa.Boolean(), nullable=True),
        sa.Column("timezonecode", sa.Integer(), nullable=True),
        sa.Column("timezonebias", sa.Integer(), nullable=True),
        sa.Column("timezonedaylightday", sa.Integer(), nullable=True),
        sa.Column("timezonedaylightdayofweek", sa.Integer(), nullable=True),
        sa.Column("timezonedaylighthour", sa.Integer(), nullable=True),
        sa.Column("timezonedaylightminute", sa.Integer(), nullable=True),
        sa.Column("timezonedaylightmonth", sa.Integer(), nullable=True),
        sa.Column("timezonedaylightsecond", sa.Integer(), nullable=True),
        sa.Column("timezonedaylightyear", sa.Integer(), nullable=True),
        sa.Column("timezonestandardday", sa.Integer(), nullable=True),
        sa.Column("timezonestandarddayofweek", sa.Integer(), nullable=True),
        sa.Column("timezonestandardhour", sa.Integer(), nullable=True),
        sa.Column("timezonestandardminute", sa.Integer(), nullable=True),
        sa.Column("timezonestandardmonth", sa.Integer(), nullable=True),
        sa.Column("timezonestandardsecond", sa.Integer(), nullable=True),
        sa.Column("timezonestandardyear", sa.Integer(), nullable=True),
        sa.Column("localeid", sa.Integer(), nullable=True),
        sa.Column("uilanguageid", sa.Integer(), nullable=True),
        sa.Column("helplanguageid", sa.Integer(), nullable=True),
        sa.Column("workdaystarttime", sa.String(length=5), nullable=True),
        sa.Column("workdaystoptime", sa.String(length=5), nullable=True),
        sa.Column("emailusername", sa.String(length=200), nullable=True),
        sa.Column("emailpassword", sa.Text(), nullable=True),
        sa.Column("allowemailcredentials", sa.Boolean(), nullable=True),
        sa.Column("businessunitid", sa.Uuid(), nullable=True),
        sa.Column("usecrmformforappointment", sa.Boolean(), nullable=True),
        sa.Column("usecrmformforcontact", sa.Boolean(), nullable=True),
        sa.Column("usecrmformforemail", sa.Boolean(), nullable=True),
        sa.Column("usecrmformfortask", sa.Boolean(), nullable=True),
        sa.Column("createdby", sa.Uuid(), nullable=True),
        sa.Column("modifiedby", sa.Uuid(), nullable=True),
        sa.Column("createdonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("modifiedonbehalfby", sa.Uuid(), nullable=True),
        sa.Column("createdon", Moment(), nullable=True),
        sa.Column("modifiedon", Moment(), nullable=True),
        sa.Column("versionnumber", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("systemuserid", name=op.f("pk_usersettings")),
    )
    _begin_row_versions()


def downgrade() -> None:
    """Take the step back."""
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP SEQUENCE postroom_rowversions")
    op.drop_table("usersettings")
    with op.batch_alter_table("userquery", schema=None) as batch_op:
        batch_op.drop_index("ix_userquery_ownerid")

    op.drop_table("userquery")
    op.drop_table("unresolvedaddress")
    with op.batch_alter_table("tracelog", schema=None) as batch_op:
        batch_op.drop_index("ix_tracelog_regardingobjectid")

    op.drop_table("tracelog")
    op.drop_table("template")
    op.drop_table("teamsyncattributemappingprofiles")
    op.drop_table("team")
    with op.batch_alter_table("task", schema=None) as batch_op:
        batch_op.drop_index("ix_task_regardingobjectid")
        batch_op.drop_index("ix_task_ownerid")

    op.drop_table("task")
    op.drop_table("systemusersyncmappingprofiles")
    with op.batch_alter_table("systemuser", schema=None) as batch_op:
        batch_op.drop_index("ix_systemuser_internalemailaddress")
        batch_op.drop_index("ix_systemuser_domainname")

    op.drop_table("systemuser")
    op.drop_table("syncerror")
    op.drop_table("syncattributemappingprofile")
    with op.batch_alter_table("syncattributemapping", schema=None) as batch_op:
        batch_op.drop_index("ix_syncattributemapping_syncattributemappingprofileid")

    op.drop_table("syncattributemapping")
    with op.batch_alter_table("subscriptionmanuallytrackedobject", schema=None) as batch_op:
        batch_op.drop_index("ix_subscriptionmanuallytrackedobject_objectid")

    op.drop_table("subscriptionmanuallytrackedobject")
    op.drop_table("savedquery")
    with op.batch_alter_table("recurringappointmentmaster", schema=None) as batch_op:
        batch_op.drop_index("ix_recurringappointmentmaster_ownerid")
        batch_op.drop_index("ix_recurringappointmentmaster_globalobjectid")

    op.drop_table("recurringappointmentmaster")
    with op.batch_alter_table("recurrencerule", schema=None) as batch_op:
        batch_op.drop_index("ix_recurrencerule_objectid")

    op.drop_table("recurrencerule")
    with op.batch_alter_table("queueitem", schema=None) as batch_op:
        batch_op.drop_index("ix_queueitem_queueid")
        batch_op.drop_index("ix_queueitem_objectid")

    op.drop_table("queueitem")
    with op.batch_alter_table("queue", schema=None) as batch_op:
        batch_op.drop_index("ix_queue_name")
        batch_op.drop_index("ix_queue_emailaddress")

    op.drop_table("queue")
    with op.batch_alter_table("principalsyncattributemap", schema=None) as batch_op:
        batch_op.drop_index("ix_principalsyncattributemap_principalid")

    op.drop_table("principalsyncattributemap")
    with op.batch_alter_table("postroom_workload", schema=None) as batch_op:
        batch_op.drop_index("ix_postroom_workload_dueon")

    op.drop_table("postroom_workload")
    with op.batch_alter_table("postroom_sendjournal", schema=None) as batch_op:
        batch_op.drop_index("ix_postroom_sendjournal_state")
        batch_op.drop_index("ix_postroom_sendjournal_emailid")

    op.drop_table("postroom_sendjournal")
    op.drop_table("postroom_rowversion")
    with op.batch_alter_table("postroom_quarantine", schema=None) as batch_op:
        batch_op.drop_index("ix_postroom_quarantine_state")
        batch_op.drop_index("ix_postroom_quarantine_mailboxid")

    op.drop_table("postroom_quarantine")
    with op.batch_alter_table("postroom_ledger", schema=None) as batch_op:
        batch_op.drop_index("ix_postroom_ledger_emailid")
        batch_op.drop_index("ix_postroom_ledger_digest")

    op.drop_table("postroom_ledger")
    with op.batch_alter_table("postroom_decision", schema=None) as batch_op:
        batch_op.drop_index("ix_postroom_decision_messageid")
        batch_op.drop_index("ix_postroom_decision_mailboxid")
        batch_op.drop_index("ix_postroom_decision_emailid")

    op.drop_table("postroom_decision")
    op.drop_table("postroom_blob")
    op.drop_table("organization")
    with op.batch_alter_table("mailboxtrackingfolder", schema=None) as batch_op:
        batch_op.drop_index("ix_mailboxtrackingfolder_mailboxid")

    op.drop_table("mailboxtrackingfolder")
    with op.batch_alter_table("mailboxtrackingcategory", schema=None) as batch_op:
        batch_op.drop_index("ix_mailboxtrackingcategory_mailboxid")

    op.drop_table("mailboxtrackingcategory")
    with op.batch_alter_table("mailboxstatistics", schema=None) as batch_op:
        batch_op.drop_index("ix_mailboxstatistics_mailboxid")

    op.drop_table("mailboxstatistics")
    with op.batch_alter_table("mailbox", schema=None) as batch_op:
        batch_op.drop_index("uq_mailbox_regardingobjectid")
        batch_op.drop_index("ix_mailbox_emailserverprofile")
        batch_op.drop_index("ix_mailbox_emailaddress")

    op.drop_table("mailbox")
    op.drop_table("lead")
    with op.batch_alter_table("incident", schema=None) as batch_op:
        batch_op.drop_index("ix_incident_customerid")

    op.drop_table("incident")
    with op.batch_alter_table("exchangesyncidmapping", schema=None) as batch_op:
        batch_op.drop_index("ix_exchangesyncidmapping_ownerid")
        batch_op.drop_index("ix_exchangesyncidmapping_objectid")

    op.drop_table("exchangesyncidmapping")
    op.drop_table("emailsignature")
    with op.batch_alter_table("emailserverprofile", schema=None) as batch_op:
        batch_op.drop_index("ix_emailserverprofile_name")

    op.drop_table("emailserverprofile")
    with op.batch_alter_table("emailsearch", schema=None) as batch_op:
        batch_op.drop_index("uq_emailsearch_parentobjectid")
        batch_op.drop_index("ix_emailsearch_emailaddress")

    op.drop_table("emailsearch")
    with op.batch_alter_table("emailhash", schema=None) as batch_op:
        batch_op.drop_index("ix_emailhash_hash")
        batch_op.drop_index("ix_emailhash_activityid")

    op.drop_table("emailhash")
    with op.batch_alter_table("email", schema=None) as batch_op:
        batch_op.drop_index("uq_email_messageiddupcheck")
        batch_op.drop_index("ix_email_trackingtoken")
        batch_op.drop_index("ix_email_statuscode")
        batch_op.drop_index("ix_email_regardingobjectid")
        batch_op.drop_index("ix_email_messageid")
        batch_op.drop_index("ix_email_inreplyto")
        batch_op.drop_index("ix_email_createdon")
        batch_op.drop_index("ix_email_correlatedactivityid")
        batch_op.drop_index("ix_email_baseconversationindexhash")

    op.drop_table("email")
    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.drop_index("ix_contact_parentcustomerid")
        batch_op.drop_index("ix_contact_ownerid")

    op.drop_table("contact")
    op.drop_table("businessunit")
    op.drop_table("bookableresourcebookingexchangesyncidmapping")
    with op.batch_alter_table("attachment", schema=None) as batch_op:
        batch_op.drop_index("ix_attachment_postroom_digest")

    op.drop_table("attachment")
    with op.batch_alter_table("appointment", schema=None) as batch_op:
        batch_op.drop_index("ix_appointment_seriesid")
        batch_op.drop_index("ix_appointment_regardingobjectid")
        batch_op.drop_index("ix_appointment_ownerid")
        batch_op.drop_index("ix_appointment_globalobjectid")

    op.drop_table("appointment")
    with op.batch_alter_table("annotation", schema=None) as batch_op:
        batch_op.drop_index("ix_annotation_objectid")

    op.drop_table("annotation")
    with op.batch_alter_table("activityparty", schema=None) as batch_op:
        batch_op.drop_index("ix_activityparty_partyid")
        batch_op.drop_index("ix_activityparty_addressused")
        batch_op.drop_index("ix_activityparty_activityid")

    op.drop_table("activityparty")
    with op.batch_alter_table("activitymimeattachment", schema=None) as batch_op:
        batch_op.drop_index("ix_activitymimeattachment_objectid")
        batch_op.drop_index("ix_activitymimeattachment_attachmentid")

    op.drop_table("activitymimeattachment")
    op.drop_table("account")
