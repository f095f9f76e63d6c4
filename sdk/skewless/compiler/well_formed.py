"""Whether what a document says could have been written by a user.

Locks, registries and exports may come from anybody. A definition's own checks see types of
columns and names. These see the rest: constants that are not of their type, operators with
arguments too few or too many, windows and limits that no aggregate has.
"""

from __future__ import annotations

import base64
import math
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from skewless.compiler.instants import DAY
from skewless.definitions import decimals, types
from skewless.definitions.aggregation import DECAYED, PARAMETERS, TIMES, aggregation
from skewless.definitions.dates import to_date
from skewless.definitions.expression import (
    CallNode,
    ColumnNode,
    Expr,
    LiteralNode,
    to_datetime,
)
from skewless.definitions.functions import bucketize
from skewless.definitions.names import is_text
from skewless.definitions.operators import INSTANTS, Operator
from skewless.definitions.parameters import NO_PARAMETERS, Parameters
from skewless.errors import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from skewless.definitions.aggregation import Aggregation, Function
    from skewless.definitions.duration import Duration
    from skewless.definitions.expression import Node
    from skewless.definitions.types import ValueType

_INT64 = 2**63
_ARITIES: Mapping[Operator, int] = MappingProxyType(
    {
        **dict.fromkeys(Operator, 2),
        **dict.fromkeys(
            (
                *(Operator.NOT, Operator.NEGATE, Operator.ABSOLUTE, Operator.SQUARE_ROOT),
                *(Operator.FLOOR, Operator.CEILING, Operator.SIGN, Operator.IS_NULL),
                *(Operator.LOGARITHM, Operator.EXPONENTIAL, Operator.EXP, Operator.EXPM1),
                *(Operator.LN, Operator.LOG2, Operator.LOG10, Operator.LOG1P, Operator.SIN),
                *(Operator.COS, Operator.TAN, Operator.ASIN, Operator.ACOS, Operator.ATAN),
                *(Operator.TANH, Operator.SIGMOID, Operator.LOWER, Operator.UPPER),
                *(Operator.STRIP, Operator.LENGTH, Operator.LIST_LENGTH, Operator.LIST_MIN),
                *(Operator.LIST_MAX, Operator.MAP_LENGTH),
            ),
            1,
        ),
        **dict.fromkeys((Operator.IF_ELSE, Operator.CLIP, Operator.SLICE, Operator.REPLACE), 3),
        Operator.SPLIT_PART: 3,
        Operator.HAVERSINE: 4,
        Operator.REQUEST_TIME: 0,
    }
)
# Those that take constants after the first argument, as users call them.
_METHODS: Mapping[Operator, Callable[..., Expr]] = MappingProxyType(
    {
        Operator.ROUND: lambda of, n: of.round(n),
        Operator.HASH_MOD: lambda of, n: of.hash_mod(n),
        Operator.CAST: lambda of, text: of.cast(types.parsed(text)),
        Operator.BUCKETIZE: lambda of, *edges: bucketize(of, edges),
        Operator.SLICE: lambda of, start, length: of.str.slice(start, length),
        Operator.REPLACE: lambda of, old, new: of.str.replace(old, new),
        Operator.SPLIT_PART: lambda of, separator, n: of.str.split_part(separator, n),
        Operator.STARTS_WITH: lambda of, text: of.str.starts_with(text),
        Operator.ENDS_WITH: lambda of, text: of.str.ends_with(text),
        Operator.CONTAINS: lambda of, text: of.str.contains(text),
        Operator.LIST_GET: lambda of, i: of.list.get(i),
        Operator.LIST_SUM: lambda of, scale: of.list.sum(scale),
        Operator.LIST_MEAN: lambda of, scale: of.list.mean(scale),
        Operator.MAP_SUM: lambda of, scale: of.map.sum(scale),
    }
)


def literal(value: Any, kind: ValueType) -> LiteralNode:
    """Return a constant of a document: a whole number may stand for a Float64.

    Raises:
        ValueError: the value is none of its type.
    """
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    match kind:
        case types.Bool:
            is_fit = isinstance(value, bool)
        case types.Int64:
            is_fit = is_whole and -_INT64 <= value < _INT64
        case types.Float64:
            is_fit = (is_whole or isinstance(value, float)) and math.isfinite(value)
            value = float(value) if is_fit else value
        case types.String:
            is_fit = is_text(value)
        case types.Bytes:
            return LiteralNode(base64.b64decode(value, validate=True), kind)
        case types.Timestamp:
            is_fit = is_whole and to_datetime(value) is not None
        case types.Date:
            is_fit = is_whole and to_date(value) is not None
        case types.Decimal(precision=precision):
            is_fit = is_whole and abs(value) < 10**precision
        case _:
            is_fit = False
    if not is_fit:
        raise ValueError(f"{shown(value)} is no constant of type {kind}")
    return LiteralNode(value, kind)


def call(operator: Operator, arguments: tuple[Node, ...]) -> CallNode:
    """Return an operator over arguments.

    Raises:
        ValueError: it takes others.
    """
    node = CallNode(operator, arguments)
    method = _METHODS.get(operator)
    if operator is Operator.BUCKETIZE:
        is_fit = len(arguments) > 1
    else:
        is_fit = len(arguments) == _ARITIES[operator]
    if is_fit and (method is not None or operator in INSTANTS):
        rest = [each.value for each in arguments[1:] if isinstance(each, LiteralNode)]
        is_fit = len(rest) == len(arguments) - 1
        if is_fit and method is not None:
            is_fit = method(Expr(arguments[0]), *rest).node == node
        elif is_fit and rest:
            is_fit = _is_of_time(operator, rest[0])
    if not is_fit:
        raise ValueError(f"{operator.shown!r} takes other arguments")
    return node


def check_aggregation(item: Aggregation) -> None:
    """Refuse an aggregate that none of the functions of `agg` makes.

    Raises:
        ValueError: it is one.
    """
    parameters = item.parameters
    for number in (item.scale, parameters.n, parameters.limit):
        if number is not None and type(number) is not int:
            raise ValueError(f"{shown(number)} is no whole number")
    if parameters.q is not None and type(parameters.q) is not str:
        raise ValueError(f"q is {shown(parameters.q)}, no text of a number")
    if parameters.edges is not None:
        edges = [
            decimals.logical(int(edge.value), edge.type.scale)
            if isinstance(edge.type, types.Decimal)
            else edge.value
            for edge in parameters.edges
        ]
        again = Parameters.of_edges(edges)
        if again.found or again.edges != parameters.edges:
            raise ValueError("its edges are not those of a histogram")
    # The same few settings are those of most features.
    _check_settings(
        item.function,
        (item.window, item.hop, item.offset, item.half_life),
        (item.scale, parameters.n, parameters.limit, parameters.q),
        has_edges=parameters.edges is not None,
        has_input=item.input is not None,
        has_keys=item.by is not None,
    )


@lru_cache(maxsize=1024)
def _check_settings(
    function: Function,
    times: tuple[Duration | None, ...],
    numbers: tuple[Any, ...],
    *,
    has_edges: bool,
    has_input: bool,
    has_keys: bool,
) -> None:
    window, hop, offset, half_life = times
    scale, n, limit, q = numbers
    given, of_keys, own = NO_PARAMETERS, limit, PARAMETERS.get(function)
    if own == "n":
        given = Parameters.of_list(n)
    elif own == "limit":
        given, of_keys = Parameters.of_limit(limit), None
    elif own == "q":
        given = Parameters.of_share(Decimal(q))
    if (
        has_edges != (own == "edges")
        or (half_life is not None) != (function in DECAYED)
        or (has_input and function in TIMES)
    ):
        raise ValueError(f"{function.value} has other parameters")
    some = Expr(ColumnNode("x"))
    made = aggregation(
        function,
        some if has_input else None,
        window=window,
        hop=hop,
        where=None,
        scale=scale,
        default=None,
        offset=offset,
        half_life=half_life,
        parameters=given,
        by=some if has_keys else None,
        limit=of_keys,
    )
    found = made.parameters
    if (made.window, made.hop, made.offset, made.half_life) != times or (
        (made.scale, found.n, found.limit, found.q) != numbers
    ):
        raise ValueError(f"{function.value} has other settings than an aggregate can have")


def _is_of_time(operator: Operator, value: object) -> bool:
    """Say whether a constant is a step, or the offset of a clock in microseconds."""
    if not isinstance(value, int) or isinstance(value, bool):
        return False
    return value > 0 if operator is Operator.TRUNCATE else abs(value) < DAY
