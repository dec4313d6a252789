"""Protocols between passes and adapters; each has at least two real implementations."""
