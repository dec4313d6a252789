"""What Exchange answers when it will not do what was asked: a response code and a sentence."""


class Refusal(Exception):  # noqa: N818 - is an answer of the protocol, not an error of ours
    """One request, or one item of it, is answered with an error.

    `code` is one of the values of the schema's ResponseCodeType.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text
