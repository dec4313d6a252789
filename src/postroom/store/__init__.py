"""The database as the rest of the program uses it: one transaction at a time, no sessions.

Read `database` (where connections come from), then `records` (validated rows). SQLite and PostgreSQL run the
same code; what differs stands in `database`.
"""
