"""The composition root: settings, wiring, logging and the running service."""
