"""PartiQL's INSERT and UPDATE of one item, read: as much of it as writes of plain attributes need.

Names are of whole attributes, and a WHERE is comparisons that all hold. What else AWS takes in
such a statement (functions, paths into documents, OR, RETURNING) is refused here.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from moto.dynamodb.parsing.reserved_keywords import ReservedKeywords

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_TOKEN = re.compile(
    r"""\s*(?:"(?P<quoted>[^"]+)"
    |'(?P<text>(?:[^']|'')*)'
    |(?P<number>\d+(?:\.\d+)?)
    |(?P<word>[A-Za-z_]\w*)
    |(?P<sign><=|>=|<>|[=<>+\-,:{}?])
    |(?P<end>$))""",
    re.VERBOSE,
)
_TARGET = re.compile(
    r'\s*(?:(INSERT)\s+INTO|(UPDATE)|(DELETE)\s+FROM|(SELECT)\s.*?\sFROM)\s+"?([\w.\-:/]+)',
    re.IGNORECASE | re.DOTALL,
)
_COMPARISONS = frozenset({"=", "<>", "<", "<=", ">", ">="})
# AWS says that names of these need quotes; DynamoDB Local takes some without.
_RESERVED = frozenset(ReservedKeywords.get_reserved_keywords())
_KEPT = 512


class StatementError(Exception):
    """A statement cannot be read."""


class Parameter(NamedTuple):
    """A question mark: the parameter of that number, from 0 on."""

    number: int


class Attribute(NamedTuple):
    """What an attribute of the item holds before the statement."""

    name: str


class Literal(NamedTuple):
    """A value that stands in the statement, in DynamoDB's notation."""

    value: Mapping[str, str]


Operand = Parameter | Attribute | Literal


class Assignment(NamedTuple):
    """What becomes an attribute: an operand, or the sum or difference of two."""

    name: str
    operand: Operand
    sign: str = ""
    second: Operand | None = None


class Comparison(NamedTuple):
    """What an attribute is compared with, and how."""

    name: str
    sign: str
    operand: Operand


class Insert(NamedTuple):
    """An INSERT.

    Attributes:
        table: its name.
        values: by attribute.
        parameters: how many it takes.
    """

    table: str
    values: Mapping[str, Operand]
    parameters: int

    @property
    def given(self) -> Mapping[str, Operand]:
        """What the statement says of attributes, the item's key among them."""
        return self.values


class Update(NamedTuple):
    """An UPDATE.

    Attributes:
        table: its name.
        sets: what attributes become.
        removes: the attributes that go.
        where: the item's key, and what must hold.
        parameters: how many it takes.
    """

    table: str
    sets: tuple[Assignment, ...]
    removes: tuple[str, ...]
    where: tuple[Comparison, ...]
    parameters: int

    @property
    def given(self) -> Mapping[str, Operand]:
        """What the statement says of attributes, the item's key among them."""
        return {one.name: one.operand for one in self.where if one.sign == "="}


@functools.lru_cache(_KEPT)
def target(statement: str) -> tuple[str, str] | None:
    """Return a statement's verb, such as "Insert", and its table; None if it is no statement."""
    found = _TARGET.match(statement)
    if found is None:
        return None
    verb = next(word for word in found.groups()[:-1] if word)
    return verb.capitalize(), found[5]


@functools.lru_cache(_KEPT)
def parse(statement: str) -> Insert | Update:
    """Read an INSERT or an UPDATE.

    Raises:
        StatementError: it is neither, or uses what is not read here.
    """
    return _Reader(statement).read()


def given(statement: str, parameters: Sequence[Any]) -> Mapping[str, Any]:
    """Return what a statement says of attributes, in DynamoDB's notation.

    Raises:
        StatementError: it cannot be read, or lacks parameters.
    """
    found = parse(statement)
    if len(parameters) != found.parameters:
        raise StatementError("Number of parameters in request and statement don't match.")
    return {
        name: resolved(operand, parameters)
        for name, operand in found.given.items()
        if not isinstance(operand, Attribute)
    }


def resolved(operand: Parameter | Literal, parameters: Sequence[Any]) -> Any:
    """Return an operand's value in DynamoDB's notation."""
    return parameters[operand.number] if isinstance(operand, Parameter) else operand.value


class _Reader:
    """Reads one statement, token by token."""

    def __init__(self, statement: str) -> None:
        self._statement = statement
        self._tokens = list(self._split(statement))
        self._place = 0
        self._parameters = 0

    def read(self) -> Insert | Update:
        if self._is_next("INSERT"):
            found: Insert | Update = self._insert()
        elif self._is_next("UPDATE"):
            found = self._update()
        else:
            raise self._error()
        if self._kind() != "end":
            raise self._error()
        return found

    def _split(self, statement: str) -> Iterator[tuple[str, str]]:
        place = 0
        while True:
            found = _TOKEN.match(statement, place)
            if found is None or found.lastgroup is None:
                raise self._error()
            text = found[found.lastgroup]
            yield found.lastgroup, text.replace("''", "'") if found.lastgroup == "text" else text
            if found.lastgroup == "end":
                return
            place = found.end()

    def _insert(self) -> Insert:
        self._expect("INTO")
        table = self._name()
        self._expect("VALUE")
        self._expect("{")
        values: dict[str, Operand] = {}
        while True:
            name = self._take("text")
            if name in values:
                raise self._error()
            self._expect(":")
            values[name] = self._operand()
            if isinstance(values[name], Attribute):
                raise self._error()
            if not self._is_next(","):
                break
        self._expect("}")
        return Insert(table, values, self._parameters)

    def _update(self) -> Update:
        table = self._name()
        sets: list[Assignment] = []
        removes: list[str] = []
        while not self._is_next("WHERE"):
            if self._is_next("SET"):
                sets.append(self._assignment())
                while self._is_next(","):
                    sets.append(self._assignment())
            else:
                self._expect("REMOVE")
                removes.append(self._name())
        where = [self._comparison()]
        while self._is_next("AND"):
            where.append(self._comparison())
        changed = [assignment.name for assignment in sets] + removes
        if not changed or len(changed) > len(set(changed)):
            raise self._error()
        return Update(table, tuple(sets), tuple(removes), tuple(where), self._parameters)

    def _assignment(self) -> Assignment:
        name = self._name()
        self._expect("=")
        first = self._operand()
        for sign in "+-":
            if self._is_next(sign):
                return Assignment(name, first, sign, self._operand())
        return Assignment(name, first)

    def _comparison(self) -> Comparison:
        name, sign = self._name(), self._take("sign")
        if sign not in _COMPARISONS:
            raise self._error()
        return Comparison(name, sign, self._operand())

    def _operand(self) -> Operand:
        if self._is_next("?"):
            self._parameters += 1
            return Parameter(self._parameters - 1)
        if self._is_next("-"):
            return Literal({"N": f"-{self._take('number')}"})
        match self._kind():
            case "number":
                return Literal({"N": self._take("number")})
            case "text":
                return Literal({"S": self._take("text")})
        return Attribute(self._name())

    def _name(self) -> str:
        if self._kind() == "quoted":
            return self._take("quoted")
        if str(self._tokens[self._place][1]).upper() in _RESERVED:
            raise self._error()
        return self._take("word")

    def _kind(self) -> str:
        return str(self._tokens[self._place][0])

    def _take(self, kind: str) -> str:
        if self._kind() != kind:
            raise self._error()
        self._place += 1
        return str(self._tokens[self._place - 1][1])

    def _is_next(self, word: str) -> bool:
        kind, text = self._tokens[self._place]
        is_next = kind in ("word", "sign") and text.upper() == word
        self._place += is_next
        return is_next

    def _expect(self, word: str) -> None:
        if not self._is_next(word):
            raise self._error()

    def _error(self) -> StatementError:
        return StatementError(
            f"Statement wasn't well formed, can't be processed: {self._statement}"
        )
