"""AES-256-GCM: the cipher under which secrets lie at rest.

# source: NIST-SP-800-38D
"""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_OCTETS = 12


def encrypt(key: bytes, plain: bytes, context: bytes) -> bytes:
    """Return a nonce of its own and the ciphertext; encrypting the same twice gives different results."""
    nonce = os.urandom(_NONCE_OCTETS)
    return nonce + AESGCM(key).encrypt(nonce, plain, context)


def decrypt(key: bytes, hidden: bytes, context: bytes) -> bytes:
    """Return what was encrypted; raises `ValueError` when key or context are not those of then."""
    try:
        return AESGCM(key).decrypt(hidden[:_NONCE_OCTETS], hidden[_NONCE_OCTETS:], context)
    except InvalidTag as error:
        raise ValueError("neither key, context nor ciphertext may differ") from error
