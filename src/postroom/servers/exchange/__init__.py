"""Exchange Web Services as a client: accounts, sources, sinks, folders, trials, listeners."""
