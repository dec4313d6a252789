"""The form in which addresses are compared: equal letters count, equal looks never do.

Letter case is folded letter by letter and never across scripts: `ß` is not `ss`, `ſ` is not `s`, the
Kelvin sign is not `k`. A domain's ASCII form (`xn--`) and its Unicode form are one.
"""

import unicodedata
from functools import lru_cache

# Letters whose normal form is an ASCII one, so that they would pass for it.
_POSING = frozenset("\u212a\u037e\u1fef")


@lru_cache(maxsize=16_384)
def address_key(address: str) -> str:
    """Return the address as addresses are compared.

    >>> address_key(" Ann@Example.COM "), address_key("o@xn--mller-kva.example")
    ('ann@example.com', 'o@müller.example')
    >>> address_key("ſam@straße.example") == address_key("sam@strasse.example")
    False
    """
    text = address.strip()
    if text.isascii():
        text = text.lower()
        return _with_unicode_domain(text) if "xn--" in text else text
    return _with_unicode_domain(_fold(text))


def _fold(text: str) -> str:
    if _POSING.isdisjoint(text):
        text = unicodedata.normalize("NFC", text)
    return "".join(map(_fold_letter, text))


def _fold_letter(letter: str) -> str:
    small = letter.lower()
    if len(small) != 1 or small.isascii() is not letter.isascii():
        return letter
    return small


def _with_unicode_domain(text: str) -> str:
    local, at, domain = text.rpartition("@")
    if "xn--" not in domain:
        return text
    return f"{local}{at}{'.'.join(map(_unicode_label, domain.split('.')))}"


def _unicode_label(label: str) -> str:
    """Return what an ASCII label of a domain stands for; one that stands for nothing is left as it is."""
    # source: RFC3492 6.2
    if not label.startswith("xn--"):
        return label
    try:
        decoded = label[4:].encode("ascii").decode("punycode")
        # A label may not stand for plain ASCII, nor be another spelling of one.
        if decoded.isascii() or decoded.encode("punycode").decode("ascii") != label[4:]:
            return label
    except UnicodeError:
        return label
    return _fold(decoded)
