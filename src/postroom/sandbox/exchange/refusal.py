"""What Exchange answers when it will not do what was asked: a response code and a sentence."""

from collections.abc import Mapping


class Refusal(Exception):  # noqa: N818 - is an answer of the protocol, not an error of ours
    """One request, or one item of it, is answered with an error.

    `code` is one of the values of the schema's ResponseCodeType; `values` are named particulars that
    programs read, such as BackOffMilliseconds.
    """

    def __init__(self, code: str, text: str, values: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text
        self.values = dict(values or {})


class WholeRefusal(Refusal):
    """The whole request is answered with a SOAP fault, not with response messages."""
