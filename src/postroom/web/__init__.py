"""Pages for administrators: health at a glance, mailboxes, and why."""
