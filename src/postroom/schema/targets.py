"""Which tables a record, a party or an address may belong to."""

#: Tables that an activity, a note or a tracked folder may regard.
REGARDING = ("account", "contact", "lead", "incident", "systemuser", "queue", "email", "appointment", "task")

#: Tables whose records may take part in an activity.
PARTIES = ("account", "contact", "lead", "queue", "systemuser", "team", "incident", "unresolvedaddress")

#: Tables with columns that hold an e-mail address; their addresses are found by resolution.
EMAIL_ENABLED = ("systemuser", "contact", "account", "lead", "team", "businessunit", "queue", "incident")
