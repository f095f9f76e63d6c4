"""The aggregates, as users call them: `agg.mean("amount", window="7d")`.

Each takes a column name or an expression, and
`window` ("90s", "5m", "24h", "7d", "2w", a timedelta, or None for all history),
`hop` (the step by which the window's left edge moves; by default the largest of 1m, 5m, 1h, 6h,
1d, 7d that is at most a twelfth of the window),
`offset` (how long before now the window ends, a multiple of the hop: with window="7d" and
offset="7d" it is the week before the last),
`where` (an expression; only events for which it is true),
`by` (a column or an expression: the feature is a map, with one result for each of its values that
has events in the window) and `limit` (null beyond so many keys, 50 by default; where an aggregate
has a limit of its own, it holds for both),
`default` (replaces null), and for arithmetic on Float64
`scale` (a value x counts as the integer round(x * 10^scale); 6 by default).
All raise DefinitionError with everything that is wrong.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NoReturn, TypeAlias

from skewless.definitions.aggregation import Function, aggregation
from skewless.definitions.duration import Duration
from skewless.definitions.foreign import AGGREGATES, no_attribute
from skewless.definitions.parameters import Parameters

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from skewless.definitions.aggregation import Aggregation
    from skewless.definitions.expression import Expr, Literal

Span: TypeAlias = str | timedelta | Duration | None


def count(  # noqa: PLR0913 - what a user may say about an aggregate
    input_: str | Expr | None = None,
    *,
    window: Span,
    hop: Span = None,
    offset: Span = None,
    by: str | Expr | None = None,
    limit: int | None = None,
    where: Expr | None = None,
    default: Literal | None = None,
) -> Aggregation:
    """Count rows, or the values of `input_` that are not null."""
    return aggregation(
        Function.COUNT,
        input_,
        window=window,
        hop=hop,
        offset=offset,
        by=by,
        limit=limit,
        where=where,
        scale=None,
        default=default,
    )


def sum(  # noqa: A001, PLR0913 - what a user may say about an aggregate
    input_: str | Expr,
    *,
    window: Span,
    hop: Span = None,
    offset: Span = None,
    by: str | Expr | None = None,
    limit: int | None = None,
    where: Expr | None = None,
    scale: int | None = None,
    default: Literal | None = None,
) -> Aggregation:
    """Sum values exactly; null without any."""
    return aggregation(
        Function.SUM,
        input_,
        window=window,
        hop=hop,
        offset=offset,
        by=by,
        limit=limit,
        where=where,
        scale=scale,
        default=default,
    )


def mean(  # noqa: PLR0913 - what a user may say about an aggregate
    input_: str | Expr,
    *,
    window: Span,
    hop: Span = None,
    offset: Span = None,
    by: str | Expr | None = None,
    limit: int | None = None,
    where: Expr | None = None,
    scale: int | None = None,
    default: Literal | None = None,
) -> Aggregation:
    """Compute the arithmetic mean; null without values."""
    return aggregation(
        Function.MEAN,
        input_,
        window=window,
        hop=hop,
        offset=offset,
        by=by,
        limit=limit,
        where=where,
        scale=scale,
        default=default,
    )


def min(  # noqa: A001, PLR0913 - what a user may say about an aggregate
    input_: str | Expr,
    *,
    window: Span,
    hop: Span = None,
    offset: Span = None,
    by: str | Expr | None = None,
    limit: int | None = None,
    where: Expr | None = None,
    default: Literal | None = None,
) -> Aggregation:
    """Find the least value; strings are ordered by code point."""
    return aggregation(
        Function.MIN,
        input_,
        window=window,
        hop=hop,
        offset=offset,
        by=by,
        limit=limit,
        where=where,
        scale=None,
        default=default,
    )


def max(  # noqa: A001, PLR0913 - what a user may say about an aggregate
    input_: str | Expr,
    *,
    window: Span,
    hop: Span = None,
    offset: Span = None,
    by: str | Expr | None = None,
    limit: int | None = None,
    where: Expr | None = None,
    default: Literal | None = None,
) -> Aggregation:
    """Find the greatest value; strings are ordered by code point."""
    return aggregation(
        Function.MAX,
        input_,
        window=window,
        hop=hop,
        offset=offset,
        by=by,
        limit=limit,
        where=where,
        scale=None,
        default=default,
    )


def var_samp(  # noqa: PLR0913 - what a user may say about an aggregate
    input_: str | Expr,
    *,
    window: Span,
    hop: Span = None,
    offset: Span = None,
    by: str | Expr | None = None,
    limit: int | None = None,
    where: Expr | None = None,
    scale: int | None = None,
    default: Literal | None = None,
) -> Aggregation:
    """Compute the sample variance; null for fewer than two values."""
    return aggregation(
        Function.VAR_SAMP,
        input_,
        window=window,
        hop=hop,
        offset=offset,
        by=by,
        limit=limit,
        where=where,
        scale=scale,
        default=default,
    )


def var_pop(  # noqa: PLR0913 - what a user may say about an aggregate
    input_: str | Expr,
    *,
    window: Span,
    hop: Span = None,
    offset: Span = None,
    by: str | Expr | None = None,
    limit: int | None = None,
    where: Expr | None = None,
    scale: int | None = None,
    default: Literal | None = None,
) -> Aggregation:
    """Compute the population variance; null without values."""
    return aggregation(
        Function.VAR_POP,
        input_,
        window=window,
        hop=hop,
        offset=offset,
        by=by,
        limit=limit,
        where=where,
        scale=scale,
        default=default,
    )


def stddev_samp(  # noqa: PLR0913 - what a user may say about an aggregate
    input_: str | Expr,
    *,
    window: Span,
    hop: Span = None,
    offset: Span = None,
    by: str | Expr | None = None,
    limit: int | None = None,
    where: Expr | None = None,
    scale: int | None = None,
    default: Literal | None = None,
) -> Aggregation:
    """Compute the sample standard deviation; null for fewer than two values."""
    return aggregation(
        Function.STDDEV_SAMP,
        input_,
        window=window,
        hop=hop,
        offset=offset,
        by=by,
        limit=limit,
        where=where,
        scale=scale,
        default=default,
    )


def stddev_pop(  # noqa: PLR0913 - what a user may say about an aggregate
    input_: str | Expr,
    *,
    window: Span,
    hop: Span = None,
    offset: Span = None,
    by: str | Expr | None = None,
    limit: int | None = None,
    where: Expr | None = None,
    scale: int | None = None,
    default: Literal | None = None,
) -> Aggregation:
    """Compute the population standard deviation; null without values."""
    return aggregation(
        Function.STDDEV_POP,
        input_,
        window=window,
        hop=hop,
        offset=offset,
        by=by,
        limit=limit,
        where=where,
        scale=scale,
        default=default,
    )


def first(  # noqa: PLR0913 - what a user may say about an aggregate
    input_: str | Expr,
    *,
    window: Span,
    hop: Span = None,
    offset: Span = None,
    by: str | Expr | None = None,
    limit: int | None = None,
    where: Expr | None = None,
    default: Literal | None = None,
) -> Aggregation:
    """Take the earliest value by (event_time, tiebreak, value); nulls are skipped."""
    return aggregation(
        Function.FIRST,
        input_,
        window=window,
        hop=hop,
        offset=offset,
        by=by,
        limit=limit,
        where=where,
        scale=None,
        default=default,
    )


def last(  # noqa: PLR0913 - what a user may say about an aggregate
    input_: str | Expr,
    *,
    window: Span,
    hop: Span = None,
    offset: Span = None,
    by: str | Expr | None = None,
    limit: int | None = None,
    where: Expr | None = None,
    default: Literal | None = None,
) -> Aggregation:
    """Take the latest value by (event_time, tiebreak, value); nulls are skipped."""
    return aggregation(
        Function.LAST,
        input_,
        window=window,
        hop=hop,
        offset=offset,
        by=by,
        limit=limit,
        where=where,
        scale=None,
        default=default,
    )


def first_n(  # noqa: PLR0913 - what a user may say about an aggregate
    input_: str | Expr,
    n: int,
    *,
    window: Span,
    hop: Span = None,
    offset: Span = None,
    by: str | Expr | None = None,
    limit: int | None = None,
    where: Expr | None = None,
) -> Aggregation:
    """List the values of the n earliest events by (event_time, tiebreak, value), earliest first.

    At most 1,000 values; without any the list is empty.
    """
    return aggregation(
        Function.FIRST_N,
        input_,
        parameters=Parameters.of_list(n),
        window=window,
        hop=hop,
        offset=offset,
        by=by,
        limit=limit,
        where=where,
        scale=None,
        default=None,
    )


def last_n(  # noqa: PLR0913 - what a user may say about an aggregate
    input_: str | Expr,
    n: int,
    *,
    window: Span,
    hop: Span = None,
    offset: Span = None,
    by: str | Expr | None = None,
    limit: int | None = None,
    where: Expr | None = None,
) -> Aggregation:
    """List the values of the n latest events by (event_time, tiebreak, value), latest first.

    At most 1,000 values; without any the list is empty.
    """
    return aggregation(
        Function.LAST_N,
        input_,
        parameters=Parameters.of_list(n),
        window=window,
        hop=hop,
        offset=offset,
        by=by,
        limit=limit,
        where=where,
        scale=None,
        default=None,
    )


def last_distinct_n(  # noqa: PLR0913 - what a user may say about an aggregate
    input_: str | Expr,
    n: int,
    *,
    window: Span,
    hop: Span = None,
    offset: Span = None,
    by: str | Expr | None = None,
    limit: int | None = None,
    where: Expr | None = None,
) -> Aggregation:
    """List the n distinct values that occurred latest, each once, latest first.

    At most 1,000 values; without any the list is empty.
    """
    return aggregation(
        Function.LAST_DISTINCT_N,
        input_,
        parameters=Parameters.of_list(n),
        window=window,
        hop=hop,
        offset=offset,
        by=by,
        limit=limit,
        where=where,
        scale=None,
        default=None,
    )


def top_n(  # noqa: PLR0913 - what a user may say about an aggregate
    input_: str | Expr,
    n: int,
    *,
    window: Span,
    hop: Span = None,
    offset: Span = None,
    by: str | Expr | None = None,
    limit: int | None = None,
    where: Expr | None = None,
) -> Aggregation:
    """List the n greatest values, repeats kept, greatest first.

    At most 1,000 values; without any the list is empty.
    """
    return aggregation(
        Function.TOP_N,
        input_,
        parameters=Parameters.of_list(n),
        window=window,
        hop=hop,
        offset=offset,
        by=by,
        limit=limit,
        where=where,
        scale=None,
        default=None,
    )


def bottom_n(  # noqa: PLR0913 - what a user may say about an aggregate
    input_: str | Expr,
    n: int,
    *,
    window: Span,
    hop: Span = None,
    offset: Span = None,
    by: str | Expr | None = None,
    limit: int | None = None,
    where: Expr | None = None,
) -> Aggregation:
    """List the n least values, repeats kept, least first.

    At most 1,000 values; without any the list is empty.
    """
    return aggregation(
        Function.BOTTOM_N,
        input_,
        parameters=Parameters.of_list(n),
        window=window,
        hop=hop,
        offset=offset,
        by=by,
        limit=limit,
        where=where,
        scale=None,
        default=None,
    )


def any(  # noqa: A001, PLR0913 - what a user may say about an aggregate
    input_: str | Expr,
    *,
    window: Span,
    hop: Span = None,
    offset: Span = None,
    by: str | Expr | None = None,
    limit: int | None = None,
    where: Expr | None = None,
    default: Literal | None = None,
) -> Aggregation:
    """Say whether any value of a Bool is true; null without values."""
    return aggregation(
        Function.ANY,
        input_,
        window=window,
        hop=hop,
        offset=offset,
        by=by,
        limit=limit,
        where=where,
        scale=None,
        default=default,
    )


def all(  # noqa: A001, PLR0913 - what a user may say about an aggregate
    input_: str | Expr,
    *,
    window: Span,
    hop: Span = None,
    offset: Span = None,
    by: str | Expr | None = None,
    limit: int | None = None,
    where: Expr | None = None,
    default: Literal | None = None,
) -> Aggregation:
    """Say whether all values of a Bool are true; null without values."""
    return aggregation(
        Function.ALL,
        input_,
        window=window,
        hop=hop,
        offset=offset,
        by=by,
        limit=limit,
        where=where,
        scale=None,
        default=default,
    )


def share(  # noqa: PLR0913 - what a user may say about an aggregate
    input_: str | Expr,
    *,
    window: Span,
    hop: Span = None,
    offset: Span = None,
    by: str | Expr | None = None,
    limit: int | None = None,
    where: Expr | None = None,
    default: Literal | None = None,
) -> Aggregation:
    """Compute the share of true values of a Bool, from 0 to 1; null without values."""
    return aggregation(
        Function.SHARE,
        input_,
        window=window,
        hop=hop,
        offset=offset,
        by=by,
        limit=limit,
        where=where,
        scale=None,
        default=default,
    )


def seconds_since_last(
    *,
    window: Span = None,
    hop: Span = None,
    offset: Span = None,
    by: str | Expr | None = None,
    limit: int | None = None,
    where: Expr | None = None,
    default: Literal | None = None,
) -> Aggregation:
    """Compute the seconds from the latest event to the instant of the value; null without events.

    Every event that passes `where` counts. The instant is the T of V(T): of a view with cuts it is
    the cut's.
    """
    return aggregation(
        Function.SECONDS_SINCE_LAST,
        None,
        window=window,
        hop=hop,
        offset=offset,
        by=by,
        limit=limit,
        where=where,
        scale=None,
        default=default,
    )


def seconds_since_first(
    *,
    window: Span = None,
    hop: Span = None,
    offset: Span = None,
    by: str | Expr | None = None,
    limit: int | None = None,
    where: Expr | None = None,
    default: Literal | None = None,
) -> Aggregation:
    """Compute the seconds from the earliest event to the instant of the value.

    Null without events; else as `seconds_since_last`.
    """
    return aggregation(
        Function.SECONDS_SINCE_FIRST,
        None,
        window=window,
        hop=hop,
        offset=offset,
        by=by,
        limit=limit,
        where=where,
        scale=None,
        default=default,
    )


def mean_gap(
    *,
    window: Span = None,
    hop: Span = None,
    offset: Span = None,
    by: str | Expr | None = None,
    limit: int | None = None,
    where: Expr | None = None,
    default: Literal | None = None,
) -> Aggregation:
    """Compute the mean of the seconds between events, in order of time; null for fewer than two.

    Every event that passes `where` counts.
    """
    return aggregation(
        Function.MEAN_GAP,
        None,
        window=window,
        hop=hop,
        offset=offset,
        by=by,
        limit=limit,
        where=where,
        scale=None,
        default=default,
    )


def decayed_count(  # noqa: PLR0913 - what a user may say about an aggregate
    input_: str | Expr | None = None,
    *,
    half_life: Span,
    window: Span,
    hop: Span = None,
    offset: Span = None,
    by: str | Expr | None = None,
    limit: int | None = None,
    where: Expr | None = None,
    default: Literal | None = None,
) -> Aggregation:
    """Count rows, or the values of `input_` that are not null, the older the less.

    A tile k hops before the present one counts 2^(-k * hop / half_life), in units of 2^-32.
    """
    return aggregation(
        Function.DECAYED_COUNT,
        input_,
        half_life=half_life,
        window=window,
        hop=hop,
        offset=offset,
        by=by,
        limit=limit,
        where=where,
        scale=None,
        default=default,
    )


def decayed_sum(  # noqa: PLR0913 - what a user may say about an aggregate
    input_: str | Expr,
    *,
    half_life: Span,
    window: Span,
    hop: Span = None,
    offset: Span = None,
    by: str | Expr | None = None,
    limit: int | None = None,
    where: Expr | None = None,
    scale: int | None = None,
    default: Literal | None = None,
) -> Aggregation:
    """Sum values, the older the less; null without any.

    A tile k hops before the present one counts 2^(-k * hop / half_life), in units of 2^-32.
    """
    return aggregation(
        Function.DECAYED_SUM,
        input_,
        half_life=half_life,
        window=window,
        hop=hop,
        offset=offset,
        by=by,
        limit=limit,
        where=where,
        scale=scale,
        default=default,
    )


def decayed_mean(  # noqa: PLR0913 - what a user may say about an aggregate
    input_: str | Expr,
    *,
    half_life: Span,
    window: Span,
    hop: Span = None,
    offset: Span = None,
    by: str | Expr | None = None,
    limit: int | None = None,
    where: Expr | None = None,
    scale: int | None = None,
    default: Literal | None = None,
) -> Aggregation:
    """Compute a mean in which older values count less; null without values.

    A tile k hops before the present one counts 2^(-k * hop / half_life), in units of 2^-32.
    """
    return aggregation(
        Function.DECAYED_MEAN,
        input_,
        half_life=half_life,
        window=window,
        hop=hop,
        offset=offset,
        by=by,
        limit=limit,
        where=where,
        scale=scale,
        default=default,
    )


def count_distinct(
    input_: str | Expr,
    *,
    window: Span,
    limit: int = 1_000,
    hop: Span = None,
    offset: Span = None,
    by: str | Expr | None = None,
    where: Expr | None = None,
) -> Aggregation:
    """Count distinct values: exactly up to `limit` (at most 10,000), beyond it within about 2 %.

    Not of Float64, whose values are not texts: round or cast first.
    """
    return aggregation(
        Function.COUNT_DISTINCT,
        input_,
        parameters=Parameters.of_limit(limit),
        window=window,
        hop=hop,
        offset=offset,
        by=by,
        where=where,
        scale=None,
        default=None,
    )


def value_counts(
    input_: str | Expr,
    *,
    window: Span,
    limit: int = 100,
    hop: Span = None,
    offset: Span = None,
    by: str | Expr | None = None,
    where: Expr | None = None,
) -> Aggregation:
    """Count how often each value occurs: a map, empty without values.

    It is null if there are more than `limit` (at most 10,000) values; the answer names it in
    `overflowed`, and a training set's manifest counts it.
    """
    return aggregation(
        Function.VALUE_COUNTS,
        input_,
        parameters=Parameters.of_limit(limit),
        window=window,
        hop=hop,
        offset=offset,
        by=by,
        where=where,
        scale=None,
        default=None,
    )


def mode(  # noqa: PLR0913 - what a user may say about an aggregate
    input_: str | Expr,
    *,
    window: Span,
    limit: int = 100,
    hop: Span = None,
    offset: Span = None,
    by: str | Expr | None = None,
    where: Expr | None = None,
    default: Literal | None = None,
) -> Aggregation:
    """Find the most frequent value, of equally frequent ones the least; null without values.

    It is null if there are more than `limit` values, as `value_counts` is.
    """
    return aggregation(
        Function.MODE,
        input_,
        parameters=Parameters.of_limit(limit),
        window=window,
        hop=hop,
        offset=offset,
        by=by,
        where=where,
        scale=None,
        default=default,
    )


def histogram(  # noqa: PLR0913 - what a user may say about an aggregate
    input_: str | Expr,
    edges: Sequence[Literal],
    *,
    window: Span,
    hop: Span = None,
    offset: Span = None,
    by: str | Expr | None = None,
    limit: int | None = None,
    where: Expr | None = None,
) -> Aggregation:
    """Count the values below the first edge, between each two, and from the last edge on.

    `edges` ascend, and are at most 200. A value that equals an edge counts after it.
    """
    return aggregation(
        Function.HISTOGRAM,
        input_,
        parameters=Parameters.of_edges(edges),
        window=window,
        hop=hop,
        offset=offset,
        by=by,
        limit=limit,
        where=where,
        scale=None,
        default=None,
    )


def percentile(  # noqa: PLR0913 - what a user may say about an aggregate
    input_: str | Expr,
    q: float | Decimal,
    *,
    window: Span,
    hop: Span = None,
    offset: Span = None,
    by: str | Expr | None = None,
    limit: int | None = None,
    where: Expr | None = None,
    scale: int | None = None,
    default: Literal | None = None,
) -> Aggregation:
    """Find the value below or at which a share `q` of the values lies; null without values.

    Within 0.4 %: values are counted in buckets, 128 for each power of two of their integer units.
    """
    return aggregation(
        Function.PERCENTILE,
        input_,
        parameters=Parameters.of_share(q),
        window=window,
        hop=hop,
        offset=offset,
        by=by,
        limit=limit,
        where=where,
        scale=scale,
        default=default,
    )


def median(  # noqa: PLR0913 - what a user may say about an aggregate
    input_: str | Expr,
    *,
    window: Span,
    hop: Span = None,
    offset: Span = None,
    by: str | Expr | None = None,
    limit: int | None = None,
    where: Expr | None = None,
    scale: int | None = None,
    default: Literal | None = None,
) -> Aggregation:
    """Find the median: `percentile(input_, 0.5)`, the lower of the two in the middle."""
    return percentile(
        input_,
        0.5,
        window=window,
        hop=hop,
        offset=offset,
        by=by,
        limit=limit,
        where=where,
        scale=scale,
        default=default,
    )


def __getattr__(name: str) -> NoReturn:
    no_attribute("module 'skewless.agg'", name, AGGREGATES, [item.value for item in Function])
