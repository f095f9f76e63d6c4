"""The oracle: what a feature's value is, in plain Python, straight from semantics 1 to 4.

Nothing here is quick or clever: no tiles, no running totals, one look at every event for every
value. It knows definitions only, never the compiler, history or serving: what those agree on with
this module they cannot have taken from one another. Elementary functions are the one exception.
"""

from __future__ import annotations

import decimal
import math
import operator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple, assert_never

from skewless.compiler import elementary
from skewless.compiler.bound import Primitive
from skewless.definitions import types
from skewless.definitions.aggregation import ARITHMETIC, TIMES, TRUTHS, VARIANCES, Function
from skewless.definitions.expression import (
    CallNode,
    ColumnNode,
    FeatureNode,
    LiteralNode,
    RequestNode,
)
from skewless.definitions.names import TOMBSTONE
from skewless.definitions.on_demand import OnDemandView
from skewless.definitions.operators import COLLECTIONS, Operator
from skewless.definitions.refresh import Every, Stream
from skewless.definitions.view import FeatureView, Role
from tests import expressions
from tests.collected import COLLECTED, LimitError, collected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from skewless.definitions.aggregation import Aggregation
    from skewless.definitions.expression import Node
    from skewless.definitions.source import Source
    from skewless.types import ValueType

DAY = 86_400_000_000
DUPLICATE_SPAN = 900_000_000  # 15 minutes
INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
EXACT_MAX = 10**38 - 1  # DECIMAL(38, 0), the widest exact number of Trino
FLOAT_INTEGERS = 2**53


@dataclass(frozen=True, slots=True)
class Event:
    """A row of a source; both times are microseconds since the epoch.

    `values` holds a Python value for each column: Timestamps as int microseconds, Dates as int
    days since 1970-01-01, Decimals as
    decimal.Decimal, arrays as tuples, maps as dicts, null as None or by leaving the column out.
    """

    values: Mapping[str, Any]
    event_time: int
    ingest_time: int
    sequence: int = 0  # the order of ingestion among equal ingest_time


def normalise(type_: ValueType, value: Any) -> Any:
    """Return the value as ingestion keeps it: NaN is null, -0.0 is 0.0, decimals at scale."""
    if value is None:
        return None
    match type_:
        case types.Float64:
            number = float(value)
            return None if math.isnan(number) else number + 0.0
        case types.Decimal(_, scale):
            return scaled_decimal(unscaled(value, scale), scale)
        case types.Array(element):
            return tuple(normalise(element, item) for item in value)
        case types.Vector():
            return tuple(normalise(types.Float64, item) for item in value)
        case types.Map(key, kind):
            pairs = ((normalise(key, name), normalise(kind, item)) for name, item in value.items())
            return dict(sorted(pairs))
        case _:
            return value


def unscaled(value: decimal.Decimal | int, scale: int) -> int:
    """Return value * 10^scale, which must be a whole number."""
    shifted = Fraction(value) * 10**scale
    if shifted.denominator != 1:
        raise ValueError(f"{value} has more than {scale} digits after the point")
    return int(shifted)


def scaled_decimal(units: int, scale: int) -> decimal.Decimal:
    """Return units / 10^scale, with exactly `scale` digits after the point."""
    digits = tuple(int(digit) for digit in str(abs(units)))
    return decimal.Decimal((int(units < 0), digits, -scale))


def arrived(source: Source, event: Event) -> Event:
    """Return the event as the front door keeps it: in normal form, never from the future."""
    event_time = min(event.event_time, event.ingest_time)
    values = {
        name: normalise(type_, event.values.get(name)) for name, type_ in source.columns.items()
    }
    values[source.event_time] = event_time
    return Event(values, event_time, event.ingest_time, event.sequence)


def backfilled(
    source: Source, values: Mapping[str, Any], event_time: int, arrival: int | None = None
) -> Event:
    """Return a row of history: known when it says, else the source's delay after it happened."""
    known = event_time + source.delay.microseconds if arrival is None else arrival
    return Event(values, event_time, known)


def events_of(source: Source, events: Iterable[Event], key: Mapping[str, Any]) -> Iterator[Event]:
    """Yield one entity's events in order of ingestion, without the duplicates."""
    if any(value is None for value in key.values()):
        return  # a null in the key names no entity
    mine = [
        event
        for event in (arrived(source, event) for event in events)
        if all(event.values[name] == value for name, value in key.items())
    ]
    mine.sort(key=lambda event: (event.ingest_time, event.sequence))
    ingested_at: dict[Any, int] = {}  # by event id, its latest ingestion, duplicate or not
    for event in mine:
        id_ = None if source.event_id is None else event.values[source.event_id]
        before = None if id_ is None else ingested_at.get(id_)
        if id_ is not None:
            ingested_at[id_] = event.ingest_time
        if before is None or not _repeats(before, event.ingest_time):
            yield event


def _repeats(before: int, now: int) -> bool:
    return now - before <= DUPLICATE_SPAN and before // DAY == now // DAY


def floor_to(instant: int, step: int) -> int:
    """Return the last multiple of the step, counted from the epoch, that is not later."""
    return instant // step * step


def as_of(view: FeatureView, t_us: int) -> int:
    """Return the T such that the view's value at the instant t is V(T)."""
    match view.refresh:
        case Stream():
            return t_us
        case Every(every=every, delay=delay):
            return floor_to(t_us - delay.microseconds, every.microseconds)
        case other:
            assert_never(other)


def view_value(
    view: FeatureView,
    events: Iterable[Event],
    key: Mapping[str, Any],
    cut: int,
    *,
    event_time_mode: bool = False,
    watermark: int | None = None,
    nulls_overflow: bool = False,
) -> tuple[dict[str, Any], str]:
    """Return V(cut), feature by feature, and its status, "ok" or "missing".

    A replay's `watermark` leaves out what became known at it or later. With `nulls_overflow` a
    feature that overflows is None; else it is an OverflowError.
    """
    visible = [
        event
        for event in events_of(view.source, events, key)
        if event.event_time < cut
        and (event_time_mode or event.ingest_time < cut)
        and (watermark is None or event.ingest_time < watermark)
        and _keeps(view.where, view.source, event)
    ]
    if not view.is_aggregated:
        return _latest(view, visible, cut)
    features = {}
    for name, aggregation in view.aggregations.items():
        try:
            features[name] = _feature(view, name, aggregation, visible, cut)
        except LimitError:
            features[name] = None  # by its definition
        except OverflowError:
            if not nulls_overflow:
                raise
            features[name] = None
    return features, "ok" if visible else "missing"


def _keeps(where: Node | None, source: Source, event: Event) -> bool:
    return where is None or _cell(where, Inputs(event.values, source.columns)).value is True


def _latest(view: FeatureView, visible: list[Event], cut: int) -> tuple[dict[str, Any], str]:
    oldest = -math.inf if view.ttl is None else cut - view.ttl.microseconds
    fresh = [event for event in visible if event.event_time >= oldest]

    def order(event: Event) -> tuple[Any, ...]:
        row = [nulls_first(event.values[name]) for name in view.columns]
        # The mark itself comes last: a tombstone beside its equal row wins, in whatever order.
        return (*_instant(view.source, event), *row, nulls_first(event.values.get(TOMBSTONE)))

    winner = max(fresh, key=order, default=None)
    if winner is None or (view.source.has_tombstones and winner.values[TOMBSTONE] is True):
        return dict.fromkeys(view.columns), "missing"
    return {name: winner.values[name] for name in view.columns}, "ok"


def _instant(source: Source, event: Event) -> tuple[Any, ...]:
    tiebreak = None if source.tiebreak is None else event.values[source.tiebreak]
    return event.event_time, nulls_first(tiebreak)


def nulls_first(value: Any) -> tuple[bool, Any]:
    """Return a sort key under which null is less than every value; a map is its entries."""
    return value is not None, sorted(value.items()) if isinstance(value, dict) else value


def _feature(
    view: FeatureView, name: str, aggregation: Aggregation, visible: list[Event], cut: int
) -> Any:
    inside = [
        event
        for event in visible
        if _is_inside(aggregation, event.event_time, cut)
        and _keeps(aggregation.where, view.source, event)
    ]
    type_ = view.feature_types[name]
    if aggregation.by is None:
        return _of_events(aggregation, type_, view.source, inside, cut)
    assert isinstance(type_, types.Map)
    keys: dict[Any, list[Event]] = {}
    for event in inside:
        key = _result(aggregation.by, Inputs(event.values, view.source.columns)).value
        counts = aggregation.input is None or aggregation.function in TIMES
        if key is not None and (counts or _has_input(aggregation, view.source, event)):
            keys.setdefault(key, []).append(event)
    if len(keys) > (aggregation.parameters.limit or 0):
        raise LimitError
    found = {
        key: _of_events(aggregation, type_.value, view.source, keys[key], cut)
        for key in sorted(keys)
    }
    return {key: value for key, value in found.items() if value is not None}


def _has_input(aggregation: Aggregation, source: Source, event: Event) -> bool:
    assert aggregation.input is not None
    return _result(aggregation.input, Inputs(event.values, source.columns)).value is not None


def _of_events(
    aggregation: Aggregation, type_: ValueType, source: Source, inside: list[Event], cut: int
) -> Any:
    value = _aggregate(aggregation, source, inside, cut)
    if value is None and aggregation.default is not None:
        return normalise(type_, aggregation.default.value)
    return value


def _is_inside(aggregation: Aggregation, event_time: int, cut: int) -> bool:
    if aggregation.window is None or aggregation.hop is None:
        return True
    window, hop = aggregation.window.microseconds, aggregation.hop.microseconds
    if aggregation.offset is None:
        return floor_to(cut - window, hop) <= event_time
    offset = aggregation.offset.microseconds
    left, right = floor_to(cut - offset - window, hop), floor_to(cut - offset, hop)
    return left <= event_time < right


def _aggregate(aggregation: Aggregation, source: Source, inside: list[Event], cut: int) -> Any:
    if aggregation.function in TIMES:
        return _of_times(aggregation.function, sorted(event.event_time for event in inside), cut)
    if aggregation.input is None and aggregation.half_life is not None:
        return _decayed(aggregation, [(event, Cell(None, None)) for event in inside], cut)
    if aggregation.input is None:
        return len(inside)
    every = [
        (event, _result(aggregation.input, Inputs(event.values, source.columns)))
        for event in inside
    ]
    cells = [(event, cell) for event, cell in every if cell.value is not None]
    values = [cell.value for _, cell in cells]
    ordered = sorted((*_instant(source, event), cell.value) for event, cell in cells)
    if aggregation.function in COLLECTED:
        type_ = cells[0][1].type if cells else None
        in_time = [row[-1] for row in ordered]
        return collected(aggregation, type_, values, in_time, units)
    if aggregation.half_life is not None:
        return _decayed(aggregation, cells, cut)
    if aggregation.function is Function.COUNT or not values:
        return len(values) if aggregation.function is Function.COUNT else None
    picked = {
        Function.MIN: min(values),
        Function.MAX: max(values),
        Function.FIRST: ordered[0][-1],
        Function.LAST: ordered[-1][-1],
        Function.ANY: True in values,
        Function.ALL: False not in values,
    }
    if aggregation.function in picked:
        return picked[aggregation.function]
    return finalise(aggregation.function, cells[0][1].type, values, aggregation.scale)


def _decayed(aggregation: Aggregation, cells: list[tuple[Event, Cell]], cut: int) -> float | None:
    assert aggregation.hop is not None
    assert aggregation.half_life is not None
    hop = aggregation.hop.microseconds
    weights, total = 0, 0
    for event, cell in cells:
        k = (floor_to(cut, hop) - floor_to(event.event_time, hop)) // hop
        w = _weight(k * hop, aggregation.half_life.microseconds)
        weights += w
        if aggregation.function is not Function.DECAYED_COUNT:
            total += w * units(cell.type, cell.value, _exponent(cell.type, aggregation.scale))
    if aggregation.function is Function.DECAYED_COUNT:
        return d(weights) / 2.0**32
    if not cells:
        return None
    power = float(10 ** _exponent(cells[0][1].type, aggregation.scale))
    if aggregation.function is Function.DECAYED_SUM:
        return d(_exact(total)) / 2.0**32 / power
    return d(_exact(total)) / d(weights) / power if weights else None


def _weight(age: int, half_life: int) -> int:
    with decimal.localcontext(decimal.Context(prec=60)):
        exact = decimal.Decimal(2) ** (32 - decimal.Decimal(age) / half_life)
        return int(exact.quantize(decimal.Decimal(1), decimal.ROUND_HALF_EVEN))


def _exponent(type_: ValueType | None, scale: int) -> int:
    match type_:
        case types.Int64 | types.Bool:
            return 0
        case types.Decimal(_, digits):
            return digits
        case _:
            return scale


def _of_times(function: Function, times: list[int], cut: int) -> float | None:
    if not times:
        return None
    match function:
        case Function.SECONDS_SINCE_LAST:
            return d(cut - times[-1]) / 1e6
        case Function.SECONDS_SINCE_FIRST:
            return d(cut - times[0]) / 1e6
        case _:
            assert function is Function.MEAN_GAP
            return None if len(times) < 2 else d(times[-1] - times[0]) / d(len(times) - 1) / 1e6


def finalise(function: Function, type_: ValueType | None, values: list[Any], scale: int) -> Any:
    """Return the sum, mean, variance or deviation of non-null values of one numeric type."""
    assert function in ARITHMETIC | TRUTHS
    exponent = _exponent(type_, scale)
    all_units = [units(type_, value, exponent) for value in values]
    n, total = len(all_units), _exact(sum(all_units))
    if function in VARIANCES:
        return _variance(function, n, total, _exact(sum(u * u for u in all_units)), exponent)
    if function in (Function.MEAN, Function.SHARE):
        return (d(total) / d(n)) / float(10**exponent)
    match type_:
        case types.Int64 | types.Bool:
            return _int64(total)
        case types.Decimal():
            return scaled_decimal(total, exponent)
        case _:
            return d(total) / float(10**exponent)


def units(type_: ValueType | None, value: Any, exponent: int) -> int:
    """Return the integer that stands for the value in sums; 64 bits or OverflowError."""
    match type_:
        case types.Int64 | types.Bool:
            return _int64(int(value))
        case types.Decimal():
            return _int64(unscaled(value, exponent))
        case _:
            product = value * float(10**exponent)
            if math.isinf(product):
                raise OverflowError(f"{value} * 10^{exponent} is beyond every integer")
            magnitude = math.floor(Fraction(abs(product)) + Fraction(1, 2))
            return _int64(magnitude if product >= 0 else -magnitude)


def d(x: int) -> float:
    """Return the double of an exact integer, by the recipe that every engine can follow."""
    if abs(x) <= FLOAT_INTEGERS:
        return float(x)
    low = abs(x) % FLOAT_INTEGERS * (1 if x > 0 else -1)
    high = (x - low) // FLOAT_INTEGERS
    return d(high) * float(FLOAT_INTEGERS) + d(low)


def _variance(function: Function, n: int, total: int, squares: int, exponent: int) -> float | None:
    is_sample = function in (Function.VAR_SAMP, Function.STDDEV_SAMP)
    if is_sample and n == 1:
        return None
    r = abs(total) % n * (1 if total > 0 else -1)
    m = (total - r) // n
    around_m = squares - m * total - m * r
    m2 = d(around_m) - d(r * r) / d(n)
    variance = m2 / d(n - 1 if is_sample else n) / float(10 ** (2 * exponent))
    if function in (Function.STDDEV_SAMP, Function.STDDEV_POP):
        return math.sqrt(variance)
    return variance


def _int64(x: int) -> int:
    if not INT64_MIN <= x <= INT64_MAX:
        raise OverflowError(f"{x} does not fit in 64 bits")
    return x


def _exact(x: int) -> int:
    if abs(x) > EXACT_MAX:
        raise OverflowError(f"{x} does not fit in 38 digits")
    return x


@dataclass(frozen=True, slots=True)
class Inputs:
    """What an expression may read, and the types of what has no type of its own."""

    columns: Mapping[str, Any] = field(default_factory=dict)
    column_types: Mapping[str, ValueType] = field(default_factory=dict)
    request: Mapping[str, Any] = field(default_factory=dict)
    request_types: Mapping[str, ValueType] = field(default_factory=dict)
    features: Mapping[tuple[str, str], Any] = field(default_factory=dict)
    instant: int | None = None


class Cell(NamedTuple):
    """A value and its type; the type is None for a null of which nothing is known."""

    type: ValueType | None
    value: Any


def evaluate(
    node: Node,
    columns: Mapping[str, Any],
    request: Mapping[str, Any],
    features: Mapping[tuple[str, str], Any],
    *,
    column_types: Mapping[str, ValueType] | None = None,
    request_types: Mapping[str, ValueType] | None = None,
    instant: int | None = None,
) -> Any:
    """Return the expression's value.

    Without types a value's own Python type stands for them, which is right but for two cases: a
    null beside a number (is the result Int64 or Float64?), and decimals that differ in precision.
    """
    inputs = Inputs(columns, column_types or {}, request, request_types or {}, features, instant)
    return _result(node, inputs).value


def on_demand_values(
    view: OnDemandView,
    features: Mapping[tuple[str, str], Any],
    request: Mapping[str, Any],
    instant: int | None = None,
) -> dict[str, Any]:
    """Return the view's features, given those of feature views and roles, by (name, feature).

    `instant` is what `request_time()` is.
    """
    known = {name: normalise(type_, request.get(name)) for name, type_ in view.request.items()}
    return {
        name: evaluate(
            node, {}, {**request, **known}, features, request_types=view.request, instant=instant
        )
        for name, node in view.expressions.items()
    }


def called(view: OnDemandView, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a view's function makes of users' values: physical, or "failed" for all.

    The function is plain Python in a plain module, but for the elementary functions.
    """
    assert view.function is not None
    module: dict[str, Any] = {}
    exec(view.function.source, module)  # noqa: S102 - a test's own
    if "math" in module:
        module["math"] = SimpleNamespace(**{**vars(math), **_ELEMENTARY})
    try:
        found = module[view.function.name](**values)
        assert found.keys() == view.feature_types.keys()
        return {name: _checked(found[name], type_) for name, type_ in view.feature_types.items()}
    except Exception:  # noqa: BLE001 - whatever it raises
        return dict.fromkeys(view.feature_types, "failed")


def _or_raise(primitive: Primitive) -> Callable[[float], float]:
    def call(value: float) -> float:
        found = elementary.FUNCTIONS[primitive](float(value))
        assert found is not None
        return found

    return call


_ELEMENTARY = {
    "exp": _or_raise(Primitive.EXP),
    "log": _or_raise(Primitive.LN),
    "log2": _or_raise(Primitive.LOG2),
    "log10": _or_raise(Primitive.LOG10),
    "log1p": _or_raise(Primitive.LOG1P),
    "atan": _or_raise(Primitive.ATAN),
    "tanh": _or_raise(Primitive.TANH),
}


def _checked(value: Any, type_: ValueType) -> Any:
    """Return a value of a type in physical form."""
    if value is None or value != value:  # noqa: PLR0124 - NaN
        return None
    match type_:
        case types.Bool:
            assert type(value) is bool
        case types.Int64:
            assert type(value) in (int, float)
            assert value == int(value)
            assert -(2**63) <= value < 2**63
            assert type(value) is int or abs(value) <= 2**53
            return int(value)
        case types.Float64:
            assert type(value) in (int, float)
            assert type(value) is float or abs(value) <= 2**53
            return None if abs(value) == math.inf else value + 0.0
        case types.String:
            assert type(value) is str
        case types.Timestamp:
            assert value.tzinfo is not None
            return (value - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
        case _:
            raise NotImplementedError(type_)
    return value


def _result(node: Node, inputs: Inputs) -> Cell:
    cell = _cell(node, inputs)
    if cell.type == types.Float64:  # a whole expression is in normal form, its parts need not be
        return Cell(cell.type, normalise(types.Float64, cell.value))
    return cell


def _cell(node: Node, inputs: Inputs) -> Cell:
    match node:
        case ColumnNode(name):
            value = inputs.columns[name]
            return Cell(inputs.column_types.get(name, _type_of(value)), value)
        case RequestNode(name):
            value = inputs.request[name]
            return Cell(inputs.request_types.get(name, _type_of(value)), value)
        case FeatureNode(view, feature):
            if isinstance(view, FeatureView | Role):
                return Cell(view.feature_types[feature], inputs.features[view.name, feature])
            assert isinstance(view, OnDemandView)
            below = on_demand_values(view, inputs.features, inputs.request, inputs.instant)
            return Cell(view.feature_types[feature], below[feature])
        case LiteralNode(value, type_):
            return Cell(type_, value)
        case CallNode(Operator.REQUEST_TIME):
            return Cell(types.Timestamp, inputs.instant)
        case CallNode(call, arguments):
            return _call(call, [_cell(argument, inputs) for argument in arguments])
        case _:
            assert_never(node)


def _type_of(value: Any) -> ValueType | None:
    if isinstance(value, decimal.Decimal):
        return types.Decimal(18, -int(value.as_tuple().exponent))
    return PYTHON_TYPES.get(type(value))


def _call(call: Operator, cells: list[Cell]) -> Cell:
    values = [cell.value for cell in cells]
    match call:
        case Operator.IS_NULL:
            return Cell(types.Bool, values[0] is None)
        case Operator.NOT:
            return Cell(types.Bool, None if values[0] is None else not values[0])
        case Operator.AND:  # false beside anything is false, else null beside anything is null
            return Cell(types.Bool, _decided(values, by=False))
        case Operator.OR:
            return Cell(types.Bool, _decided(values, by=True))
        case Operator.IF_ELSE:
            return _either(cells[1], cells[2], takes_first=values[0] is True)
        case Operator.FILL_NULL:
            return _either(cells[0], cells[1], takes_first=values[0] is not None)
        case _:
            return _computed(call, cells)


def _computed(call: Operator, cells: list[Cell]) -> Cell:
    if call in (Operator.ADD, Operator.SUBTRACT) and cells[0].type == types.Timestamp:
        return _shift(call, cells)
    if call in COMPARISONS:
        return Cell(types.Bool, _compare(COMPARISONS[call], cells[0], cells[1]))
    if call in ARITHMETIC_OPERATORS:
        return Cell(types.Float64, _compute(ARITHMETIC_OPERATORS[call], cells))
    return _function(call, cells)


def _decided(values: list[bool | None], *, by: bool) -> bool | None:
    if by in values:
        return by
    return None if None in values else not by


def _either(first: Cell, second: Cell, *, takes_first: bool) -> Cell:
    chosen = first if takes_first else second
    kinds = {cell.type for cell in (first, second)} - {None}
    if len(kinds) > 1:
        return Cell(types.Float64, _double(chosen))
    return Cell(kinds.pop() if kinds else None, chosen.value)


def _compare(test: Callable[[Any, Any], bool], left: Cell, right: Cell) -> bool | None:
    if left.value is None or right.value is None:
        return None
    if left.type == right.type:
        return test(left.value, right.value)
    return test(_double(left), _double(right))


def _compute(compute: Callable[..., float | None], cells: list[Cell]) -> float | None:
    numbers = [_double(cell) for cell in cells]
    if None in numbers:
        return None
    try:
        result = compute(*numbers)
    except (ArithmeticError, ValueError):  # Python raises where IEEE says NaN or infinity
        return None
    return result if result is not None and math.isfinite(result) else None


def _double(cell: Cell) -> float | None:
    match cell:
        case Cell(_, None):
            return None
        case Cell(types.Decimal(_, scale), value):
            return d(unscaled(value, scale)) / float(10**scale)
        case Cell(types.Int64, value):
            return d(value)
        case _:
            return float(cell.value)


def _extreme(choose: Callable[..., Any], cells: list[Cell]) -> Cell:
    kinds = {cell.type for cell in cells} - {None}
    if len(kinds) > 1:
        known = [number for number in map(_double, cells) if number is not None]
        return Cell(types.Float64, choose((n + 0.0 for n in known), default=None))
    kind = kinds.pop() if kinds else None
    values = [cell.value for cell in cells if cell.value is not None]
    found = choose(values, default=None)
    return Cell(kind, found + 0.0 if kind == types.Float64 and found is not None else found)


def _shift(call: Operator, cells: list[Cell]) -> Cell:
    left, right = (cell.value for cell in cells)
    kind = types.Float64 if cells[1].type == types.Timestamp else types.Timestamp
    if left is None or right is None:
        return Cell(kind, None)
    if kind == types.Float64:
        return Cell(kind, d(left - right) / 1e6)
    by = expressions.microseconds(right)
    return Cell(kind, expressions.instant(left + by if call is Operator.ADD else left - by))


def _function(call: Operator, cells: list[Cell]) -> Cell:
    if call in (Operator.GREATEST, Operator.LEAST):
        return _extreme(max if call is Operator.GREATEST else min, cells)
    if call is Operator.NULL_IF:
        is_equal = _compare(operator.eq, cells[0], cells[1])
        return Cell(cells[0].type, None if is_equal else cells[0].value)
    if call in (Operator.CLIP, Operator.BUCKETIZE) and len({cell.type for cell in cells}) > 1:
        cells = [Cell(types.Float64, _double(cell)) for cell in cells]
    if call in COLLECTIONS:
        first, *others = cells
        assert first.type is not None
        other = others[0] if others else Cell(None, None)
        return Cell(*expressions.collection(call, first.type, first.value, other.type, other.value))
    kind, first = cells[0]
    rest = [cell.value for cell in cells[1:]]
    value, type_ = expressions.function(call, kind, first, rest)
    return Cell(type_, value)


PYTHON_TYPES: dict[type, ValueType] = {
    bool: types.Bool,
    int: types.Int64,
    float: types.Float64,
    str: types.String,
    bytes: types.Bytes,
}
COMPARISONS: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.EQUAL: operator.eq,
    Operator.NOT_EQUAL: operator.ne,
    Operator.LESS: operator.lt,
    Operator.LESS_EQUAL: operator.le,
    Operator.GREATER: operator.gt,
    Operator.GREATER_EQUAL: operator.ge,
}
ARITHMETIC_OPERATORS: dict[Operator, Callable[..., float | None]] = {
    Operator.ADD: operator.add,
    Operator.SUBTRACT: operator.sub,
    Operator.MULTIPLY: operator.mul,
    Operator.DIVIDE: operator.truediv,
    Operator.NEGATE: operator.neg,
    Operator.ABSOLUTE: abs,
    Operator.SQUARE_ROOT: math.sqrt,
    Operator.FLOOR: lambda x: float(math.floor(x)),
    Operator.CEILING: lambda x: float(math.ceil(x)),
    Operator.LOGARITHM: math.log,
    Operator.EXPONENTIAL: math.exp,
    Operator.POWER: math.pow,
    # Which of the doubles around the true value they give is theirs alone to say. That it is one of
    # them, `tests/compiler/test_elementary.py` checks in 60 digits.
    **{Operator[name.name]: function for name, function in elementary.FUNCTIONS.items()},
}
