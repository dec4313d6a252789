"""The sandbox's Exchange: mailboxes with mail, calendar, contacts and tasks, spoken to by EWS."""
