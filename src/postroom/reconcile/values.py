"""Values of several parts: the names and addresses that fields of items hold."""

from enum import Enum
from typing import NamedTuple


class PersonName(NamedTuple):
    """The parts of a person's name: the field `full_name`; what is missing is None."""

    first: str | None = None
    middle: str | None = None
    last: str | None = None
    #: Before the name, such as Dr.
    title: str | None = None
    #: After the name, such as Jr.
    suffix: str | None = None

    def __str__(self) -> str:
        """Return the name as it is shown.

        >>> str(PersonName("Ada", None, "Lovelace"))
        'Ada Lovelace'
        """
        return " ".join(filter(None, (self.first, self.middle, self.last)))


class PostalAddress(NamedTuple):
    """A postal address: the fields `mailing_address`, `home_address` and `other_address`."""

    line1: str | None = None
    line2: str | None = None
    line3: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str | None = None


class Regarding(NamedTuple):
    """The record that an activity is about: the field `regarding`."""

    #: Its table's logical name.
    table: str
    #: Its key, in small letters with hyphens.
    id: str


class Answer(Enum):
    """What an attendee has answered."""

    ACCEPTED = "accepted"
    TENTATIVE = "tentative"
    DECLINED = "declined"


class Response(NamedTuple):
    """One attendee's answer; the field `responses` is a frozen set of them."""

    #: The attendee's address as addresses are compared.
    key: str
    answer: Answer
