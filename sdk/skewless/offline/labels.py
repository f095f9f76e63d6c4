"""Labels: the rows that a training set is asked for, checked and made physical."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from skewless.definitions import types
from skewless.errors import InputError, NaiveTimestampError, did_you_mean
from skewless.offline import identifiers
from skewless.offline.history import INSTANT, ROW, WATERMARK

if TYPE_CHECKING:
    from skewless.compiler.plan import SelectionPlan
    from skewless.definitions.entity import Entity
    from skewless.definitions.types import ValueType

_MICROSECONDS = pa.timestamp("us", tz="UTC")


@dataclass(frozen=True, slots=True)
class Labels:
    """Prepared labels.

    Attributes:
        table: what `offline.history.Spine` describes.
        first, last: the least and greatest instant, in microseconds.
    """

    table: pa.Table
    first: int
    last: int


def prepare_labels(
    frame: pa.Table, plan: SelectionPlan, *, timestamp: str, watermark: str | None = None
) -> Labels:
    """Check a frame of labels, and return its physical columns.

    Args:
        frame: key columns, the timestamp, request fields; all else is not looked at.
        plan: the features asked for.
        timestamp: the column of instants.
        watermark: for a replay, the column that says which ingest times count.

    Raises:
        InputError: with everything that is wrong with the frame.
        NaiveTimestampError: an instant has no time zone.
    """
    wanted = {timestamp: types.Timestamp, **plan.keys, **dict(plan.request)}
    if watermark is not None:
        wanted[watermark] = types.Timestamp
    _check_there(frame, wanted)
    required = {timestamp, *plan.keys} | ({watermark} if watermark is not None else set())
    columns: dict[str, pa.ChunkedArray] = {}
    problems: list[str] = []
    for name, type_ in wanted.items():
        try:
            column = physical_column(frame[name], type_, f"entity_df column {name!r}")
        except NaiveTimestampError:
            raise
        except InputError as error:
            problems.append(str(error))
            continue
        if name in required and column.null_count:
            row = pc.index(pc.is_null(column), True).as_py()
            problems.append(
                f"entity_df column {name!r} has {column.null_count} nulls, the first in row {row}; "
                "drop those rows, or fill the column"
            )
        columns[name] = column
    if problems:
        raise InputError("; ".join(problems))
    return _labels(columns, plan, timestamp, watermark)


def physical_column(column: pa.ChunkedArray, type_: ValueType, where: str) -> pa.ChunkedArray:
    """Return a frame's column in physical values.

    Raises:
        InputError: the column's type does not fit, or a value would change.
        NaiveTimestampError: timestamps without a zone.
    """
    if pa.types.is_dictionary(column.type):
        column = pc.cast(column, column.type.value_type)
    found = column.type
    if pa.types.is_null(found):
        return pc.cast(column, _physical_type(type_))
    if pa.types.is_timestamp(found) and found.tz is None:
        raise NaiveTimestampError.of(where)
    if not _fits(found, type_):
        raise InputError(f"{where} is {found}, which is not {type_}")
    try:
        return _convert(column, type_)
    except pa.ArrowInvalid as error:
        raise InputError(f"{where} cannot be {type_}: {error}") from error


def _check_there(frame: pa.Table, wanted: dict[str, ValueType]) -> None:
    missing = [name for name in wanted if name not in frame.column_names]
    if missing:
        hints = "".join(did_you_mean(name, frame.column_names) for name in missing[:1])
        names = ", ".join(f"{name!r} ({wanted[name]})" for name in missing)
        raise InputError(f"entity_df lacks {names}.{hints}")
    if frame.num_rows == 0:
        raise InputError("entity_df is empty: there is nothing to make a training set for")


def _labels(
    columns: dict[str, pa.ChunkedArray],
    plan: SelectionPlan,
    timestamp: str,
    watermark: str | None,
) -> Labels:
    instants = columns[timestamp]
    found: dict[str, Any] = {
        ROW: pa.array(range(len(instants)), pa.int64()),
        INSTANT: instants,
    }
    if watermark is not None:
        found[WATERMARK] = columns[watermark]
    for entity in dict.fromkeys(item.view.entity for item in plan.views):
        found[identifiers.number(entity)] = _numbered(entity, columns)
    for name in (*plan.keys, *dict(plan.request)):
        found[identifiers.given(name)] = columns[name]
    extremes = pc.min_max(instants).as_py()
    return Labels(pa.table(found), extremes["min"], extremes["max"])


def _numbered(entity: Entity, columns: dict[str, pa.ChunkedArray]) -> pa.Array:
    """Number the entity's keys: equal keys get equal numbers."""
    numbers: pa.Array | None = None
    for name in entity.keys:
        encoded = columns[name].combine_chunks().dictionary_encode()
        encoded = encoded.chunk(0) if isinstance(encoded, pa.ChunkedArray) else encoded
        codes = pc.cast(encoded.indices, pa.int64())
        if numbers is None:
            numbers = codes
            continue
        # Renumbered after each column, so that the product stays small.
        paired = pc.add(pc.multiply(numbers, len(encoded.dictionary)), codes)
        numbers = pc.cast(paired.dictionary_encode().indices, pa.int64())
    return numbers


def _fits(found: pa.DataType, type_: ValueType) -> bool:
    is_integer = pa.types.is_integer(found)
    match type_:
        case types.Bool:
            return bool(pa.types.is_boolean(found))
        case types.Int64:
            return bool(is_integer)
        case types.Float64:
            return bool(is_integer or pa.types.is_floating(found))
        case types.Timestamp:
            return bool(pa.types.is_timestamp(found))
        case types.Bytes:
            return bool(pa.types.is_binary(found) or pa.types.is_large_binary(found))
        case types.Decimal():
            return bool(is_integer or pa.types.is_decimal(found))
        case _:
            return any(
                check(found)
                for check in (
                    pa.types.is_string,
                    pa.types.is_large_string,
                    pa.types.is_string_view,
                )
            )


def _convert(column: pa.ChunkedArray, type_: ValueType) -> pa.ChunkedArray:
    match type_:
        case types.Timestamp:
            return pc.cast(pc.cast(column, _MICROSECONDS), pa.int64())
        case types.Decimal(precision=precision, scale=scale):
            exact = pc.cast(column, pa.decimal128(precision, scale))
            unscaled = [
                None if item is None else int(item.scaleb(scale)) for item in exact.to_pylist()
            ]
            return pa.chunked_array([pa.array(unscaled, pa.int64())])
        case types.Float64:
            doubles = pc.cast(column, pa.float64())
            finite = pc.is_finite(doubles)
            # NaN is null; -0.0 is 0.0.
            if pc.any(pc.is_inf(doubles)).as_py():
                raise pa.ArrowInvalid("an infinity is not a value; leave it null")
            return pc.if_else(finite, pc.add(doubles, 0.0), None)
        case _:
            return pc.cast(column, _physical_type(type_))


def _physical_type(type_: ValueType) -> pa.DataType:
    match type_:
        case types.Bool:
            return pa.bool_()
        case types.Float64:
            return pa.float64()
        case types.Bytes:
            return pa.binary()
        case types.String:
            return pa.string()
        case _:
            return pa.int64()
