"""The Web API: one syntax for queries and records, for the network and the command line alike."""
