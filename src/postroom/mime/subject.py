"""Reply marks and the subject's normal form."""

import re

# Marks that mail programs put before a subject when answering or passing on.
# A set of words, not one clever pattern, so that a language is one line.
REPLY_MARKS = frozenset({
    "re", "fw", "fwd",  # English, and most programs in any language
    "aw", "wg",  # German
    "antw", "doorst",  # Dutch
    "tr", "réf", "réf.",  # French
    "r", "i", "rif",  # Italian
    "rv",  # Spanish
    "res", "enc",  # Portuguese
    "sv", "vs", "vb", "vl",  # Danish, Norwegian, Swedish, Finnish
    "odp", "pd",  # Polish
    "ynt", "ilt",  # Turkish
    "απ", "πρθ",  # Greek
    "на", "отв",  # Russian
    "回复", "回覆", "转发", "轉寄", "答复",  # Chinese
    "返信", "転送",  # Japanese
    "회신", "전달",  # Korean
})  # fmt: skip

_LEADING_MARK = re.compile(
    r"\s*(?P<word>[^\W\d_]{1,6}\.?)\s{0,9}(?:\[\d{1,4}\]|\(\d{1,4}\)|\d{1,3}|\^\d{1,3})?\s{0,9}[:：]\s*"
)


def strip_reply_marks(subject: str) -> str:
    """Return the subject without the reply and forward marks it begins with.

    Any number of marks is removed, in every language of `REPLY_MARKS`. What follows the last mark
    is the sender's own text and is left as it is, even if it looks like a mark further on.

    >>> strip_reply_marks("RE: Fw: AW[2]: Offer 2024: final")
    'Offer 2024: final'
    >>> strip_reply_marks("Reminder: invoice")
    'Reminder: invoice'
    """
    at = 0
    while (mark := _LEADING_MARK.match(subject, at)) and mark["word"].lower() in REPLY_MARKS:
        at = mark.end()
    return subject[at:].strip()


def count_reply_marks(subject: str) -> int:
    """Return how many reply and forward marks the subject begins with.

    >>> count_reply_marks("RE: Fw: Offer"), count_reply_marks("Offer")
    (2, 0)
    """
    at = count = 0
    while (mark := _LEADING_MARK.match(subject, at)) and mark["word"].lower() in REPLY_MARKS:
        at, count = mark.end(), count + 1
    return count
