"""Subjects compared: what changed, and the words by which smart matching finds an e-mail.

Smart matching asks whether two e-mails have the same words in their subjects, but for a stated
number of them, and enough people in common. One number stands for all words of a subject, so that
the store finds candidates by one look at an index.
"""

import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

from postroom.mime.subject import strip_reply_marks
from postroom.tracking.token import DEFAULT_PREFIXES, without_tokens

#: What the organization's filter is unless it says otherwise: words that end in a colon, at the start.
DEFAULT_FILTER = r"^[\s]*([\w]+\s?:[\s]*)+"

#: Subjects may differ by at most this many words, whatever the setting says: each multiplies the look-ups.
MOST_DELTA = 2
#: Where they may differ, so many words of each are looked at at most: each multiplies them again.
MOST_WORDS = 20

# What a subject loses before anything is compared; no mail program shows more.
_LONGEST = 400
_WORD = re.compile(r"[^\W_]+")
# One leading word that ends in a colon, as the default filter has it, without its backtracking.
_LEADING = re.compile(r"\s*\w{1,40}\s?:\s*")

# Words that say nothing: a subject made of them alone links strangers.
STOCK_WORDS = frozenset(
    _WORD.findall(
        "a an and as at by for from in is of on or our please re the to with you your hello hi hey dear "
        "question questions request inquiry enquiry invoice invoices bill order orders offer quote "
        "quotation meeting call appointment update news newsletter info information important urgent test "
        "document documents file files attachment report status reminder thanks thank help support ticket "
        "confirmation payment contract photo photos no subject none untitled message hallo guten tag "
        "frage fragen anfrage rechnung bestellung angebot termin besprechung wichtig dringend unterlagen "
        "bericht danke hilfe bestätigung zahlung vertrag foto fotos kein betreff und der die das ihre "
        "bonjour demande facture commande devis offre réunion rendez vous urgence merci aide de la le les "
        "votre hola pregunta consulta factura pedido oferta reunión urgente gracias ayuda el los su ciao "
        "domanda fattura ordine offerta riunione urgente grazie aiuto il lo olá pergunta fatura encomenda "
        "orçamento reunião obrigado vraag factuur bestelling offerte afspraak dringend bedankt faktura "
        "pytanie zamówienie oferta spotkanie вопрос счет счёт заказ встреча срочно привет "
    )
)


@dataclass(frozen=True, slots=True)
class SmartRules:
    """The organization's settings of smart matching."""

    #: The expression whose match is removed from a subject.
    filter: str = DEFAULT_FILTER
    #: Words of a subject, and people, that are looked at.
    most: int = 20
    #: Words by which two subjects may differ.
    delta: int = 0
    #: People that two e-mails must have in common.
    people: int = 2
    #: Lowest score of 100 at which two e-mails are linked.
    threshold: int = 60
    #: Prefixes of tracking tokens: a token is no word, or an answer that lost it would not be found.
    prefixes: tuple[str, ...] = DEFAULT_PREFIXES

    @property
    def effective_delta(self) -> int:
        """Return how many words may differ."""
        return min(max(self.delta, 0), MOST_DELTA)

    @property
    def effective_words(self) -> int:
        """Return how many words of a subject are looked at."""
        return max(min(self.most, MOST_WORDS) if self.effective_delta else self.most, 1)


#: What holds where the organization says nothing.
USUAL = SmartRules()


def has_changed(subject: str, parent: str, prefixes: Sequence[str]) -> bool:
    """Tell whether the subject differs by more than reply marks, tokens, letter case and blanks.

    >>> has_changed("RE: Offer CRM:0001002", "offer", ("CRM:",)), has_changed("Offer 2", "Offer", ())
    (False, True)
    """
    return _plain(subject, prefixes) != _plain(parent, prefixes)


def _plain(subject: str, prefixes: Sequence[str]) -> str:
    return strip_reply_marks(without_tokens(subject, prefixes) if prefixes else subject).casefold()


def words_of(subject: str, rules: SmartRules) -> tuple[str, ...]:
    """Return the words of the subject that count, sorted, each once.

    >>> words_of("AW: RE: Offer for the Pump P-200", SmartRules())
    ('200', 'for', 'offer', 'p', 'pump', 'the')
    """
    text = without_tokens(subject[:_LONGEST], rules.prefixes)
    text = _filtered(text, rules.filter).casefold()
    return tuple(sorted(list(dict.fromkeys(_WORD.findall(text)))[: rules.effective_words]))


def _filtered(subject: str, expression: str) -> str:
    if expression == DEFAULT_FILTER:
        at = 0
        while mark := _LEADING.match(subject, at):
            at = mark.end()
        return subject[at:]
    pattern = _compiled(expression)
    return pattern.sub("", subject) if pattern else subject


@lru_cache(maxsize=16)
def _compiled(expression: str) -> re.Pattern[str] | None:
    try:
        return re.compile(expression) if expression else None
    except re.error:
        # The store refuses such an expression; one that came in before it did removes nothing.
        return None


def hashes_of(words: Sequence[str], rules: SmartRules) -> tuple[int, ...]:
    """Return the numbers under which a subject is stored and looked up; none for no words.

    The first stands for all its words; where subjects may differ, one more for each way to leave
    that many out. Two subjects of which one holds the other have a number in common.
    """
    found = dict.fromkeys(
        _hash(kept)
        for left_out in range(min(rules.effective_delta, len(words) - 1) + 1)
        for kept in combinations(words, len(words) - left_out)
    )
    return tuple(found)


def _hash(words: Iterable[str]) -> int:
    # Signed, as the column is; CRC-32 is stable over releases.
    value = zlib.crc32(" ".join(words).encode())
    return value - (1 << 32) if value >= 1 << 31 else value


def score_of(
    words: Sequence[str],
    other_words: Sequence[str],
    people: frozenset[str],
    other_people: frozenset[str],
    rules: SmartRules,
) -> int:
    """Return how surely two e-mails belong together, of 100; 0 where the settings forbid it.

    Half of it is the subject: four words that are no stock words are as good as any number. The
    other half is the share of people who take part in both.
    """
    smaller, larger = sorted((set(words), set(other_words)), key=len)
    if not smaller or not smaller <= larger or len(larger) - len(smaller) > rules.effective_delta:
        return 0
    common = len(people & other_people)
    if common < max(rules.people, 1):
        return 0
    telling = len(smaller - STOCK_WORDS)
    if not telling:
        return 0
    subject = min(telling, 4) / 4 * len(smaller) / len(larger)
    return round(50 * subject + 50 * common / max(min(len(people), len(other_people)), 1))
