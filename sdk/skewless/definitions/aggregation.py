"""Aggregation: what one feature computes over a window of events."""

from __future__ import annotations

import math
from dataclasses import field, replace
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING

from skewless.definitions import decimals, types
from skewless.definitions.duration import HOP_LADDER, Duration, default_hop, span
from skewless.definitions.expression import (
    ColumnNode,
    Expr,
    LiteralNode,
    literal_node,
    render,
)
from skewless.definitions.parameters import NO_PARAMETERS, Parameters
from skewless.errors import DefinitionError, NaiveTimestampError, shown
from skewless.quick import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import timedelta

    from skewless.definitions.expression import Literal, Node
    from skewless.definitions.types import ValueType
    from skewless.definitions.typing import Scope

DEFAULT_SCALE = 6
MAX_SCALE = 15  # 10^15 is below 2^53: the factor of a Float64's integer units is exact
SUM_PRECISION = 38  # DECIMAL(38, s), the widest exact number of Trino
MOST_WEIGHTS = 4_000  # tiles of a window that decays: a plan and its statements hold all weights
_WHOLE = types.Decimal(SUM_PRECISION, 0)


class Function(Enum):
    """The aggregate functions; the value is how a user calls them on `agg`."""

    COUNT = "count"
    SUM = "sum"
    MEAN = "mean"
    MIN = "min"
    MAX = "max"
    VAR_SAMP = "var_samp"
    VAR_POP = "var_pop"
    STDDEV_SAMP = "stddev_samp"
    STDDEV_POP = "stddev_pop"
    FIRST = "first"
    LAST = "last"
    FIRST_N = "first_n"
    LAST_N = "last_n"
    LAST_DISTINCT_N = "last_distinct_n"
    TOP_N = "top_n"
    BOTTOM_N = "bottom_n"
    ANY = "any"
    ALL = "all"
    SHARE = "share"
    SECONDS_SINCE_LAST = "seconds_since_last"
    SECONDS_SINCE_FIRST = "seconds_since_first"
    MEAN_GAP = "mean_gap"
    DECAYED_COUNT = "decayed_count"
    DECAYED_SUM = "decayed_sum"
    DECAYED_MEAN = "decayed_mean"
    COUNT_DISTINCT = "count_distinct"
    VALUE_COUNTS = "value_counts"
    MODE = "mode"
    HISTOGRAM = "histogram"
    PERCENTILE = "percentile"


VARIANCES = frozenset(
    {Function.VAR_SAMP, Function.VAR_POP, Function.STDDEV_SAMP, Function.STDDEV_POP}
)
ARITHMETIC = VARIANCES | {Function.SUM, Function.MEAN}
BUCKETED = frozenset({Function.HISTOGRAM, Function.PERCENTILE})
LISTS = frozenset(
    {
        Function.FIRST_N,
        Function.LAST_N,
        Function.LAST_DISTINCT_N,
        Function.TOP_N,
        Function.BOTTOM_N,
    }
)
TRUTHS = frozenset({Function.ANY, Function.ALL, Function.SHARE})
DECAYED = frozenset({Function.DECAYED_COUNT, Function.DECAYED_SUM, Function.DECAYED_MEAN})
COUNTS = frozenset({Function.COUNT, Function.DECAYED_COUNT})  # of rows, where they have no input
# Over integer units; of a Bool true is 1 and false is 0.
SUMMED = ARITHMETIC | TRUTHS | (DECAYED - COUNTS)
# What a function takes beside its input, as `Parameters` calls it; others take nothing.
PARAMETERS: Mapping[Function, str] = MappingProxyType(
    {
        **dict.fromkeys(LISTS, "n"),
        Function.COUNT_DISTINCT: "limit",
        Function.VALUE_COUNTS: "limit",
        Function.MODE: "limit",
        Function.HISTOGRAM: "edges",
        Function.PERCENTILE: "q",
    }
)
# These look at the times of all events that pass `where`, so they have no input.
TIMES = frozenset({Function.SECONDS_SINCE_LAST, Function.SECONDS_SINCE_FIRST, Function.MEAN_GAP})


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregation:
    """One aggregate over a window. Made by the functions of `agg`, which say what each means.

    Attributes:
        input: the column or expression; None counts rows.
        window: how far back it looks; None is all history.
        hop: the step by which the left edge moves; None exactly when the window is None.
        where: only events for which this is true.
        scale: a Float64 x counts as the integer round(x * 10^scale). For other types it has no
            effect, and a view resets it to the default: see `canonical`.
        default: replaces null.
        parameters: what only some functions have.
        offset: by how much the window ends before T, a multiple of the hop; None if it ends at T.
        half_life: of an aggregate that decays, after how long a value counts half; else None.
        by: the column or expression for each value of which there is a result; else None.
    """

    function: Function
    input: Node | None
    window: Duration | None
    hop: Duration | None
    where: Node | None = None
    scale: int = field(default=DEFAULT_SCALE)
    default: LiteralNode | None = None
    parameters: Parameters = NO_PARAMETERS
    offset: Duration | None = None
    half_life: Duration | None = None
    by: Node | None = None

    def result_type(self, scope: Scope) -> ValueType | None:
        """Return the feature's type, noting in the scope what is wrong with the aggregation."""
        result = self._result_of_one(scope)
        key = None if self.by is None else scope.type_of(self.by)
        if self.by is None or result is None or key is None:
            return result if self.by is None else None
        if not isinstance(key, types.Scalar | types.Decimal):
            scope.problems.append(
                f"by={_shown(self.by)} is {key}; the keys of a map are scalars or Decimals"
            )
            return None
        return types.Map(key, result)

    def _result_of_one(self, scope: Scope) -> ValueType | None:
        """Return the type of the result for one key, or of the only one."""
        if self.where is not None:
            where = scope.type_of(self.where)
            if where is not None and where != types.Bool:
                scope.problems.append(f"where={render(self.where)} is {where}, not Bool")
        input_type = None if self.input is None else scope.type_of(self.input)
        if self.function is Function.COUNT:
            result: ValueType | None = types.Int64
        elif self.function in TIMES or self.function is Function.DECAYED_COUNT:
            result = types.Float64
        elif input_type is None:
            return None
        else:
            result = self._typed_result(input_type, scope)
        if result is not None and self.default is not None:
            scope.problems.extend(default_problems(self.default, result))
        return result

    def canonical(self, scope: Scope, result: ValueType) -> Aggregation:
        """Return the aggregate without settings that have no effect, so that `==` compares meaning.

        A scale of anything but Float64 becomes the default one; a Decimal default becomes an
        integer where it is whole, else it takes the feature's type.

        Args:
            scope: the columns of the source, with which the aggregate was found to be right.
            result: its type.
        """
        takes_units = (
            self.function in SUMMED | {Function.PERCENTILE}
            and self.input is not None
            and scope.type_of(self.input) == types.Float64
        )
        default = self.default
        if self.by is not None and isinstance(result, types.Map):
            result = result.value
        if default is not None and isinstance(result, types.Decimal):
            default = _decimal_default(default, result)
        return replace(self, scale=self.scale if takes_units else DEFAULT_SCALE, default=default)

    def _typed_result(self, input_type: ValueType, scope: Scope) -> ValueType | None:
        if self.function in SUMMED:
            return self._summed_result(input_type, scope)
        if self.function in BUCKETED:
            if not types.is_numeric(input_type):
                self._refuse(scope, "a numeric", input_type, types.is_numeric)
                return None
            is_list = self.function is Function.HISTOGRAM
            return types.Array(types.Int64) if is_list else types.Float64
        if not types.is_ordered(input_type):
            name = self.function.value
            scope.problems.append(f"{name} needs values with an order; {input_type} has none")
            return None
        return self._of_values(input_type, scope)

    def _of_values(self, input_type: ValueType, scope: Scope) -> ValueType | None:
        """Return the type of a picked value, or of what is collected of values."""
        if not isinstance(input_type, types.Scalar | types.Decimal):
            return None
        if self.function in LISTS:
            return types.Array(input_type)
        if self.function is Function.VALUE_COUNTS:
            return types.Map(input_type, types.Int64)
        if self.function is not Function.COUNT_DISTINCT:
            return input_type
        if input_type in (types.Float64, types.Bytes):
            way = "round or cast first" if input_type == types.Float64 else "decode it first"
            scope.problems.append(
                f"count_distinct compares texts; {_shown(self.input)} is {input_type}: {way}"
            )
            return None
        return types.Int64

    def _summed_result(self, input_type: ValueType, scope: Scope) -> ValueType | None:
        if self.function in TRUTHS and input_type != types.Bool:
            self._refuse(scope, "a Bool", input_type, lambda kind: kind == types.Bool)
            return None
        if not types.is_numeric(input_type) and (
            input_type != types.Bool or self.function in VARIANCES
        ):
            self._refuse(scope, "a numeric", input_type, types.is_numeric)
            return None
        if self.function in (Function.ANY, Function.ALL):
            return types.Bool
        if self.function is not Function.SUM:
            return types.Float64
        if isinstance(input_type, types.Decimal):
            return types.Decimal(SUM_PRECISION, input_type.scale)
        return types.Int64 if input_type == types.Bool else input_type

    def _refuse(
        self,
        scope: Scope,
        needed: str,
        input_type: ValueType,
        is_fit: Callable[[ValueType], bool],
    ) -> None:
        fit = ", ".join(key for key, kind in scope.columns.items() if is_fit(kind)) or "none"
        word = needed.removeprefix("a ").capitalize()
        scope.problems.append(
            f"{self.function.value} needs {needed} input; {_shown(self.input)} is {input_type}. "
            f"{word} columns: {fit}."
        )

    @property
    def span(self) -> str:
        """What the window really spans, such as "30d to 31d"; "all history" without one."""
        if self.window is None or self.hop is None:
            return "all history"
        return span(self.window, self.hop, self.offset)

    def __str__(self) -> str:
        parts = [] if self.input is None else [_shown(self.input)]
        parts.extend(self.parameters.texts())
        if self.half_life is not None:
            parts.append(f"half_life={_quoted(self.half_life)}")
        parts.append(f"window={_quoted(self.window)}")
        if self.window is not None and self.hop != default_hop(self.window):
            parts.append(f"hop={_quoted(self.hop)}")
        if self.offset is not None:
            parts.append(f"offset={_quoted(self.offset)}")
        if self.by is not None:
            parts.append(f"by={_shown(self.by)}")
        parts.extend(self.parameters.named_texts())
        if self.where is not None:
            parts.append(f"where={render(self.where)}")
        if self.scale != DEFAULT_SCALE:
            parts.append(f"scale={self.scale}")
        if self.default is not None:
            parts.append(f"default={render(self.default)}")
        return f"agg.{self.function.value}({', '.join(parts)})"

    __repr__ = __str__


def aggregation(  # noqa: PLR0913 - what a user may say about an aggregate
    function: Function,
    input_: str | Expr | None,
    *,
    window: str | timedelta | Duration | None,
    hop: str | timedelta | Duration | None,
    where: Expr | None,
    scale: int | None,
    default: Literal | None,
    offset: str | timedelta | Duration | None = None,
    half_life: str | timedelta | Duration | None = None,
    parameters: Parameters = NO_PARAMETERS,
    by: str | Expr | None = None,
    limit: int | None = None,
) -> Aggregation:
    """Normalise and check the arguments of an aggregate.

    Raises:
        DefinitionError: with everything that is wrong with them.
    """
    problems: list[str] = []
    window_ = _duration("window", window, problems)
    hop_ = _duration("hop", hop, problems)
    problems.extend(_window_problems(window_, hop_, window_given=window is not None))
    if hop_ is None and window_ is not None:
        hop_ = default_hop(window_)
    offset_ = _duration("offset", offset, problems)
    if offset_ is not None:
        problems.extend(_offset_problems(offset_, hop_, window_given=window is not None))
    half_life_ = _duration("half_life", half_life, problems)
    if function in DECAYED:
        if half_life is None or (half_life_ is not None and not half_life_.microseconds):
            problems.append(f"half_life is {shown(half_life)}; it must be a positive duration")
        problems.extend(_decay_problems(window_, hop_, offset_, window_given=window is not None))
    if where is not None and not isinstance(where, Expr):
        problems.append(f"where is {shown(where)}; write an expression such as col('amount') > 10")
    problems.extend(_input_problems(function, input_))
    if scale is not None and (not types.is_whole(scale) or not 0 <= scale <= MAX_SCALE):
        problems.append(f"scale is {shown(scale)}; it must be a whole number from 0 to {MAX_SCALE}")
    default_ = _default(default, problems)
    if not isinstance(by, str | Expr | None):
        problems.append(f"by is {shown(by)}; name a column, or write an expression")
    parameters = parameters.bounded(limit, has_keys=by is not None)
    problems.extend(parameters.found)
    if problems:
        raise DefinitionError(f"agg.{function.value}", problems)
    return Aggregation(
        function=function,
        input=_input_node(input_),
        window=window_,
        hop=hop_,
        where=where.node if isinstance(where, Expr) else None,
        scale=DEFAULT_SCALE if scale is None else scale,
        default=default_,
        parameters=parameters,
        offset=offset_,
        half_life=half_life_,
        by=_input_node(by),
    )


def _input_problems(function: Function, input_: object) -> Iterator[str]:
    if input_ is None and function not in COUNTS | TIMES:
        yield "the input is None; name a column, or write an expression"
    if not isinstance(input_, str | Expr | None):
        yield f"{shown(input_)} is neither a column name nor an expression"


def default_problems(default: LiteralNode, result: ValueType) -> Iterator[str]:
    """Check that a default can stand in for a value of the feature's type."""
    is_exact = default.type == types.Int64 or isinstance(default.type, types.Decimal)
    if is_exact and isinstance(result, types.Decimal):
        yield from _decimal_problems(default, result)
    elif default.type != result and not (default.type == types.Int64 and types.is_numeric(result)):
        yield f"default={render(default)} is {default.type}, but the feature is {result}"


def _decimal_problems(default: LiteralNode, result: types.Decimal) -> Iterator[str]:
    scale = default.type.scale if isinstance(default.type, types.Decimal) else 0
    if decimals.rescaled(int(default.value), scale, result) is None:
        yield f"default={render(default)} does not fit in {result}, the type of the feature"


def _decimal_default(default: LiteralNode, result: types.Decimal) -> LiteralNode:
    scale = default.type.scale if isinstance(default.type, types.Decimal) else 0
    whole = decimals.rescaled(int(default.value), scale, _WHOLE)
    if whole is not None:
        return LiteralNode(whole, types.Int64)
    unscaled = decimals.rescaled(int(default.value), scale, result)
    return default if unscaled is None else LiteralNode(unscaled, result)


def _input_node(input_: str | Expr | None) -> Node | None:
    if isinstance(input_, Expr):
        return input_.node
    return None if input_ is None else ColumnNode(input_)


def _duration(label: str, value: object, problems: list[str]) -> Duration | None:
    if value is None:
        return None
    try:
        return Duration.parse(value)  # type: ignore[arg-type]  # parse refuses what is none
    except ValueError as error:
        problems.append(f"{label}: {error}")
        return None


def _window_problems(
    window: Duration | None, hop: Duration | None, *, window_given: bool
) -> Iterator[str]:
    if hop is not None and hop not in HOP_LADDER:
        yield f"hop {hop} is not on the ladder {', '.join(map(str, HOP_LADDER))}"
    if hop is not None and not window_given:
        yield f"hop {hop} needs a window: all history has no left edge that could move"
    if window is None:
        return
    if window.microseconds == 0:
        yield "a window of length zero holds no event"
    elif window < (hop or HOP_LADDER[0]):
        yield (
            f"the window {window} is shorter than its hop {hop or HOP_LADDER[0]}; "
            "lengthen the window or shorten the hop (the least is 1m)"
        )


def _offset_problems(
    offset: Duration, hop: Duration | None, *, window_given: bool
) -> Iterator[str]:
    if offset.microseconds == 0:
        yield "an offset of zero moves no window; leave it out"
    elif not window_given:
        yield f"offset {offset} needs a window: all history cannot be moved back"
    elif hop is not None and offset.microseconds % hop.microseconds:
        fit = [step for step in HOP_LADDER if offset.microseconds % step.microseconds == 0]
        way = f"set hop={str(fit[-1])!r}" if fit else "the least hop is 1m"
        yield f"offset {offset} is not a multiple of the hop {hop}; {way}"


def _decay_problems(
    window: Duration | None, hop: Duration | None, offset: Duration | None, *, window_given: bool
) -> Iterator[str]:
    if not window_given:
        yield "a window is missing: decay goes by the tiles of a window"
    if window is None or hop is None or not hop.microseconds:
        return
    reach = window.microseconds + (0 if offset is None else offset.microseconds)
    if reach > MOST_WEIGHTS * hop.microseconds:
        yield (
            f"the window reaches back more than {MOST_WEIGHTS:,} hops of {hop}, and each has a "
            "weight of its own; lengthen the hop"
        )


def _default(default: Literal | None, problems: list[str]) -> LiteralNode | None:
    if default is None or (isinstance(default, float) and math.isnan(default)):
        return None
    if isinstance(default, Expr):
        problems.append(f"default is the expression {default!r}; a default is a constant")
        return None
    try:
        return literal_node(default)
    except (TypeError, ValueError, NaiveTimestampError) as error:
        problems.append(f"default: {error}")
        return None


def _shown(node: Node | None) -> str:
    if isinstance(node, ColumnNode):
        return repr(node.name)
    return "" if node is None else render(node)


def _quoted(duration: Duration | None) -> str:
    return "None" if duration is None else repr(str(duration))
