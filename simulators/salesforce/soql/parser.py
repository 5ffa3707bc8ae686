"""From the text of a query to its tree. Raises `RefusalError` (MALFORMED_QUERY) for an invalid
query.
"""

from __future__ import annotations

from typing import Any, Final

from simulators.salesforce import times
from simulators.salesforce.soql.lexer import Token, malformed, tokens, unescape
from simulators.salesforce.soql.tree import (
    All,
    Call,
    Comparison,
    Condition,
    Either,
    Item,
    Not,
    Order,
    Path,
    Select,
    Value,
)

AGGREGATES: Final = frozenset({"COUNT", "COUNT_DISTINCT", "MAX", "MIN", "SUM", "AVG"})
_COMPARE: Final = {
    "=": "=",
    "!=": "!=",
    "<>": "!=",
    "<": "<",
    "<=": "<=",
    ">": ">",
    ">=": ">=",
    "LIKE": "LIKE",
    "IN": "IN",
}
_CLAUSES: Final = frozenset(
    {"WHERE", "WITH", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "ALL", "FOR", "USING"}
)


def parse(text: str) -> Select:
    """Parse a whole query."""
    parser = _Parser(text)
    try:
        select = parser.select()
    except RecursionError:
        raise malformed(text, 0, "SOQL statement is nested too deeply") from None
    parser.expect_end()
    return select


class _Parser:
    """A recursive descent parser; one method per rule of the grammar."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokens(text)
        self._place = 0

    def select(self) -> Select:
        self._keyword("SELECT")
        items = [self._item()]
        while self._take(","):
            items.append(self._item())
        self._keyword("FROM")
        source = self._name()
        alias = None
        if self._next.kind == "name" and self._next.upper not in _CLAUSES:
            self._take("AS")
            alias = self._name().text
        return Select(tuple(items), source.text, source.at, alias, **self._clauses())

    def expect_end(self) -> None:
        if self._next.kind != "end":
            raise self._unexpected()

    def _clauses(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if self._take("WHERE"):
            found["where"] = self._condition()
        if self._take("GROUP"):
            self._keyword("BY")
            found["group_by"] = tuple(self._several_paths())
        if self._take("ORDER"):
            self._keyword("BY")
            found["order"] = tuple(self._orders())
        if self._take("LIMIT"):
            found["limit"] = self._whole_number()
        if self._take("OFFSET"):
            found["offset"] = self._whole_number()
        if self._next.upper == "ALL":
            # Apex knows it; over REST deleted rows are queryAll's [D], and this is refused in these
            # words [M].
            raise self._unexpected("ALL ROWS not allowed in this context")
        return found

    def _item(self) -> Item:
        if self._next.text == "(":
            self._take("(")
            inner = self.select()
            self._keyword(")")
            return Item(inner)
        what = self._operand()
        alias = None
        if isinstance(what, Call) and self._next.kind == "name" and self._next.upper != "FROM":
            alias = self._name().text
        return Item(what, alias)

    def _operand(self) -> Path | Call:
        name = self._name()
        if self._next.text != "(":
            return Path(tuple(name.text.split(".")), name.at)
        function = name.text.upper()
        if function not in AGGREGATES and function != "FIELDS":
            raise malformed(self._text, name.at, f"unexpected token: '{name.text}'")
        self._take("(")
        path = None if self._next.text == ")" else self._path()
        self._keyword(")")
        return Call(function, path, name.at)

    def _condition(self) -> Condition:
        first = self._term()
        for word, kind in (("AND", All), ("OR", Either)):
            if self._next.upper != word:
                continue
            parts = [first]
            while self._take(word):
                parts.append(self._term())
            if self._next.upper in {"AND", "OR"}:
                # The org wants parentheses where both appear side by side [D].
                raise self._unexpected()
            return kind(tuple(parts))
        return first

    def _term(self) -> Condition:
        if self._take("NOT"):
            return Not(self._term())
        if self._take("("):
            inner = self._condition()
            self._keyword(")")
            return inner
        return self._comparison()

    def _comparison(self) -> Condition:
        left = self._operand()
        token = self._advance()
        if token.upper == "NOT":
            self._keyword("IN")
            return Comparison(left, "NOT IN", self._values(), left.at)
        operator = _COMPARE.get(token.upper)
        if operator is None:
            raise malformed(self._text, token.at, f"unexpected token: '{token.text}'")
        return Comparison(
            left, operator, self._values() if operator == "IN" else self._value(), left.at
        )

    def _values(self) -> tuple[Value, ...] | Select:
        self._keyword("(")
        if self._next.upper == "SELECT":
            inner = self.select()
            self._keyword(")")
            return inner
        values = [self._value()]
        while self._take(","):
            values.append(self._value())
        self._keyword(")")
        return tuple(values)

    def _value(self) -> Value:
        token = self._advance()
        if token.kind == "string":
            return Value("string", unescape(self._text, token), token.at, token.text[1:-1])
        if token.kind == "number":
            return Value("number", float(token.text), token.at)
        if token.kind in {"datetime", "date"}:
            return self._time(token)
        word = token.upper
        if word in {"TRUE", "FALSE"}:
            return Value("boolean", word == "TRUE", token.at)
        if word == "NULL":
            return Value("null", None, token.at)
        if token.kind == "name" and "." not in token.text:
            days = self._whole_number() if self._take(":") else None
            return Value("range", (word, days), token.at)
        raise malformed(self._text, token.at, f"unexpected token: '{token.text}'")

    def _time(self, token: Token) -> Value:
        try:
            if token.kind == "date":
                return Value("date", times.read_date(token.text), token.at)
            return Value("datetime", times.read_datetime(token.text), token.at)
        except ValueError:
            raise malformed(
                self._text,
                token.at,
                f"line 1:{token.at} no viable alternative at character '{token.text}'",
            ) from None

    def _orders(self) -> list[Order]:
        found = [self._order()]
        while self._take(","):
            found.append(self._order())
        return found

    def _order(self) -> Order:
        by = self._operand()
        descending = self._take("DESC")
        if not descending:
            self._take("ASC")
        last = False
        if self._take("NULLS"):
            last = self._advance().upper == "LAST"
        return Order(by, descending, last)

    def _several_paths(self) -> list[Path]:
        found = [self._path()]
        while self._take(","):
            found.append(self._path())
        return found

    def _path(self) -> Path:
        name = self._name()
        return Path(tuple(name.text.split(".")), name.at)

    def _whole_number(self) -> int:
        token = self._advance()
        if token.kind != "number" or not token.text.isdigit():
            raise malformed(self._text, token.at, f"unexpected token: '{token.text}'")
        return int(token.text)

    def _name(self) -> Token:
        token = self._advance()
        if token.kind != "name":
            raise malformed(self._text, token.at, f"unexpected token: '{token.text}'")
        return token

    @property
    def _next(self) -> Token:
        return self._tokens[self._place]

    def _advance(self) -> Token:
        token = self._next
        if token.kind == "end":
            raise self._unexpected()
        self._place += 1
        return token

    def _take(self, word: str) -> bool:
        if self._next.kind != "string" and self._next.upper == word:
            self._place += 1
            return True
        return False

    def _keyword(self, word: str) -> None:
        if not self._take(word):
            raise self._unexpected(
                f"expecting '{word}', found '{self._next.text}'"
                if self._next.kind != "end"
                else None
            )

    def _unexpected(self, message: str | None = None) -> Exception:
        token = self._next
        return malformed(self._text, token.at, message or f"unexpected token: '{token.text}'")
