"""The schema that a frame has: for each column the type that takes all its values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from skewless.aws import Aws
from skewless.definitions import types
from skewless.errors import DefinitionError
from skewless.offline.frames.incoming import to_arrow

if TYPE_CHECKING:
    from collections.abc import Collection

    from skewless.definitions.types import ValueType

_SAY = "drop the column, or make it"


def inferred_schema(frame: Any, subject: str, times: Collection[str] = ()) -> dict[str, ValueType]:
    """Return the types of a frame's columns.

    Args:
        frame: as for `backfill`.
        subject: what the schema is for, named in errors.
        times: columns that must be instants.

    Raises:
        DefinitionError: with each column that has no type, and what would have one.
        InputError: the frame cannot be read.
    """
    table = to_arrow(frame, Aws())
    found: dict[str, ValueType] = {}
    problems: list[str] = []
    for field in table.schema:
        type_ = _type_of(field.type)
        if type_ is None:
            problems.append(f"column {field.name!r} is {field.type}: {_way_out(field.type)}")
        elif field.name in times and type_ != types.Timestamp:
            problems.append(f"column {field.name!r} is {field.type}, and must be an instant")
        else:
            found[field.name] = type_
    if problems:
        raise DefinitionError(subject, problems)
    return found


def _type_of(kind: pa.DataType) -> ValueType | None:  # noqa: C901, PLR0911 - a case for each type
    is_ = pa.types
    if is_.is_dictionary(kind):
        return _type_of(kind.value_type)
    if is_.is_boolean(kind):
        return types.Bool
    if is_.is_integer(kind):
        return types.Int64
    if is_.is_floating(kind):
        return types.Float64
    if is_.is_string(kind) or is_.is_large_string(kind) or is_.is_string_view(kind):
        return types.String
    if is_.is_binary(kind) or is_.is_large_binary(kind) or is_.is_fixed_size_binary(kind):
        return types.Bytes
    if is_.is_timestamp(kind) and kind.tz is not None:
        return types.Timestamp
    if is_.is_date(kind):
        return types.Date
    if is_.is_decimal(kind):
        found = types.Decimal(kind.precision, kind.scale)
        return None if types.type_problems(found) else found
    if is_.is_map(kind):
        return _map_of(_type_of(kind.key_type), _type_of(kind.item_type))
    if is_.is_fixed_size_list(kind) and is_.is_floating(kind.value_type):
        return types.Vector(kind.list_size)
    if is_.is_list(kind) or is_.is_large_list(kind) or is_.is_fixed_size_list(kind):
        element = _type_of(kind.value_type)
        return types.Array(element) if isinstance(element, types.Scalar | types.Decimal) else None
    return None


def _map_of(key: ValueType | None, value: ValueType | None) -> ValueType | None:
    if not isinstance(key, types.Scalar) or not isinstance(value, types.Scalar | types.Decimal):
        return None
    found = types.Map(key, value)
    return None if types.type_problems(found) else found


def _way_out(kind: pa.DataType) -> str:
    is_ = pa.types
    if is_.is_timestamp(kind):
        return (
            "it has no time zone; say which it is in, for example "
            "frame[column].dt.tz_localize('UTC') in pandas"
        )
    if is_.is_null(kind):
        return "it has no values that could tell; drop it, or write its type in Source(schema=...)"
    if is_.is_decimal(kind):
        digits = types.MAX_DECIMAL_PRECISION
        return f"{_SAY} a decimal of at most {digits} digits, or write its type in schema="
    if is_.is_union(kind):
        return f"it has values of several types; {_SAY} of one"
    return f"{_SAY} a column of numbers, text, instants, dates, bytes, or lists of these"
