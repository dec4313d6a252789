"""What is wrong with a query, and in which of its elements."""

from postroom.errors import UserError


class BadFetch(UserError):  # noqa: N818 - a situation, like all our exceptions
    """A FetchXML query that can't be read or asked; its words name the element and attribute."""
