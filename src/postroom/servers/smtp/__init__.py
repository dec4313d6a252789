"""SMTP as a client: accounts, sessions, and `SmtpSink`, which hands messages over.

Read `sink` for the flow of a submission, `session` for how a connection is set up, `envelope` and
`content` for what is sent, `reply` for what comes back.
"""

from postroom.servers.smtp.session import SmtpAccount, check
from postroom.servers.smtp.sink import SmtpSink, open_smtp

__all__ = ["SmtpAccount", "SmtpSink", "check", "open_smtp"]
