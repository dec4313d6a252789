"""The query language: $filter, $orderby, $select and $expand from text to values.

$filter is read by a Pratt parser: every operator has a strength, and an expression takes in all that is bound
more strongly than what stands before it. Nothing here knows which tables and columns there are.

# source: ODATA-URL 5.1
"""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from postroom.api.odata.conditions import (
    Apply,
    Asked,
    Comparator,
    Comparison,
    Condition,
    Every,
    Expansion,
    How,
    IsTrue,
    Literal,
    Negation,
    OneOf,
    Operand,
    Order,
    PartOf,
    Path,
    Quantified,
    Quantifier,
    Some,
    TextTest,
    Total,
)
from postroom.api.odata.tokens import Token, TokenKind, split_tokens
from postroom.errors import UserError

#: Deeper nesting is not a question that anybody asks, but an attack on the stack.
MAXIMUM_DEPTH = 60
#: The limit that Dataverse sets to the conditions of one query; databases have one of their own not far off.
MAXIMUM_CONDITIONS = 500
MAXIMUM_VALUES = 5000

Piece = TypeVar("Piece")
Aliases = Mapping[str, str]
_NO_ALIASES: Aliases = {}
_NAMESPACE = "Microsoft.Dynamics.CRM."
_PROPERTY = "PropertyName"


def parse_filter(text: str, aliases: Aliases = _NO_ALIASES) -> Condition:
    """Return the condition that a $filter states; `@name` in it stands for the alias of that name.

    >>> parse_filter("statecode eq 0 and startswith(name, 'A')").terms[1].path.text
    'name'
    """
    parser = _Parser("$filter", text, aliases)
    condition = parser.condition(0)
    parser.finish()
    return condition


def parse_orderby(text: str, aliases: Aliases = _NO_ALIASES) -> tuple[Order, ...]:
    """Return the columns of an $orderby, the most important first.

    >>> [order.is_descending for order in parse_orderby("createdon desc, name")]
    [True, False]
    """
    parser = _Parser("$orderby", text, aliases)
    orders = parser.orders()
    parser.finish()
    return orders


def parse_select(text: str) -> tuple[str, ...]:
    """Return the names of a $select.

    >>> parse_select("name, _ownerid_value")
    ('name', '_ownerid_value')
    """
    parser = _Parser("$select", text)
    names = parser.names()
    parser.finish()
    return names


def parse_expand(text: str) -> tuple[Expansion, ...]:
    """Return the navigation properties of an $expand.

    >>> parse_expand("emailserverprofile($select=name;$top=1)")[0].select
    ('name',)
    """
    parser = _Parser("$expand", text)
    expansions = parser.listed(parser.expansion)
    parser.finish()
    return expansions


def parse_apply(text: str, aliases: Aliases = _NO_ALIASES) -> Apply:
    """Return the groups and totals of an $apply.

    >>> parse_apply("groupby((statecode),aggregate($count as n))").totals[0].alias
    'n'
    """
    parser = _Parser("$apply", text, aliases)
    apply = parser.apply()
    parser.finish()
    return apply


# How strongly an operator binds what stands on its sides.
_OR, _AND, _NOT = 1, 2, 3


class _Parser:
    """A place in a row of tokens, and the grammar as methods."""

    def __init__(self, option: str, text: str, aliases: Aliases = _NO_ALIASES) -> None:
        self._option = option
        try:
            self._tokens = list(_with_aliases(list(split_tokens(text)), aliases))
        except UserError as fault:
            raise UserError(f"{option}: {fault}") from fault
        self._at = 0
        self._depth = 0
        self._conditions = 0

    # Conditions -------------------------------------------------------------------------------------------

    def condition(self, strength: int) -> Condition:
        """Read a condition up to the first operator that binds less than `strength`."""
        self._deeper()
        left = self._first()
        while True:
            if strength <= _OR and self._is_name("or"):
                left = Some(self._chain("or", left, _OR + 1))
            elif strength <= _AND and self._is_name("and"):
                left = Every(self._chain("and", left, _AND + 1))
            else:
                self._depth -= 1
                return left

    def _chain(self, word: str, first: Condition, strength: int) -> tuple[Condition, ...]:
        terms = [first]
        while self._is_name(word):
            self._next()
            terms.append(self.condition(strength))
        return tuple(terms)

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > MAXIMUM_DEPTH:
            raise self._wrong(f"more than {MAXIMUM_DEPTH} levels of parentheses")

    def _first(self) -> Condition:
        if self._is_name("not"):
            self._next()
            return Negation(self.condition(_NOT))
        if self._is_mark("("):
            self._next()
            inside = self.condition(0)
            self._expect(")")
            return inside
        self._conditions += 1
        if self._conditions > MAXIMUM_CONDITIONS:
            raise self._wrong(f"more than {MAXIMUM_CONDITIONS} conditions")
        if self._peek().kind is TokenKind.NAME and self._is_mark("(", ahead=1):
            return self._part_of()
        return self._compared(self._operand())

    def _part_of(self) -> Condition:
        name = self._next()
        if name.text.startswith(_NAMESPACE):
            return self._asked(name)
        if name.text not in {test.value for test in TextTest}:
            known = ", ".join(test.value for test in TextTest)
            raise self._wrong(f"no function {name.text}; there are {known}", at=name)
        self._expect("(")
        path = self._path()
        self._expect(",")
        text = self._literal()
        if not isinstance(text.value, str):
            raise self._wrong(f"{name.text} wants a text in single quotes", at=self._tokens[self._at - 1])
        self._expect(")")
        return self._perhaps_compared(PartOf(TextTest(name.text), path, text))

    def _asked(self, name: Token) -> Condition:
        """Read the named arguments of a query function."""
        self._expect("(")
        arguments: dict[str, tuple[Literal, ...]] = dict([self._argument()])
        while self._is_mark(","):
            self._next()
            arguments.update([self._argument()])
        self._expect(")")
        column = arguments.pop(_PROPERTY, (Literal(None),))[0]
        if not isinstance(column.value, str):
            raise self._wrong(f"{name.text} needs {_PROPERTY}='<column>'", at=name)
        path = Path(tuple(column.value.split("/")), column.position)
        values = tuple(value for key in sorted(arguments) for value in arguments[key])
        asked = Asked(name.text.removeprefix(_NAMESPACE), path, values)
        return self._perhaps_compared(asked)

    def _argument(self) -> tuple[str, tuple[Literal, ...]]:
        name = self._name()
        if name.text != _PROPERTY and not name.text.startswith("PropertyValue"):
            raise self._wrong(f"expected {_PROPERTY} or PropertyValue", at=name)
        self._expect("=")
        if not self._is_mark("["):
            return name.text, (self._literal(),)
        self._next()
        values = () if self._is_mark("]") else self.listed(self._literal)
        self._expect("]")
        if len(values) > MAXIMUM_VALUES:
            raise self._wrong(f"more than {MAXIMUM_VALUES} values", at=name)
        return name.text, values

    def _perhaps_compared(self, condition: Condition) -> Condition:
        """Take in `eq true` and `eq false`, which some clients write after a function."""
        if not self._is_name("eq"):
            return condition
        self._next()
        said = self._literal().value
        if not isinstance(said, bool):
            raise self._wrong("a function is true or false", at=self._tokens[self._at - 1])
        return condition if said else Negation(condition)

    def _compared(self, left: Operand | Quantified) -> Condition:
        if isinstance(left, Quantified):
            return left
        token = self._peek()
        if token.kind is TokenKind.NAME and token.text in {comparator.value for comparator in Comparator}:
            self._next()
            right = self._operand()
            if isinstance(right, Quantified):
                raise self._wrong("a collection can't be compared", at=token)
            return Comparison(Comparator(token.text), left, right)
        if self._is_name("in") and isinstance(left, Path):
            self._next()
            return OneOf(left, self._values())
        if isinstance(left, Path) and (token.kind is not TokenKind.NAME or token.text in {"and", "or"}):
            return IsTrue(left)
        raise self._wrong("expected eq, ne, gt, ge, lt, le or in")

    def _values(self) -> tuple[Literal, ...]:
        self._expect("(")
        values = self.listed(self._literal)
        self._expect(")")
        if len(values) > MAXIMUM_VALUES:
            raise self._wrong(f"more than {MAXIMUM_VALUES} values")
        return values

    def _operand(self) -> Operand | Quantified:
        if self._peek().kind is TokenKind.LITERAL:
            return self._literal()
        if self._peek(1).kind is TokenKind.LITERAL and self._peek().text.startswith(_NAMESPACE):
            # A member of an enumeration carries its type: Microsoft.Dynamics.CRM.OwnershipTypes'UserOwned'.
            self._next()
            return self._literal()
        path = self._path()
        if path.segments[-1] in {quantifier.value for quantifier in Quantifier} and self._is_mark("("):
            return self._quantified(path)
        return path

    def _quantified(self, path: Path) -> Quantified:
        quantifier = Quantifier(path.segments[-1])
        collection = Path(path.segments[:-1], path.position)
        self._expect("(")
        variable, condition = "", None
        if not self._is_mark(")"):
            variable = self._name().text
            self._expect(":")
            condition = self.condition(0)
        elif quantifier is Quantifier.ALL:
            raise self._wrong("all needs a condition: all(x: ...)")
        self._expect(")")
        return Quantified(quantifier, collection, variable, condition)

    # Pieces -----------------------------------------------------------------------------------------------

    def _literal(self) -> Literal:
        token = self._next()
        if token.kind is not TokenKind.LITERAL:
            raise self._wrong("expected a value", at=token)
        return Literal(token.value, token.position)

    def _path(self) -> Path:
        first = self._name()
        segments = [first.text]
        while self._is_mark("/"):
            self._next()
            segments.append(self._name().text)
        return Path(tuple(segments), first.position)

    def _name(self) -> Token:
        token = self._next()
        if token.kind is not TokenKind.NAME:
            raise self._wrong("expected the name of a column", at=token)
        return token

    def listed(self, read: Callable[[], Piece]) -> tuple[Piece, ...]:
        """Read one or more pieces with commas between them."""
        pieces = [read()]
        while self._is_mark(","):
            self._next()
            pieces.append(read())
        return tuple(pieces)

    def names(self) -> tuple[str, ...]:
        """Read the names of a $select; a lone star means all."""
        if self._is_mark("*"):
            self._next()
            return ()
        return tuple(token.text for token in self.listed(self._name))

    def orders(self) -> tuple[Order, ...]:
        """Read the columns of an $orderby."""
        return self.listed(self._order)

    def _order(self) -> Order:
        path = self._path()
        if self._is_name("asc") or self._is_name("desc"):
            return Order(path, is_descending=self._next().text == "desc")
        return Order(path)

    # Expansions -------------------------------------------------------------------------------------------

    def expansion(self) -> Expansion:
        """Read one navigation property of $expand with the options in its parentheses."""
        navigation = self._name().text
        options: dict[str, object] = {}
        if self._is_mark("/"):
            self._next()
            self._expect("$")
            if not self._is_name("ref"):
                raise self._wrong("expected $ref")
            self._next()
            return Expansion(navigation, is_reference=True)
        if self._is_mark("("):
            self._next()
            self._option_into(options)
            while self._is_mark(";"):
                self._next()
                self._option_into(options)
            self._expect(")")
        return Expansion(navigation, **options)  # type: ignore[arg-type]

    def _option_into(self, options: dict[str, object]) -> None:
        self._expect("$")
        name = self._name()
        readers: dict[str, Callable[[], object]] = {
            "select": self.names,
            "filter": lambda: self.condition(0),
            "orderby": self.orders,
            "top": self._number,
            "expand": self._nested,
        }
        if name.text not in readers:
            known = ", ".join(f"${reader}" for reader in readers)
            raise self._wrong(f"no option ${name.text} here; there are {known}", at=name)
        self._expect("=")
        options[name.text] = readers[name.text]()

    def _nested(self) -> tuple[Expansion, ...]:
        self._deeper()
        found = self.listed(self.expansion)
        self._depth -= 1
        return found

    def apply(self) -> Apply:
        """Read `filter(...)`, `groupby((...),aggregate(...))` and `aggregate(...)`, with slashes between."""
        condition: Condition | None = None
        while self._is_name("filter"):
            self._next()
            self._expect("(")
            more = self.condition(0)
            condition = more if condition is None else Every((condition, more))
            self._expect(")")
            self._expect("/")
        step = self._name()
        if step.text == "aggregate":
            return Apply(condition, (), self._totals())
        if step.text != "groupby":
            raise self._wrong("expected filter, groupby or aggregate", at=step)
        self._expect("(")
        self._expect("(")
        groups = self.listed(self._path)
        self._expect(")")
        totals: tuple[Total, ...] = ()
        if self._is_mark(","):
            self._next()
            inner = self._name()
            if inner.text != "aggregate":
                raise self._wrong("expected aggregate", at=inner)
            totals = self._totals()
        self._expect(")")
        return Apply(condition, groups, totals)

    def _totals(self) -> tuple[Total, ...]:
        self._expect("(")
        totals = self.listed(self._total)
        self._expect(")")
        return totals

    def _total(self) -> Total:
        if self._is_mark("$"):
            self._next()
            if self._name().text != "count":
                raise self._wrong("expected $count", at=self._tokens[self._at - 1])
            return Total(self._alias())
        path = self._path()
        if not self._is_name("with"):
            raise self._wrong("expected with")
        self._next()
        how = self._name()
        if how.text not in {known.value for known in How}:
            known = ", ".join(known.value for known in How)
            raise self._wrong(f"no aggregation {how.text}; there are {known} and $count", at=how)
        return Total(self._alias(), path, How(how.text))

    def _alias(self) -> str:
        if not self._is_name("as"):
            raise self._wrong("expected as")
        self._next()
        return self._name().text

    def _number(self) -> int:
        token = self._next()
        if isinstance(token.value, bool) or not isinstance(token.value, int) or token.value < 0:
            raise self._wrong("expected a whole number", at=token)
        return token.value

    # Tokens -----------------------------------------------------------------------------------------------

    def _peek(self, ahead: int = 0) -> Token:
        return self._tokens[min(self._at + ahead, len(self._tokens) - 1)]

    def _next(self) -> Token:
        token = self._peek()
        self._at = min(self._at + 1, len(self._tokens))
        return token

    def _is_name(self, word: str) -> bool:
        token = self._peek()
        return token.kind is TokenKind.NAME and token.text == word

    def _is_mark(self, mark: str, ahead: int = 0) -> bool:
        token = self._peek(ahead)
        return token.kind is TokenKind.MARK and token.text == mark

    def _expect(self, mark: str) -> None:
        if not self._is_mark(mark):
            raise self._wrong(f"expected {mark}")
        self._next()

    def finish(self) -> None:
        """Refuse anything that is left over."""
        if self._peek().kind is not TokenKind.END:
            raise self._wrong("expected and, or, or the end of the text")

    def _wrong(self, problem: str, *, at: Token | None = None) -> UserError:
        token = at or self._peek()
        found = token.text or TokenKind.END.value
        return UserError(f"{self._option}: {problem}, at character {token.position + 1}: {found}")


def _with_aliases(tokens: list[Token], aliases: Aliases) -> Iterator[Token]:
    """Yield the tokens, those of its value in the place of every `@alias`; null where none is given."""
    at = 0
    while at < len(tokens):
        token, after = tokens[at], tokens[min(at + 1, len(tokens) - 1)]
        if token.text == "@" and token.kind is TokenKind.MARK and after.kind is TokenKind.NAME:
            value = aliases.get(f"@{after.text}", "null")
            yield from (
                Token(t.kind, t.text, token.position, t.value) for t in list(split_tokens(value))[:-1]
            )
            at += 2
        else:
            yield token
            at += 1
