"""Remedies for a column of a wrong type: pandas code to paste.

This module makes text only; `columns` decides whether a type is wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from skewless.definitions import types

if TYPE_CHECKING:
    from skewless.definitions.types import ValueType

_TEXT = "text"


def remedy(name: str, given: str, type_: ValueType, frame: str = "frame") -> str:
    """Return the code that converts a column.

    Args:
        name: the column's.
        given: the kind of its values, as `columns.BadValues.misfit` says it.
        type_: what is declared.
        frame: the frame's name in the code.
    """
    column = f"{frame}[{name!r}]"
    code = _code(column, given, type_)
    if code is None:
        return f"convert it to {type_}, or declare another type"
    return f"{column} = {code}"


def _code(  # noqa: C901, PLR0911, PLR0912 - one case for each pair of types
    column: str, given: str, type_: ValueType
) -> str | None:
    is_number = given.startswith(("int", "uint", "float", "double", "halffloat", "decimal"))
    match type_:
        case types.Timestamp:
            return _instants(column, given, is_number=is_number)
        case types.Date if given == _TEXT:
            return f"pd.to_datetime({column}).dt.date"
        case types.Date if given.startswith("timestamp"):
            return f"{column}.dt.date  # the day in the column's zone"
        case types.Bool if is_number:
            return f"{column}.astype('boolean')  # 0 and 1"
        case types.Bool if given == _TEXT:
            return f"{column}.map({{'true': True, 'false': False}})"
        case types.Int64 if given == _TEXT:
            return f"pd.to_numeric({column}).astype('Int64')"
        case types.Int64 if given == "bool":
            return f"{column}.astype('Int64')"
        case types.Float64 if given == _TEXT:
            return f"pd.to_numeric({column})"
        case types.Float64 if given == "bool":
            return f"{column}.astype('Float64')"
        case types.Decimal(scale=scale) if given in ("float", "double", "halffloat"):
            rounded = f"round(decimal.Decimal(repr(x)), {scale})"
            return (
                f"[None if x != x else {rounded} for x in {column}.tolist()], or declare it Float64"
            )
        case types.Decimal() if given == _TEXT:
            return f"{column}.map(decimal.Decimal, na_action='ignore')"
        case types.String if is_number or given == "bool":
            return f"{column}.astype('string')"
        case types.String:
            return f"{column}.map(str, na_action='ignore')"
        case types.Bytes if given == _TEXT:
            return f"{column}.str.encode('utf-8')"
        case types.Array() | types.Vector() if given == _TEXT:
            return f"{column}.map(json.loads, na_action='ignore')"
        case _:
            return None


def _instants(column: str, given: str, *, is_number: bool) -> str | None:
    if given == _TEXT:
        return f"pd.to_datetime({column}, utc=True)  # where the text names no zone, it is UTC"
    if is_number:
        return f"pd.to_datetime({column}, unit='s', utc=True)  # or unit='ms', 'us', 'ns'"
    if given.startswith("date"):
        return f"pd.to_datetime({column}).dt.tz_localize('UTC')  # the day's beginning"
    return None
