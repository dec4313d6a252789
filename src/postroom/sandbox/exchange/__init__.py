"""The sandbox's Exchange: mail, calendar, contacts and tasks, spoken to by EWS."""

from postroom.sandbox.exchange.access import Right
from postroom.sandbox.exchange.office import ExchangeOffice
from postroom.sandbox.exchange.server import SandboxExchange

__all__ = ["ExchangeOffice", "Right", "SandboxExchange"]
