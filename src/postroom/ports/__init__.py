"""Protocols between the passes and the adapters; each has at least two real implementations."""
