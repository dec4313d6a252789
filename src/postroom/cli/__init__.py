"""The command line: parse, call, print. Nothing is decided here."""

from postroom.cli.entry import main

__all__ = ["main"]
