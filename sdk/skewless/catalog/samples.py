"""What the values of a feature look like: counts, a distribution, some examples."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

from skewless.catalog.document import Bin, Sampled
from skewless.definitions import types

if TYPE_CHECKING:
    from skewless.definitions.types import ValueType

pc: Any = pyarrow.compute
_BINS = 24
_COMMON = 8
_EXAMPLES = 5
_MOST_CHARACTERS = 80


def describe(values: pa.ChunkedArray, type_: ValueType, at: str) -> Sampled:
    """Describe some values of a feature.

    Args:
        values: as a training set has them.
        type_: the feature's.
        at: the instant at which they were looked at, an ISO text.

    Returns:
        Numbers and times with a distribution of the finite ones; texts and truths with the most
        common values; all with examples, cut to 80 characters.
    """
    there = values.drop_null()
    numbers = _numbers(there, type_)
    finite = numbers[np.isfinite(numbers)]
    is_number = types.is_numeric(type_) and len(finite)
    return Sampled(
        at=at,
        rows=len(values),
        nulls=values.null_count,
        bins=_bins(finite),
        minimum=f"{finite.min():.6g}" if is_number else "",
        maximum=f"{finite.max():.6g}" if is_number else "",
        mean=f"{finite.mean():.6g}" if is_number else "",
        common=_common(there) if type_ in (types.String, types.Bool) else (),
        examples=_examples(there),
    )


def _numbers(there: pa.ChunkedArray, type_: ValueType) -> Any:
    """Return numbers, and times as seconds since 1970, as doubles: they are only to be drawn."""
    if types.is_numeric(type_):
        return np.array(there.cast(pa.float64(), safe=False), np.float64)
    if type_ == types.Timestamp:
        return np.array(there.cast(pa.int64()), np.float64) / 1e6
    if type_ == types.Date:
        return np.array(there.cast(pa.int32()), np.float64) * 86_400
    return np.empty(0)


def _bins(finite: Any) -> tuple[Bin, ...]:
    if not len(finite):
        return ()
    low, high = float(finite.min()), float(finite.max())
    # Neighbouring doubles, and those whose distance is infinite, cannot be divided.
    edges = np.linspace(low, high, _BINS + 1) if math.isfinite(high - low) else np.empty(0)
    if not len(edges) or not (np.diff(edges) > 0).all():
        return (Bin(low=low, high=high, count=len(finite)),)
    counts, _ = np.histogram(finite, edges)
    return tuple(
        Bin(low=float(edges[number]), high=float(edges[number + 1]), count=int(count))
        for number, count in enumerate(counts)
    )


def _common(there: pa.ChunkedArray) -> tuple[tuple[str, int], ...]:
    counted = [
        (_text(each["values"]), each["counts"]) for each in pc.value_counts(there).to_pylist()
    ]
    return tuple(sorted(counted, key=lambda pair: (-pair[1], pair[0]))[:_COMMON])


def _examples(there: pa.ChunkedArray) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for value in there:
        found[_text(value.as_py())] = None
        if len(found) == _EXAMPLES:
            break
    return tuple(found)


def _text(value: object) -> str:
    text = repr(value) if isinstance(value, list | bytes | float) else str(value)
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}…"
