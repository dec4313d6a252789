"""Every table, column, choice and relationship, declared once.

Read `column` (what a column can say), `table` (what a table can say), `choices` (option sets), then any
noun: `mailbox`, `email`, `queue`. `registry` finds a table by its logical name or its set name. The DDL, the
migrations check, the validation of every write and the Web API's metadata derive from these declarations.
"""
