"""The Web API: one syntax for queries and records, over the network and in commands."""
