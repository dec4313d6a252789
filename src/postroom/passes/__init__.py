"""The use cases: receive, send, test a mailbox; each composed from rules, store and servers."""
