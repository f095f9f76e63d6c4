"""What a view's windows ask of its events, for an engine that answers it by itself. Pure.

`totals` and `picks` write it in SQL that every engine has. A request says the same in a form that
a program can carry out: the events and points to fetch, and what to answer for each window.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from skewless.compiler.partials import SQUARES_BASE
from skewless.definitions import types
from skewless.offline.query import sql
from skewless.offline.query.totals import Totals, uncountable, windowed
from skewless.offline.query.window import POINT, AllHistory, Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlglot import exp

    from skewless.compiler.plan import ViewPlan
    from skewless.definitions.types import ValueType
    from skewless.offline.query.dialect import Dialect
    from skewless.offline.query.picks import Picks
    from skewless.offline.query.sql import Sql

HAPPENED = "happened"
DIGIT = 2**32


class WindowKind(Enum):
    """The ways to answer."""

    SUM = auto()
    SQUARES_HIGH = auto()
    SQUARES_LOW = auto()
    LEAST = auto()
    GREATEST = auto()

    @property
    def is_squared(self) -> bool:
        """Whether the squares of the values are summed."""
        return self in (WindowKind.SQUARES_HIGH, WindowKind.SQUARES_LOW)

    @property
    def is_extreme(self) -> bool:
        """Whether it is one of the values."""
        return self in (WindowKind.LEAST, WindowKind.GREATEST)


# By what the columns of `totals` and `picks` are called, a measure's number left out.
_READ: Mapping[str, tuple[WindowKind, str]] = {
    "n": (WindowKind.SUM, "n"),
    "o": (WindowKind.SUM, "o"),
    "S": (WindowKind.SUM, "u"),
    "Qhigh": (WindowKind.SQUARES_HIGH, "u"),
    "Qlow": (WindowKind.SQUARES_LOW, "u"),
    "least": (WindowKind.LEAST, "v"),
    "greatest": (WindowKind.GREATEST, "v"),
    "earliest": (WindowKind.LEAST, HAPPENED),
    "latest": (WindowKind.GREATEST, HAPPENED),
}


@dataclass(frozen=True, slots=True)
class WindowAnswer:
    """A column of a step.

    Attributes:
        name: how the step calls it.
        value: the column of the events: `n<i>` (0 or 1), `o<i>` (1 where a value has no units),
            `u<i>`, `v<i>` or `happened`.
        measure: which events have the value: those where `n<i>` is 1.
        window: the index of the left edge.
    """

    name: str
    kind: WindowKind
    value: str
    measure: int
    window: int

    @classmethod
    def of(cls, column: str, window: int, name: str | None = None) -> WindowAnswer:
        """Make it from a column's name, such as `S0`; the step may add the window to the name."""
        word = column.rstrip("0123456789")
        kind, value = _READ[word]
        measure = int(column[len(word) :])
        value = value if value == HAPPENED else f"{value}{measure}"
        return cls(name or column, kind, value, measure, window)


@dataclass(frozen=True, slots=True)
class Windowed:
    """A request.

    Attributes:
        plan, dialect: the view, and the engine's constructs.
        alias: the prefix of the view's steps.
        edges: the windows, by whose number answers name them.
        steps: the steps that it replaces, and their columns beside those of the point.
    """

    plan: ViewPlan
    dialect: Dialect
    alias: str
    edges: tuple[Window | AllHistory, ...]
    steps: Mapping[str, Sequence[WindowAnswer]]

    @classmethod
    def of(cls, totals: Totals, picks: Picks, partials: str) -> Windowed:
        """Ask for what a view's totals and picks compute; `partials` is the totals' last step."""
        edges: list[Window | AllHistory] = list(totals.asked)
        if totals.extremes and AllHistory() not in edges:
            edges.append(AllHistory())
        sums = [
            WindowAnswer.of(total.name, edges.index(window), windowed(total.name, window))
            for window in totals.asked
            for total in totals.sums_of(window)
        ]
        ever = [WindowAnswer.of(total.name, edges.index(AllHistory())) for total in totals.extremes]
        steps: dict[str, Sequence[WindowAnswer]] = {partials: [*sums, *ever]}
        for step, (window, columns) in picks.scans().items():
            steps[step] = [WindowAnswer.of(column, edges.index(window)) for column in columns]
        return cls(totals.plan, totals.dialect, totals.alias, tuple(edges), steps)

    @property
    def answers(self) -> list[WindowAnswer]:
        """All that is asked."""
        return [answer for answers in self.steps.values() for answer in answers]

    def points(self) -> exp.Select:
        """Select the points, each window's left edge as `edge<i>`, and its right one as `end<i>`.

        A window that ends at T has no right edge.
        """
        edges = (
            sql.aliased(edge.edge(sql.column("as_of")), f"edge{index}")
            for index, edge in enumerate(self.edges)
        )
        ends = (
            sql.aliased(self.edges[index].end(sql.column("as_of")), f"end{index}")
            for index in self.ending
        )
        point = (sql.column(name) for name in POINT)
        return sql.select(*point, *edges, *ends).from_(sql.table(f"{self.alias}_points"))

    @property
    def ending(self) -> list[int]:
        """The windows that end before T."""
        return [index for index, edge in enumerate(self.edges) if edge.offset]

    @property
    def _values(self) -> list[str]:
        """The columns that the answers need of the events."""
        flags = {f"n{answer.measure}" for answer in self.answers}
        return sorted({answer.value for answer in self.answers} | flags)

    def events(self) -> exp.Select:
        """Select the values of the events, without nulls but in `v<i>` of other than numbers."""
        columns = [
            sql.column("entity"),
            sql.column(HAPPENED),
            sql.column("known"),
            *(sql.aliased(self._value(name), name) for name in self._values if name != HAPPENED),
        ]
        return sql.select(*columns).from_(sql.table(f"{self.alias}_events"))

    def _value(self, name: str) -> Sql:
        kind, index = name[0], int(name[1:])
        match kind:
            case "n":
                return sql.cast(sql.column(name), "TINYINT")
            case "o":
                one = sql.when(uncountable(index), sql.integer(1), sql.integer(0))
                return sql.cast(one, "TINYINT")
            case "u":
                return sql.coalesce(sql.column(name), sql.integer(0))
            case _ if _is_number(self.plan.measures[index].type):
                return sql.coalesce(sql.column(name), sql.integer(0))
            case _:
                return sql.column(name)

    def rows(
        self, step: str, table: str, digits: Mapping[tuple[WindowKind, str], int]
    ) -> exp.Select:
        """Select a step's rows from a table of answers.

        Args:
            step: one of `steps`.
            table: has the point's columns, and for each answer columns as `columns_of` says.
            digits: for each sum, in how many digits it is; none if it is 0 everywhere.
        """
        columns = [
            sql.aliased(self._answer(answer, digits.get(sum_of(answer), 1)), answer.name)
            for answer in self.steps[step]
        ]
        point = (sql.column(name) for name in POINT)
        return sql.select(*point, *columns).from_(sql.table(table))

    def _answer(self, answer: WindowAnswer, digits: int) -> Sql:
        columns = [sql.column(name) for name in columns_of(answer, digits)]
        if not columns:
            return self.dialect.exact(sql.integer(0))
        if answer.kind.is_extreme or answer.value[0] in "no":
            return columns[0]
        weights = [DIGIT**place for place in range(digits)]
        if answer.kind is WindowKind.SQUARES_HIGH:
            weights = [weight // SQUARES_BASE for weight in weights]
        if answer.kind is WindowKind.SQUARES_LOW:
            weights = [weight % SQUARES_BASE for weight in weights]
        return self._weighted(columns, weights)

    def _weighted(self, columns: Iterable[Sql], weights: Iterable[int]) -> Sql:
        exact = self.dialect.exact
        terms = [
            exact(column)
            if weight == 1
            else sql.multiply(exact(column), exact(sql.text(str(weight))))
            for column, weight in zip(columns, weights, strict=True)
            if weight
        ]
        total = terms[0] if terms else exact(sql.integer(0))
        for term in terms[1:]:
            total = sql.add(total, term)
        return total


def _is_number(type_: ValueType | None) -> bool:
    """Say whether a physical value has 64 bits that compare as a number."""
    return isinstance(type_, types.Decimal) or type_ in (
        types.Int64,
        types.Float64,
        types.Timestamp,
        types.Date,
    )


def sum_of(answer: WindowAnswer) -> tuple[WindowKind, str]:
    """Name the sum that an answer reads: both digits of squares read one."""
    return (WindowKind.SQUARES_LOW if answer.kind.is_squared else answer.kind), answer.value


def columns_of(answer: WindowAnswer, digits: int) -> list[str]:
    """Name the columns that hold an answer, the lowest digit first."""
    kind, value = sum_of(answer)
    # Of one value, the instant of an event, each measure counts other events.
    name = f"{kind.name}_{value}_{answer.measure}_{answer.window}"
    return [f"{name}_{place}" for place in range(digits)]
