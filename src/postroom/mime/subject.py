"""Reply marks and the subject's normal form."""

import re

# Marks that mail programs put before a subject when answering or passing on, in lower case.
# Sets of words, not one clever pattern, so that a language is one line.

#: Marks of what is passed on. "vs" is not among them: Danes pass on with it, but Finns answer.
FORWARD_MARKS = frozenset({
    "fw", "fwd",  # English, and most programs in any language
    "wg",  # German
    "doorst",  # Dutch
    "tr",  # French
    "i",  # Italian
    "rv",  # Spanish
    "enc",  # Portuguese
    "vb", "vl",  # Swedish, Finnish
    "fs",  # Icelandic
    "pd",  # Polish
    "továbbítás",  # Hungarian
    "ilt", "i\u0307lt",  # Turkish, whose dotted capital gives two letters in lower case
    "πρθ",  # Greek
    "пер", "пер.", "пересл", "пересл.", "переслано",  # Russian, Ukrainian
    "הועבר", "העברה", "העבר",  # Hebrew
    "إعادة توجيه",  # Arabic
    "转发", "轉寄", "转寄", "轉發",  # Chinese
    "転送",  # Japanese
    "전달",  # Korean
    "trs",  # Indonesian
    "chuyển tiếp",  # Vietnamese
    "ส่งต่อ",  # Thai
})  # fmt: skip

#: Marks of answers, and those of what is passed on.
REPLY_MARKS = FORWARD_MARKS | frozenset({
    "re",  # English, and most programs in any language
    "aw",  # German
    "antw",  # Dutch
    "réf", "réf.",  # French
    "r", "rif",  # Italian
    "res",  # Portuguese
    "sv", "vs",  # Danish, Norwegian, Swedish, Icelandic; Finnish
    "odp",  # Polish
    "vá",  # Hungarian
    "ynt",  # Turkish
    "απ",  # Greek
    "на", "отв",  # Russian
    "השב", "תשובה",  # Hebrew
    "رد",  # Arabic
    "回复", "回覆", "答复",  # Chinese
    "返信",  # Japanese
    "회신",  # Korean
    "bls",  # Indonesian
    "trả lời",  # Vietnamese
    "ตอบกลับ",  # Thai
})  # fmt: skip

# Letters may bear marks of their own (Mn), as in Thai; two words are the most that a language needs.
_LETTER = r"(?:[^\W\d_]|[\u0300-\u036f\u0e31\u0e34-\u0e3a\u0e47-\u0e4e])"
_LEADING_MARK = re.compile(
    rf"\s*(?P<word>{_LETTER}{{1,10}}(?: {_LETTER}{{1,6}})?\.?)"
    r"\s{0,9}(?:\[\d{1,4}\]|\(\d{1,4}\)|\d{1,3}|\^\d{1,3})?\s{0,9}[:：]\s*"
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


def is_forward(subject: str) -> bool:
    """Say whether the outermost mark of the subject says that a message was passed on.

    >>> is_forward("WG: AW: Offer"), is_forward("AW: WG: Offer"), is_forward("Forward: march")
    (True, False, False)
    """
    mark = _LEADING_MARK.match(subject)
    return mark is not None and mark["word"].lower() in FORWARD_MARKS
