"""CloudWatch's alarms, evaluated on series that a test makes up: as AWS documents it.

An alarm asks for more of the latest data points than it has evaluation periods. If enough of them
hold data, the latest of those decide, and missing ones do not count. Only if there are too few is
what lacks filled, as `TreatMissingData` says. How many more are asked for AWS does not tell, nor
when exactly it looks: tests go through several.
"""

from __future__ import annotations

import ast
import functools
import operator
import re
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

Dimensions: TypeAlias = "frozenset[tuple[str, str]]"
Name: TypeAlias = "tuple[str, str, Dimensions]"
MINUTE, HOUR, DAY = 60, 3_600, 86_400

_QUERY = re.compile(r"SELECT (\w+)\((\w+)\) FROM (\w+) WHERE (\w+) = '([^']+)'")
_COMPARED: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
_STATISTICS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "Sum": sum,
    "SUM": sum,
    "Maximum": max,
    "MAX": max,
    "Minimum": min,
    "SampleCount": len,
}


@dataclass(slots=True)
class Series:
    """What was measured: instants in seconds, each metric's in order."""

    values: dict[Name, list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))

    def put(
        self, namespace: str, name: str, at: float, value: float = 1, **dimensions: str
    ) -> None:
        """Add a value to a metric."""
        self.values[namespace, name, frozenset(dimensions.items())].append((at, value))

    def within(self, name: Name, since: float, until: float) -> list[float]:
        """Return what a metric has from one instant on, and before another."""
        found = self.values.get(name)
        if not found or until <= found[0][0] or since > found[-1][0]:
            return []
        values, place = [], bisect_left(found, (since,))
        while place < len(found) and found[place][0] < until:
            values.append(found[place][1])
            place += 1
        return values

    def in_order(self) -> Series:
        """Sort what was put."""
        for found in self.values.values():
            found.sort()
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What AWS does not tell, or tells in two ways.

    Attributes:
        more: how many data points are asked for beyond the evaluation periods.
        delay: for how many seconds a value cannot be seen yet.
        phase: at which second of a minute the alarm looks.
        is_aligned: whether periods begin at whole multiples of their length, not at each look.
        ignores_dynamodb: whether missing data of DynamoDB's metrics is ignored whatever the alarm
            says, as the API's reference has it, against the user's guide.
    """

    more: int = 2
    delay: int = 0
    phase: int = 0
    is_aligned: bool = False
    ignores_dynamodb: bool = False


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm of a template."""

    properties: Mapping[str, Any]

    def states(
        self, series: Series, since: int, until: int, conditions: Conditions
    ) -> Iterator[tuple[int, str]]:
        """Yield each change of state, with its instant; at first there is insufficient data."""
        state = "INSUFFICIENT_DATA"
        periods = int(self.properties["EvaluationPeriods"])
        to_alarm = int(self.properties.get("DatapointsToAlarm", periods))
        treatment, period, measure = (
            self._treatment(conditions),
            self._period,
            self._measure(series),
        )

        @functools.cache
        def breaches(first: float, end: float) -> bool | None:
            value = measure(first, end)
            return None if value is None else self._breaches(value)

        step = MINUTE if period < HOUR else 10 * MINUTE
        for now in range(since + conditions.phase, until, step):
            last = now // period * period if conditions.is_aligned else now
            ends = range(last - (periods + conditions.more - 1) * period, last + 1, period)
            visible = now - conditions.delay
            points = tuple([breaches(end - period, min(end, visible)) for end in ends])
            after = decide(points, periods, to_alarm, treatment, state)
            if after != state:
                yield now, after
                state = after

    @property
    def _period(self) -> int:
        if "Period" in self.properties:
            return int(self.properties["Period"])
        stated = [each["MetricStat"] for each in self._queries if "MetricStat" in each]
        periods = {each["Period"] for each in (*stated, *self._queries) if "Period" in each}
        # CloudWatch refuses metrics of several periods in one alarm.
        (period,) = periods
        return int(period)

    @property
    def _queries(self) -> Sequence[Mapping[str, Any]]:
        queries: Sequence[Mapping[str, Any]] = self.properties.get("Metrics", ())
        return queries

    def _treatment(self, conditions: Conditions) -> str:
        of_dynamodb = any(
            each["MetricStat"]["Metric"]["Namespace"] == "AWS/DynamoDB"
            for each in self._queries
            if "MetricStat" in each
        )
        if of_dynamodb and conditions.ignores_dynamodb:
            return "ignore"
        return str(self.properties.get("TreatMissingData", "missing"))

    def _breaches(self, value: float) -> bool:
        compared = _COMPARED[self.properties["ComparisonOperator"]]
        return compared(value, self.properties["Threshold"])

    def _measure(self, series: Series) -> Callable[[float, float], float | None]:
        """Return what computes a data point of some span."""
        if "MetricName" in self.properties:
            return _stated(series, self.properties, self.properties["Statistic"])
        found = {
            each["Id"]: _stated(series, each["MetricStat"]["Metric"], each["MetricStat"]["Stat"])
            for each in self._queries
            if "MetricStat" in each
        }
        (expression,) = [each["Expression"] for each in self._queries if "Expression" in each]
        if matched := _QUERY.fullmatch(expression):
            return _selected(series, *matched.groups())
        meant = ast.parse(expression, mode="eval").body
        return lambda since, until: _computed(
            meant, {name: measure(since, until) for name, measure in found.items()}
        )


@functools.cache
def decide(
    breaching: tuple[bool | None, ...], periods: int, to_alarm: int, treatment: str, state: str
) -> str:
    """Return an alarm's state after a look at its data points, the latest one last.

    None is a missing one.
    """
    there = [point for point in breaching if point is not None][-periods:]
    if len(there) < periods and treatment in {"breaching", "notBreaching"}:
        there += [treatment == "breaching"] * (periods - len(there))
    if sum(there) >= to_alarm:
        return "ALARM"
    if len(there) == periods or not all(there):
        return "OK"
    # Data lacks, and none of what is there is well.
    if treatment == "ignore":
        return state
    return "ALARM" if there else "INSUFFICIENT_DATA"


def _stated(
    series: Series, metric: Mapping[str, Any], statistic: str
) -> Callable[[float, float], float | None]:
    dimensions = frozenset((each["Name"], each["Value"]) for each in metric["Dimensions"])
    name = (metric["Namespace"], metric["MetricName"], dimensions)
    return lambda since, until: _statistic(statistic, series.within(name, since, until))


def _selected(
    series: Series, function: str, metric: str, namespace: str, dimension: str, value: str
) -> Callable[[float, float], float | None]:
    names = [
        name
        for name in series.values
        if name[:2] == (namespace, metric) and (dimension, value) in name[2]
    ]
    return lambda since, until: _statistic(
        function, [each for name in names for each in series.within(name, since, until)]
    )


def _statistic(name: str, values: Sequence[float]) -> float | None:
    return _STATISTICS[name](values) if values else None


def _computed(node: ast.expr, found: Mapping[str, float | None]) -> float | None:
    """Compute an expression of metric math for one data point."""
    match node:
        case ast.Constant(value=int() | float() as number):
            return number
        case ast.Name(id=name):
            return found[name]
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            factors = [_computed(left, found), _computed(right, found)]
            return None if None in factors else factors[0] * factors[1]  # type: ignore[operator]
        case ast.Call(func=ast.Name(id="SUM"), args=[summed]):
            return _summed(summed, found)
    raise NotImplementedError(ast.unparse(node))


def _summed(node: ast.expr, found: Mapping[str, float | None]) -> float | None:
    match node:
        case ast.Call(func=ast.Name(id="METRICS"), args=[]):
            parts = list(found.values())
        case ast.List(elts=elements):
            parts = [_computed(element, found) for element in elements]
        case _:
            raise NotImplementedError(ast.unparse(node))
    there = [part for part in parts if part is not None]
    return sum(there) if there else None
