"""Whether two contenders gave the same answers: nothing is timed before that."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from pathlib import Path

ROW = "row"
pc: Any = pyarrow.compute


def difference(ours: Path, theirs: Path, tolerance: float) -> str:
    """Say how two answers differ, in the fewest words; nothing if they do not.

    Args:
        ours: a Parquet file with a column `row`, or a JSON file.
        theirs: another of the same kind.
        tolerance: how far floats may lie apart, relative to the larger of the two or to 1.
    """
    if ours.suffix == ".json":
        is_equal = json.loads(ours.read_bytes()) == json.loads(theirs.read_bytes())
        return "" if is_equal else "other values"
    one, other = (pq.read_table(path).sort_by(ROW) for path in (ours, theirs))
    if one.num_rows != other.num_rows:
        return f"{other.num_rows:,} of {one.num_rows:,} rows"
    if not one[ROW].equals(other[ROW].cast(one[ROW].type)):
        return "other rows"
    if missing := set(one.column_names) - set(other.column_names):
        return f"no {min(missing)}"
    differing = [
        f"{name} in {count:,} rows"
        for name in one.column_names
        if (count := _differing(one[name], other[name], tolerance))
    ]
    return f"other values: {', '.join(differing[:3])}" if differing else ""


def _differing(ours: pa.ChunkedArray, theirs: pa.ChunkedArray, tolerance: float) -> int:
    if pa.types.is_floating(ours.type) or pa.types.is_floating(theirs.type):
        one, other = (_floats(column) for column in (ours, theirs))
        gap = pc.abs(pc.subtract(one, other))
        size = pc.max_element_wise(pc.abs(one), pc.abs(other), 1.0)
        same = pc.less_equal(gap, pc.multiply(size, tolerance))
    else:
        one, other = ours, theirs.cast(ours.type)
        same = pc.equal(one, other)
    both_null = pc.and_(pc.is_null(one), pc.is_null(other))
    return len(ours) - (pc.sum(pc.or_(pc.fill_null(same, False), both_null)).as_py() or 0)  # noqa: FBT003 - of Arrow


def _floats(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column as doubles, in which NaN stands for nothing, as in pandas."""
    doubles = column.cast(pa.float64())
    return pc.if_else(pc.is_nan(doubles), None, doubles)
