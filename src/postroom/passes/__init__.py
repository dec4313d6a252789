"""The use cases: receive, send, test a mailbox; each made of rules, store and servers."""
