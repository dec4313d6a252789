"""Server profiles: one mail system that mailboxes connect to."""

from sqlalchemy import Index

from postroom.schema import column as col
from postroom.schema.choices import (
    ActiveState,
    ActiveStatus,
    AuthenticationProtocol,
    ConnectionSecurity,
    CredentialRetrieval,
    ExchangeVersion,
    ExecutionStatus,
    ServerAuthority,
    ServerType,
    SuccessOrFailure,
)
from postroom.schema.column import Format, OnDelete, Required
from postroom.schema.table import ACTIVE_OR_INACTIVE, Audited, Description, Owned, Ownership, Row, Zoned


class EmailServerProfile(Audited, Owned, Zoned, Row):
    """A mail system: hosts, ports, TLS, credentials, polling limits and alerting."""

    __tablename__ = "emailserverprofile"
    __described__ = Description(
        set_name="emailserverprofiles",
        label="Email Server Profile",
        plural="Email Server Profiles",
        code=9605,
        schema_name="EmailServerProfile",
        primary_name="name",
        ownership=Ownership.USER,
        states=ACTIVE_OR_INACTIVE,
    )
    __table_args__ = (Index("ix_emailserverprofile_name", "name"),)

    emailserverprofileid = col.key(label="Email Server Profile")
    aadresourceid = col.text(
        1024, label="AAD Resource", description="Microsoft Entra resource id (audience) used for OAuth."
    )
    acsemailservicename = col.text(
        200,
        label="ACS Email Service Name",
        description="Azure Communication Services (ACS): e-mail service resource name.",
    )
    acsenabledforoutgoingemail = col.boolean(
        label="ACS Enabled For Outgoing Email", default=False, description="Send outgoing mail through ACS."
    )
    acsendpointurl = col.text(
        300, label="ACS End Point URL", format=Format.URL, description="ACS endpoint URL."
    )
    acsmanagedidentityid = col.lookup(
        "managedidentity",
        label="ACS Managed Identity",
        on_delete=OnDelete.REMOVE_LINK,
        description="Managed identity used for ACS.",
    )
    acsresourcegroupname = col.text(
        200, label="ACS Resource Group Name", description="ACS resource group (case-insensitive)."
    )
    acssubscriptionid = col.guid(
        label="ACS Subscription", description="Azure subscription of the ACS resource."
    )
    defaultserverlocation = col.text(
        2084, label="Default Server Location", description="Default host/URL of the server (not on form)."
    )
    description = col.memo(2000, label="Description", description="Free text.")
    encodingcodepage = col.text(
        100, label="Encoding Code Page", description="Code page used to encode mail content."
    )
    entityimage = col.binary(label="Entity Image", description="Icon.")
    exchangeonlinetenantid = col.text(
        36, label="Exchange Online Tenant", description="Exchange Online tenant GUID (text)."
    )
    exchangeversion = col.choice(ExchangeVersion, label="Exchange Version")
    incomingauthenticationprotocol = col.choice(
        AuthenticationProtocol,
        label="Incoming Authentication Protocol",
        default=AuthenticationProtocol.AUTO_DETECT,
    )
    incomingcredentialretrieval = col.choice(
        CredentialRetrieval, label="Incoming Credential Retrieval", default=CredentialRetrieval.USER_OR_QUEUE
    )
    incomingpassword = col.secret(
        250,
        label="Incoming Password",
        set_flag="isincomingpasswordset",
        description="Password for incoming; encrypted at rest.",
    )
    incomingportnumber = col.integer(0, 65_536, label="Incoming Port Number", description="Incoming port.")
    incomingserverlocation = col.text(
        2084, label="Incoming Server Location", description="Incoming host or EWS URL."
    )
    incominguseimpersonation = col.boolean(
        label="Incoming Use Impersonation",
        default=False,
        description="Use impersonation when reading mailboxes.",
    )
    incomingusername = col.text(250, label="Incoming User Name", description="Incoming user name.")
    incomingusessl = col.boolean(label="Incoming Use SSL", default=True, description="TLS for incoming.")
    keyvaultreferenceid = col.lookup(
        "keyvaultreference",
        label="Key Vault Reference",
        on_delete=OnDelete.REMOVE_LINK,
        description="Azure Key Vault reference holding the secret/certificate.",
    )
    lastauthorizationstatus = col.choice(
        SuccessOrFailure,
        label="Last Authorization Status",
        description="Authorization result of last profile test.",
    )
    lastcrmmessage = col.memo(2084, label="Last CRM Message", description="CRM-side message of last test.")
    lasttestexecutionstatus = col.choice(
        ExecutionStatus, label="Last Test Execution Status", description="Execution result of last test."
    )
    lasttestrequest = col.memo(2084, label="Last Test Request", description="EWS request sent by last test.")
    lasttestresponse = col.memo(2084, label="Last Test Response", description="EWS response of last test.")
    lastteststarttime = col.moment(label="Last Test Start Time", description="Start of last test.")
    lasttesttotalexecutiontime = col.bigint(
        label="Last Test Total Execution Time", description="Duration of last test."
    )
    lasttestvalidationstatus = col.choice(
        SuccessOrFailure, label="Last Test Validation Status", description="Validation result of last test."
    )
    managedidentityid = col.lookup(
        "managedidentity",
        label="Managed Identity",
        on_delete=OnDelete.REMOVE_LINK,
        description="Managed identity.",
    )
    maxconcurrentconnections = col.integer(
        1,
        300,
        label="Max Concurrent Connections",
        default=10,
        description="Parallel connections to the server per authenticated user.",
    )
    minpollingintervalinminutes = col.integer(
        0,
        1440,
        label="Min Polling Interval In Minutes",
        default=0,
        description="Minimum minutes between polls of a mailbox on this profile.",
    )
    moveundeliveredemails = col.boolean(
        label="Move Undelivered Emails",
        default=False,
        description="Move undeliverable incoming mail to the Undeliverable folder in Exchange.",
    )
    name = col.text(100, label="Name", required=Required.APPLICATION, description="Primary name.")
    oauthclientid = col.text(1024, label="OAuth Client", description="OAuth client id.")
    oauthclientsecret = col.secret(
        1024,
        label="OAuth Client Secret",
        set_flag="isoauthclientsecretset",
        description="OAuth client secret.",
    )
    outgoingauthenticationprotocol = col.choice(
        AuthenticationProtocol,
        label="Outgoing Authentication Protocol",
        default=AuthenticationProtocol.AUTO_DETECT,
        description="How to sign in to the outgoing server.",
    )
    outgoingautograntdelegateaccess = col.boolean(
        label="Outgoing Auto Grant Delegate Access",
        default=False,
        description="Connector grants itself delegate access when sending needs it.",
    )
    outgoingcredentialretrieval = col.choice(CredentialRetrieval, label="Outgoing Credential Retrieval")
    outgoingpassword = col.secret(
        250, label="Outgoing Password", set_flag="isoutgoingpasswordset", description="Outgoing password."
    )
    outgoingportnumber = col.integer(0, 65_536, label="Outgoing Port Number", description="Outgoing port.")
    outgoingserverlocation = col.text(
        2084, label="Outgoing Server Location", description="Outgoing host or EWS URL."
    )
    outgoinguseimpersonation = col.boolean(
        label="Outgoing Use Impersonation", default=False, description="Impersonate when sending."
    )
    outgoingusername = col.text(250, label="Outgoing Username", description="Outgoing user name.")
    outgoingusessl = col.boolean(label="Outgoing Use SSL", default=True, description="TLS for outgoing.")
    owneremailaddress = col.text(
        100,
        label="Owner Email Address",
        description="Mail address of the profile owner (target of alerts); not on form.",
    )
    powerplatformmanagedidentityid = col.lookup(
        "managedidentity",
        label="Power Platform Managed Identity",
        on_delete=OnDelete.REMOVE_LINK,
        description="Power Platform managed identity for Exchange.",
    )
    processemailsreceivedafter = col.moment(
        label="Process Emails Received After", description="Ignore mail received earlier than this."
    )
    purviewmanagedidentityid = col.lookup(
        "managedidentity",
        label="Purview Managed Identity",
        on_delete=OnDelete.REMOVE_LINK,
        description="Managed identity for Purview.",
    )
    sendemailalert = col.boolean(
        label="Send Email Alert",
        default=False,
        description=(
            "E-mail the owner when more than 50 % of the profile's mailboxes failed to "
            "synchronize within one hour."
        ),
    )
    serverauthority = col.choice(
        ServerAuthority,
        label="Server Authority",
        required=Required.SYSTEM,
        default=ServerAuthority.PUBLIC,
        description="OAuth authority cloud.",
    )
    servertype = col.choice(ServerType, label="Email Server Type", required=Required.APPLICATION)
    statecode = col.state(ActiveState.ACTIVE)
    statuscode = col.status(ActiveStatus.ACTIVE)
    timeoutmailboxconnection = col.boolean(
        label="Timeout Mailbox Connection",
        default=True,
        description="Limit a single mailbox connection in time.",
    )
    timeoutmailboxconnectionafteramount = col.integer(
        0,
        100_000,
        label="Timeout Mailbox Connection After Amount",
        description="The limit in milliseconds, at most 100 seconds.",
    )
    useautodiscover = col.boolean(
        label="Auto Discover Server Location", default=False, description="Find the EWS URL by Autodiscover."
    )
    usedefaulttenantid = col.boolean(
        label="Use Default Tenant ID",
        default=True,
        description="Use the tenant id known to the organization instead of exchangeonlinetenantid.",
    )
    usesamesettingsforoutgoingconnections = col.boolean(
        label="Use Same Settings For Outgoing Connections",
        default=True,
        description="Outgoing reuses incoming credentials/host.",
    )
    emailservertypename = col.text(
        250, label="Email Server Type Name", access="R", description="Text name of the server type."
    )
    entityimage_timestamp = col.bigint(
        label="Entity Image Timestamp", access="R", description="Image version."
    )
    entityimage_url = col.text(
        200, label="Entity Image URL", access="R", format=Format.URL, description="Image URL."
    )
    entityimageid = col.guid(label="Entity Image", access="R", description="Image id.")
    incomingpartnerapplication = col.lookup(
        "partnerapplication",
        label="Incoming Partner Application",
        access="R",
        description="Partner application for server-to-server auth, incoming.",
    )
    outgoingpartnerapplication = col.lookup(
        "partnerapplication",
        label="Outgoing Partner Application",
        access="R",
        description="Partner application for server-to-server auth, outgoing.",
    )
    isincomingpasswordset = col.boolean(
        label="Incoming Password Is Set",
        access="R",
        default=False,
        description="An incoming password is stored.",
    )
    isoutgoingpasswordset = col.boolean(
        label="Outgoing Password Is Set",
        access="R",
        default=False,
        description="An outgoing password is stored.",
    )
    isoauthclientsecretset = col.boolean(
        label="OAuth Client Secret Is Set",
        access="R",
        default=False,
        description="An OAuth secret is stored.",
    )
    organizationid = col.lookup(
        "organization",
        label="Organization",
        required=Required.SYSTEM,
        access="R",
        description="Organization.",
    )
    postroom_incomingtls = col.choice(
        ConnectionSecurity,
        label="Incoming Connection Security",
        default=ConnectionSecurity.AUTOMATIC,
        description="How the incoming connection is protected when TLS is on.",
    )
    postroom_outgoingtls = col.choice(
        ConnectionSecurity,
        label="Outgoing Connection Security",
        default=ConnectionSecurity.AUTOMATIC,
        description="How the outgoing connection is protected when TLS is on.",
    )
    postroom_tokenauthority = col.text(
        2084,
        label="Token Authority",
        format=Format.URL,
        description="Who gives OAuth tokens, where that is not the authority of the profile's cloud.",
    )
    postroom_trustedauthority = col.memo(
        1_048_576,
        label="Trusted Authority",
        description=("PEM certificates of a private authority that the servers' certificates may come from."),
    )
