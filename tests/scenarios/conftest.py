"""The servers that the scenarios run over."""

from tests.support.dovecot import dovecot
from tests.support.postfix import postfix

__all__ = ["dovecot", "postfix"]
