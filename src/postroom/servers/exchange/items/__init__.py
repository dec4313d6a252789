"""Appointments, contacts and tasks of a mailbox, as a side of the synchronization.

Order of reading: `frame` is what has to be known of the mailbox's owner, `marks` the properties of ours on
items; `appointments`, `contacts` and `tasks` translate fields, `piece` puts them into requests; `translate`
makes items of elements; `places` finds the folders, `feed` what changed in them, and `side` is the whole.
"""
