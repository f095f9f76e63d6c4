"""Functions of expressions that stand before their arguments: `coalesce(a, b)`, `when(c)`."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from skewless.definitions.expression import Expr, called, if_else, lit
from skewless.definitions.operators import Operator
from skewless.errors import DefinitionError
from skewless.quick import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skewless.definitions.expression import Literal

MAX_EDGES = 1000


@dataclass(frozen=True, slots=True, repr=False)
class Then:
    """Conditions and their values, to which `.when` adds one and `.otherwise` the last value."""

    pairs: tuple[tuple[Expr, Expr | Literal | None], ...]

    def when(self, condition: Expr) -> When:
        """Add a condition; it is asked where none before it is true."""
        return When(self.pairs, condition)

    def otherwise(self, value: Expr | Literal | None) -> Expr:
        """Return the expression: `value` where no condition is true.

        Raises:
            TypeError: all values are None.
        """
        found = value
        for condition, then in reversed(self.pairs):
            if then is not None or found is not None:
                found = if_else(condition, then, found)
        return found if isinstance(found, Expr) else if_else(self.pairs[0][0], None, None)

    def __repr__(self) -> str:
        """Say what is missing: this is what an error shows in place of an expression."""
        return f"when(...).then({self.pairs[-1][1]!r}) without .otherwise(...), which may be None"


@dataclass(frozen=True, slots=True)
class When:
    """A condition that waits for its value."""

    pairs: tuple[tuple[Expr, Expr | Literal | None], ...]
    condition: Expr

    def then(self, value: Expr | Literal | None) -> Then:
        """Give the value for where the condition is true; None is null."""
        return Then((*self.pairs, (self.condition, value)))


def when(condition: Expr) -> When:
    """Start a choice: `when(c).then(x).otherwise(y)`, with any number of `.when(d).then(z)`.

    A null condition counts as false. A value may be None, which is null.
    """
    return When((), condition)


def coalesce(*values: Expr | Literal) -> Expr:
    """Return the first value that is not null."""
    found = _some("coalesce", values)
    result = found[-1]
    for value in reversed(found[:-1]):
        result = value.fill_null(result)
    return result


def nullif(value: Expr | Literal, other: Expr | Literal) -> Expr:
    """Return `value`, or null where it equals `other`."""
    return called(Operator.NULL_IF, value, other)


def greatest(*values: Expr | Literal) -> Expr:
    """Return the greatest of the values; nulls are skipped."""
    return _pairwise(Operator.GREATEST, _some("greatest", values))


def least(*values: Expr | Literal) -> Expr:
    """Return the least of the values; nulls are skipped."""
    return _pairwise(Operator.LEAST, _some("least", values))


def concat(*values: Expr | Literal) -> Expr:
    """Join texts; null if one of them is null."""
    return _pairwise(Operator.CONCAT, _some("concat", values))


def atan2(y: Expr | float, x: Expr | float) -> Expr:
    """Return the angle of the point (x, y) in radians, -pi to pi; 0 for the origin."""
    return called(Operator.ATAN2, y, x)


def haversine(
    lat1: Expr | float, lon1: Expr | float, lat2: Expr | float, lon2: Expr | float
) -> Expr:
    """Return the distance of two points in km, on a sphere of 6371.0088 km.

    Args:
        lat1: latitude of the first point in degrees, -90 to 90; null beyond.
        lon1: its longitude in degrees, -360 to 360; null beyond.
        lat2: latitude of the second point.
        lon2: its longitude.
    """
    return called(Operator.HAVERSINE, lat1, lon1, lat2, lon2)


def request_time() -> Expr:
    """Return the instant that is asked for: the label's in training, now in serving."""
    return called(Operator.REQUEST_TIME)


def bucketize(value: Expr, edges: Sequence[float]) -> Expr:
    """Count the edges that are at most the value: 0 below the first one.

    Args:
        value: a number.
        edges: at least one and at most 1,000 numbers, ascending.

    Raises:
        DefinitionError: with everything that is wrong with the edges.
    """
    given = list(edges) if isinstance(edges, list | tuple) else []
    problems = [
        f"{edge!r} is no finite number"
        for edge in given
        if not isinstance(edge, int | float) or isinstance(edge, bool) or not math.isfinite(edge)
    ]
    if not 1 <= len(given) <= MAX_EDGES:
        problems.append(f"edges must be a list of 1 to {MAX_EDGES} numbers")
    if not problems:
        problems = [
            f"edges must ascend: {after!r} comes after {before!r}"
            for before, after in pairwise(given)
            if not before < after
        ]
    if problems:
        raise DefinitionError("bucketize", problems)
    return called(Operator.BUCKETIZE, value, *given)


def _some(function: str, values: tuple[Expr | Literal, ...]) -> list[Expr]:
    if not values:
        raise DefinitionError(function, ["give at least one value"])
    return [value if isinstance(value, Expr) else lit(value) for value in values]


def _pairwise(operator: Operator, values: list[Expr]) -> Expr:
    """Join values in pairs, so that a thousand of them nest ten deep."""
    if len(values) == 1:
        return values[0]
    half = (len(values) + 1) // 2
    left, right = _pairwise(operator, values[:half]), _pairwise(operator, values[half:])
    return called(operator, left, right)
