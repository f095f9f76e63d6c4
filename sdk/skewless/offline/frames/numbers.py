"""Features as float64, the type that most machine learning libraries take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

from skewless.compiler.physical import EXACT_DOUBLE
from skewless.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

pc: Any = pyarrow.compute


def matrix_of(
    values: pa.Table, features: Sequence[str], columns: Sequence[str] | None
) -> NDArray[np.float64]:
    """Return features as columns of one array; null is NaN.

    Raises:
        InputError: a name is no feature, or a feature has no form in float64.
    """
    wanted = list(features if columns is None else columns)
    if unknown := [name for name in wanted if name not in features]:
        hints = "".join(did_you_mean(name, features) for name in unknown[:1])
        raise InputError(f"there is no feature {', '.join(map(repr, unknown))}.{hints}")
    if others := [name for name in wanted if not is_numeric(values.schema.field(name).type)]:
        kinds = ", ".join(f"{name!r} ({values.schema.field(name).type})" for name in others)
        raise InputError(
            f"{kinds}: float64 holds no such values; encode them first, or leave them out: "
            "to_numpy(columns=[...])"
        )
    found = np.empty((values.num_rows, len(wanted)), np.float64)
    for place, name in enumerate(wanted):
        found[:, place] = _doubles(values[name], name)
    return found


def with_floats(values: pa.Table, features: Sequence[str]) -> pa.Table:
    """Return the table with each numeric feature as float64; null stays null.

    Raises:
        InputError: an Int64 has no form in float64.
    """
    for place, field in enumerate(values.schema):
        if field.name in features and is_numeric(field.type):
            numbers = _doubles(values.column(place), field.name)
            column = pa.array(numbers, mask=np.isnan(numbers))
            values = values.set_column(place, field.name, column)
    return values


def is_numeric(kind: pa.DataType) -> bool:
    """Say whether values of a type can be float64."""
    return any(
        check(kind)
        for check in (
            pa.types.is_boolean,
            pa.types.is_integer,
            pa.types.is_floating,
            pa.types.is_decimal,
        )
    )


def _doubles(column: pa.ChunkedArray, name: str) -> NDArray[np.float64]:
    if pa.types.is_decimal(column.type):
        # Python rounds to the nearest double; Arrow multiplies by a power of ten.
        numbers = [np.nan if value is None else float(value) for value in column.to_pylist()]
        return np.array(numbers, np.float64)
    if pa.types.is_integer(column.type):
        extremes = pc.min_max(column).as_py()
        for value in extremes.values():
            if value is not None and abs(value) > EXACT_DOUBLE:
                raise InputError(
                    f"feature {name!r} holds {value}, and float64 holds whole numbers exactly up "
                    "to 2^53 only; leave it out, or take it from to_arrow()"
                )
    if pa.types.is_boolean(column.type):
        column = pc.cast(column, pa.int8())
    doubles = pc.cast(column, pa.float64())
    return np.asarray(pc.fill_null(doubles, float("nan")).to_numpy(), np.float64)
