"""Correspondence: phone calls, letters, faxes and service activities."""

import sqlalchemy as sa
from alembic import op

from postroom.schema.column import ExactDecimal, Moment

revision: str = "0007"
down_revision: str | None = "0006"


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "fax",
        sa.Column("activityid", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("billingcode", sa.String(length=50), autoincrement=False, nullable=True),
        sa.Column("coverpagename", sa.String(length=100), autoincrement=False, nullable=True),
        sa.Column("faxnumber", sa.String(length=200), autoincrement=False, nullable=True),
        sa.Column("numberofpages", sa.Integer(), autoincrement=False, nullable=True),
        sa.Column("tsid", sa.String(length=20), autoincrement=False, nullable=True),
        sa.Column("statuscode", sa.Integer(), autoincrement=False, nullable=True),
        sa.Column("activitytypecode", sa.String(length=64), autoincrement=False, nullable=False),
        sa.Column("actualend", Moment(), autoincrement=False, nullable=True),
        sa.Column("actualstart", Moment(), autoincrement=False, nullable=True),
        sa.Column("description", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("directioncode", sa.Boolean(), autoincrement=False, nullable=True),
        sa.Column("lastonholdtime", Moment(), autoincrement=False, nullable=True),
        sa.Column("scheduledend", Moment(), autoincrement=False, nullable=True),
        sa.Column("scheduledstart", Moment(), autoincrement=False, nullable=True),
        sa.Column("slaid", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("statecode", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("subject", sa.String(length=200), autoincrement=False, nullable=True),
        sa.Column("subscriptionid", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("onholdtime", sa.Integer(), autoincrement=False, nullable=True),
        sa.Column("slainvokedid", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("regardingobjectid", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("regardingobjecttypecode", sa.String(length=64), autoincrement=False, nullable=True),
        sa.Column("prioritycode", sa.Integer(), autoincrement=False, nullable=True),
        sa.Column("actualdurationminutes", sa.Integer(), autoincrement=False, nullable=True),
        sa.Column("scheduleddurationminutes", sa.Integer(), autoincrement=False, nullable=True),
        sa.Column("category", sa.String(length=250), autoincrement=False, nullable=True),
        sa.Column("subcategory", sa.String(length=250), autoincrement=False, nullable=True),
        sa.Column("sortdate", Moment(), autoincrement=False, nullable=True),
        sa.Column("isbilled", sa.Boolean(), autoincrement=False, nullable=True),
        sa.Column("isregularactivity", sa.Boolean(), autoincrement=False, nullable=False),
        sa.Column("isworkflowcreated", sa.Boolean(), autoincrement=False, nullable=True),
        sa.Column("isunsafe", sa.Integer(), autoincrement=False, nullable=True),
        sa.Column("activityadditionalparams", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("transactioncurrencyid", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("exchangerate", ExactDecimal(), autoincrement=False, nullable=True),
        sa.Column("serviceid", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("processid", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("stageid", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("traversedpath", sa.String(length=1250), autoincrement=False, nullable=True),
        sa.Column("createdby", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("modifiedby", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("createdonbehalfby", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("modifiedonbehalfby", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("createdon", Moment(), autoincrement=False, nullable=True),
        sa.Column("modifiedon", Moment(), autoincrement=False, nullable=True),
        sa.Column("versionnumber", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("ownerid", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("owneridtype", sa.String(length=64), autoincrement=False, nullable=True),
        sa.Column("owningbusinessunit", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("owningteam", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("owninguser", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("importsequencenumber", sa.Integer(), autoincrement=False, nullable=True),
        sa.Column("overriddencreatedon", Moment(), autoincrement=False, nullable=True),
        sa.Column("timezoneruleversionnumber", sa.Integer(), autoincrement=False, nullable=True),
        sa.Column("utcconversiontimezonecode", sa.Integer(), autoincrement=False, nullable=True),
        sa.PrimaryKeyConstraint("activityid", name=op.f("pk_fax")),
    )
    with op.batch_alter_table("fax", schema=None) as batch_op:
        batch_op.create_index("ix_fax_ownerid", ["ownerid", "scheduledend"], unique=False)
        batch_op.create_index("ix_fax_regardingobjectid", ["regardingobjectid"], unique=False)

    op.create_table(
        "letter",
        sa.Column("activityid", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("address", sa.String(length=200), autoincrement=False, nullable=True),
        sa.Column("statuscode", sa.Integer(), autoincrement=False, nullable=True),
        sa.Column("activitytypecode", sa.String(length=64), autoincrement=False, nullable=False),
        sa.Column("actualend", Moment(), autoincrement=False, nullable=True),
        sa.Column("actualstart", Moment(), autoincrement=False, nullable=True),
        sa.Column("description", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("directioncode", sa.Boolean(), autoincrement=False, nullable=True),
        sa.Column("lastonholdtime", Moment(), autoincrement=False, nullable=True),
        sa.Column("scheduledend", Moment(), autoincrement=False, nullable=True),
        sa.Column("scheduledstart", Moment(), autoincrement=False, nullable=True),
        sa.Column("slaid", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("statecode", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("subject", sa.String(length=200), autoincrement=False, nullable=True),
        sa.Column("subscriptionid", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("onholdtime", sa.Integer(), autoincrement=False, nullable=True),
        sa.Column("slainvokedid", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("regardingobjectid", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("regardingobjecttypecode", sa.String(length=64), autoincrement=False, nullable=True),
        sa.Column("prioritycode", sa.Integer(), autoincrement=False, nullable=True),
        sa.Column("actualdurationminutes", sa.Integer(), autoincrement=False, nullable=True),
        sa.Column("scheduleddurationminutes", sa.Integer(), autoincrement=False, nullable=True),
        sa.Column("category", sa.String(length=250), autoincrement=False, nullable=True),
        sa.Column("subcategory", sa.String(length=250), autoincrement=False, nullable=True),
        sa.Column("sortdate", Moment(), autoincrement=False, nullable=True),
        sa.Column("isbilled", sa.Boolean(), autoincrement=False, nullable=True),
        sa.Column("isregularactivity", sa.Boolean(), autoincrement=False, nullable=False),
        sa.Column("isworkflowcreated", sa.Boolean(), autoincrement=False, nullable=True),
        sa.Column("isunsafe", sa.Integer(), autoincrement=False, nullable=True),
        sa.Column("activityadditionalparams", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("transactioncurrencyid", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("exchangerate", ExactDecimal(), autoincrement=False, nullable=True),
        sa.Column("serviceid", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("processid", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("stageid", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("traversedpath", sa.String(length=1250), autoincrement=False, nullable=True),
        sa.Column("createdby", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("modifiedby", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("createdonbehalfby", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("modifiedonbehalfby", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("createdon", Moment(), autoincrement=False, nullable=True),
        sa.Column("modifiedon", Moment(), autoincrement=False, nullable=True),
        sa.Column("versionnumber", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("ownerid", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("owneridtype", sa.String(length=64), autoincrement=False, nullable=True),
        sa.Column("owningbusinessunit", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("owningteam", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("owninguser", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("importsequencenumber", sa.Integer(), autoincrement=False, nullable=True),
        sa.Column("overriddencreatedon", Moment(), autoincrement=False, nullable=True),
        sa.Column("timezoneruleversionnumber", sa.Integer(), autoincrement=False, nullable=True),
        sa.Column("utcconversiontimezonecode", sa.Integer(), autoincrement=False, nullable=True),
        sa.PrimaryKeyConstraint("activityid", name=op.f("pk_letter")),
    )
    with op.batch_alter_table("letter", schema=None) as batch_op:
        batch_op.create_index("ix_letter_ownerid", ["ownerid", "scheduledend"], unique=False)
        batch_op.create_index("ix_letter_regardingobjectid", ["regardingobjectid"], unique=False)

    op.create_table(
        "phonecall",
        sa.Column("activityid", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("leftvoicemail", sa.Boolean(), autoincrement=False, nullable=True),
        sa.Column("phonenumber", sa.String(length=200), autoincrement=False, nullable=True),
        sa.Column("statuscode", sa.Integer(), autoincrement=False, nullable=True),
        sa.Column("activitytypecode", sa.String(length=64), autoincrement=False, nullable=False),
        sa.Column("actualend", Moment(), autoincrement=False, nullable=True),
        sa.Column("actualstart", Moment(), autoincrement=False, nullable=True),
        sa.Column("description", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("directioncode", sa.Boolean(), autoincrement=False, nullable=True),
        sa.Column("lastonholdtime", Moment(), autoincrement=False, nullable=True),
        sa.Column("scheduledend", Moment(), autoincrement=False, nullable=True),
        sa.Column("scheduledstart", Moment(), autoincrement=False, nullable=True),
        sa.Column("slaid", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("statecode", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("subject", sa.String(length=200), autoincrement=False, nullable=True),
        sa.Column("subscriptionid", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("onholdtime", sa.Integer(), autoincrement=False, nullable=True),
        sa.Column("slainvokedid", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("regardingobjectid", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("regardingobjecttypecode", sa.String(length=64), autoincrement=False, nullable=True),
        sa.Column("prioritycode", sa.Integer(), autoincrement=False, nullable=True),
        sa.Column("actualdurationminutes", sa.Integer(), autoincrement=False, nullable=True),
        sa.Column("scheduleddurationminutes", sa.Integer(), autoincrement=False, nullable=True),
        sa.Column("category", sa.String(length=250), autoincrement=False, nullable=True),
        sa.Column("subcategory", sa.String(length=250), autoincrement=False, nullable=True),
        sa.Column("sortdate", Moment(), autoincrement=False, nullable=True),
        sa.Column("isbilled", sa.Boolean(), autoincrement=False, nullable=True),
        sa.Column("isregularactivity", sa.Boolean(), autoincrement=False, nullable=False),
        sa.Column("isworkflowcreated", sa.Boolean(), autoincrement=False, nullable=True),
        sa.Column("isunsafe", sa.Integer(), autoincrement=False, nullable=True),
        sa.Column("activityadditionalparams", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("transactioncurrencyid", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("exchangerate", ExactDecimal(), autoincrement=False, nullable=True),
        sa.Column("serviceid", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("processid", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("stageid", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("traversedpath", sa.String(length=1250), autoincrement=False, nullable=True),
        sa.Column("createdby", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("modifiedby", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("createdonbehalfby", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("modifiedonbehalfby", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("createdon", Moment(), autoincrement=False, nullable=True),
        sa.Column("modifiedon", Moment(), autoincrement=False, nullable=True),
        sa.Column("versionnumber", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("ownerid", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("owneridtype", sa.String(length=64), autoincrement=False, nullable=True),
        sa.Column("owningbusinessunit", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("owningteam", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("owninguser", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("importsequencenumber", sa.Integer(), autoincrement=False, nullable=True),
        sa.Column("overriddencreatedon", Moment(), autoincrement=False, nullable=True),
        sa.Column("timezoneruleversionnumber", sa.Integer(), autoincrement=False, nullable=True),
        sa.Column("utcconversiontimezonecode", sa.Integer(), autoincrement=False, nullable=True),
        sa.PrimaryKeyConstraint("activityid", name=op.f("pk_phonecall")),
    )
    with op.batch_alter_table("phonecall", schema=None) as batch_op:
        batch_op.create_index("ix_phonecall_ownerid", ["ownerid", "scheduledend"], unique=False)
        batch_op.create_index("ix_phonecall_regardingobjectid", ["regardingobjectid"], unique=False)

    op.create_table(
        "serviceappointment",
        sa.Column("activityid", sa.Uuid(), autoincrement=False, nullable=False),
        sa.Column("actualend", Moment(), autoincrement=False, nullable=True),
        sa.Column("actualstart", Moment(), autoincrement=False, nullable=True),
        sa.Column("community", sa.Integer(), autoincrement=False, nullable=True),
        sa.Column("deliveryprioritycode", sa.Integer(), autoincrement=False, nullable=True),
        sa.Column("description", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("exchangeitemid", sa.String(length=200), autoincrement=False, nullable=True),
        sa.Column("exchangeweblink", sa.String(length=1250), autoincrement=False, nullable=True),
        sa.Column("isalldayevent", sa.Boolean(), autoincrement=False, nullable=True),
        sa.Column("ismapiprivate", sa.Boolean(), autoincrement=False, nullable=True),
        sa.Column("lastonholdtime", Moment(), autoincrement=False, nullable=True),
        sa.Column("leftvoicemail", sa.Boolean(), autoincrement=False, nullable=True),
        sa.Column("location", sa.String(length=500), autoincrement=False, nullable=True),
        sa.Column("scheduledend", Moment(), autoincrement=False, nullable=True),
        sa.Column("scheduledstart", Moment(), autoincrement=False, nullable=True),
        sa.Column("serviceid", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("siteid", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("slaid", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("statecode", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("statuscode", sa.Integer(), autoincrement=False, nullable=True),
        sa.Column("subject", sa.String(length=200), autoincrement=False, nullable=True),
        sa.Column("subscriptionid", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("deliverylastattemptedon", Moment(), autoincrement=False, nullable=True),
        sa.Column("instancetypecode", sa.Integer(), autoincrement=False, nullable=True),
        sa.Column("onholdtime", sa.Integer(), autoincrement=False, nullable=True),
        sa.Column("postponeactivityprocessinguntil", Moment(), autoincrement=False, nullable=True),
        sa.Column("sendermailboxid", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("senton", Moment(), autoincrement=False, nullable=True),
        sa.Column("seriesid", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("slainvokedid", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("activitytypecode", sa.String(length=64), autoincrement=False, nullable=False),
        sa.Column("regardingobjectid", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("regardingobjecttypecode", sa.String(length=64), autoincrement=False, nullable=True),
        sa.Column("prioritycode", sa.Integer(), autoincrement=False, nullable=True),
        sa.Column("actualdurationminutes", sa.Integer(), autoincrement=False, nullable=True),
        sa.Column("scheduleddurationminutes", sa.Integer(), autoincrement=False, nullable=True),
        sa.Column("category", sa.String(length=250), autoincrement=False, nullable=True),
        sa.Column("subcategory", sa.String(length=250), autoincrement=False, nullable=True),
        sa.Column("sortdate", Moment(), autoincrement=False, nullable=True),
        sa.Column("isbilled", sa.Boolean(), autoincrement=False, nullable=True),
        sa.Column("isregularactivity", sa.Boolean(), autoincrement=False, nullable=False),
        sa.Column("isworkflowcreated", sa.Boolean(), autoincrement=False, nullable=True),
        sa.Column("isunsafe", sa.Integer(), autoincrement=False, nullable=True),
        sa.Column("activityadditionalparams", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("transactioncurrencyid", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("exchangerate", ExactDecimal(), autoincrement=False, nullable=True),
        sa.Column("processid", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("stageid", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("traversedpath", sa.String(length=1250), autoincrement=False, nullable=True),
        sa.Column("createdby", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("modifiedby", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("createdonbehalfby", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("modifiedonbehalfby", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("createdon", Moment(), autoincrement=False, nullable=True),
        sa.Column("modifiedon", Moment(), autoincrement=False, nullable=True),
        sa.Column("versionnumber", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("ownerid", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("owneridtype", sa.String(length=64), autoincrement=False, nullable=True),
        sa.Column("owningbusinessunit", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("owningteam", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("owninguser", sa.Uuid(), autoincrement=False, nullable=True),
        sa.Column("importsequencenumber", sa.Integer(), autoincrement=False, nullable=True),
        sa.Column("overriddencreatedon", Moment(), autoincrement=False, nullable=True),
        sa.Column("timezoneruleversionnumber", sa.Integer(), autoincrement=False, nullable=True),
        sa.Column("utcconversiontimezonecode", sa.Integer(), autoincrement=False, nullable=True),
        sa.PrimaryKeyConstraint("activityid", name=op.f("pk_serviceappointment")),
    )
    with op.batch_alter_table("serviceappointment", schema=None) as batch_op:
        batch_op.create_index("ix_serviceappointment_ownerid", ["ownerid", "scheduledstart"], unique=False)
        batch_op.create_index("ix_serviceappointment_regardingobjectid", ["regardingobjectid"], unique=False)


def downgrade() -> None:
    """Take the step back."""
    with op.batch_alter_table("serviceappointment", schema=None) as batch_op:
        batch_op.drop_index("ix_serviceappointment_regardingobjectid")
        batch_op.drop_index("ix_serviceappointment_ownerid")

    op.drop_table("serviceappointment")
    with op.batch_alter_table("phonecall", schema=None) as batch_op:
        batch_op.drop_index("ix_phonecall_regardingobjectid")
        batch_op.drop_index("ix_phonecall_ownerid")

    op.drop_table("phonecall")
    with op.batch_alter_table("letter", schema=None) as batch_op:
        batch_op.drop_index("ix_letter_regardingobjectid")
        batch_op.drop_index("ix_letter_ownerid")

    op.drop_table("letter")
    with op.batch_alter_table("fax", schema=None) as batch_op:
        batch_op.drop_index("ix_fax_regardingobjectid")
        batch_op.drop_index("ix_fax_ownerid")

    op.drop_table("fax")
