"""The servers that this folder's tests talk to."""

from tests.support.dovecot import dovecot
from tests.support.proxy import make_proxy

__all__ = ["dovecot", "make_proxy"]
