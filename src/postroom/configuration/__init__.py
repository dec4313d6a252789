"""Rules of the mail configuration: profiles, mailboxes, delivery methods; pure.

What may be set, what a change resets, and whether a mailbox may be processed are decided here,
on plain values. Reading and writing the records is the store's work.
"""
