"""Recurring appointments: rules, their occurrences, exceptions and time zones; pure."""
