"""Convert values of a command line and its files to what the store takes, by type.

A value that does not fit is passed on unchanged: the store refuses it, and says where and why.
"""

from __future__ import annotations

import base64
import decimal
import json
import re
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import typer

from skewless.definitions import types
from skewless.registry.history import is_id

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

    from skewless.definitions.types import ValueType

_BOOLS = {"true": True, "false": False}
_EXACT_DOUBLE = 2**53
_WHOLE = re.compile(r"([+-]?[0-9]+)(?:\.0*)?")
_LOST = re.compile(r"[.,][0-9]{6}[0-9]*[1-9]")  # digits that a datetime cannot hold


def checked_instant(value: str | list[str] | None) -> str | list[str] | None:
    """Refuse an option's text that names no instant, with a message for the command line."""
    for text in [value] if isinstance(value, str) else value or ():
        try:
            instant = datetime.fromisoformat(text)
        except ValueError as error:
            raise typer.BadParameter(
                f"{text!r} is no ISO time; write one such as 2025-11-05T00:00:00Z"
            ) from error
        if instant.tzinfo is None:
            raise typer.BadParameter(
                f"{text!r} names no instant without a time zone; end it in Z or +02:00"
            )
    return value


def checked_moment(value: str | None) -> str | None:
    """Refuse an option's text that names neither an instant nor an apply."""
    if value is not None and not is_id(value):
        checked_instant(value)
    return value


def from_text(text: str, type_: ValueType) -> Any:
    """Return the value that a text stands for; an empty one is null, but for a String."""
    if type_ == types.String:
        return text
    if text == "":
        return None
    try:
        match type_:
            case types.Bool:
                return _BOOLS.get(text.lower(), text)
            case types.Int64:
                # pandas writes a column of integers with gaps as 1.0, which is exact.
                whole = _WHOLE.fullmatch(text)
                return text if whole is None else int(whole[1])
            case types.Float64:
                return text if "_" in text else float(text)
            case types.Array() | types.Vector() | types.Map():
                return from_json(read_json(text), type_)
            case _:
                return _from_json_text(text, type_)
    except ValueError:
        return text


def in_zone(value: Any, zone: ZoneInfo) -> Any:
    """Return a time without a zone as an instant of the given zone; anything else unchanged.

    Raises:
        ValueError: the clocks there showed it twice, or never.
    """
    if not isinstance(value, datetime) or value.tzinfo is not None:
        return value
    first, second = (value.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.utcoffset() != second.utcoffset():
        raise ValueError(
            f"{value} names no one instant in {zone.key}, whose clocks changed then; write it with "
            "its offset, as in 2025-10-26T02:30:00+01:00"
        )
    return first


def from_json(value: Any, type_: ValueType) -> Any:
    """Return the value that JSON, read by `read_json`, stands for.

    Timestamps and Dates are ISO text, bytes base64, decimals numbers or text.
    """
    match type_, value:
        case types.Float64, decimal.Decimal():
            return float(value)
        case types.Float64, int() if not isinstance(value, bool) and abs(value) < _EXACT_DOUBLE:
            return float(value)
        case types.Array(element=element), list():
            return [from_json(item, element) for item in value]
        case types.Map(key=key, value=kind), dict():
            return {from_text(name, key): from_json(item, kind) for name, item in value.items()}
        case types.Vector(), list():
            return [from_json(item, types.Float64) for item in value]
        case _, str():
            return _from_json_text(value, type_)
    return value


def _from_json_text(text: str, type_: ValueType) -> Any:
    try:
        match type_:
            case types.Timestamp:
                # Parsing would silently drop digits beyond microseconds.
                is_exact = _LOST.search(text) is None
                return datetime.fromisoformat(text.replace(" UTC", "Z")) if is_exact else text
            case types.Date:
                return date.fromisoformat(text)
            case types.Bytes:
                return base64.b64decode(text, validate=True)
            case types.Decimal():
                return decimal.Decimal(text)
    except (ValueError, decimal.InvalidOperation):
        pass
    return text


def read_json(text: str | bytes) -> Any:
    """Read JSON; numbers with a point are kept exact until their type is known.

    Raises:
        ValueError: it is not JSON.
    """
    return json.loads(text, parse_float=decimal.Decimal)


def row_from_json(row: Mapping[str, Any], kinds: Mapping[str, ValueType]) -> dict[str, Any]:
    """Return a row: columns of known type are converted, the others stay as JSON gives them."""
    return {
        name: from_json(value, kinds[name]) if name in kinds else _inexact(value)
        for name, value in row.items()
    }


def _inexact(value: Any) -> Any:
    return float(value) if isinstance(value, decimal.Decimal) else value
