"""Answers as frames and as JSON: keys and request fields as they were sent, then the features.

A feature's column has the type that a training set gives it. A library is imported only when a
frame of it is asked for: pandas and polars work here without pyarrow.
"""

from __future__ import annotations

import base64
import json
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

from skewless.compiler.arrow_types import feature_type
from skewless.compiler.physical import from_physical, to_physical
from skewless.definitions import types

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from skewless.definitions.types import ValueType
    from skewless.online.incoming import Received

    Column = tuple[str, ValueType, Sequence[Any]]


class Answered(Protocol):
    """What is written: an `answer.Answer`, whose attributes are described there."""

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Values by output name, row by row."""
        ...

    @property
    def status(self) -> Sequence[Mapping[str, object]]:
        """For each row, by view."""
        ...

    @property
    def types(self) -> Mapping[str, ValueType]:
        """The type of each output column."""
        ...

    @property
    def inputs(self) -> Mapping[str, ValueType]:
        """The keys and request fields."""
        ...

    @property
    def sent(self) -> Received:
        """What was asked with."""
        ...


def to_pandas(answer: Answered) -> Any:
    """Return a pandas DataFrame with the index of the frame that came in."""
    import pandas as pd  # noqa: PLC0415 - asked for

    sent = answer.sent
    is_own = sent.kind == "pandas"
    index = sent.frame.index if is_own else pd.RangeIndex(len(answer.rows))
    own = list(sent.frame.columns) if is_own else []
    frame = {name: sent.frame[name] for name in own}
    for name, type_, values in _columns(answer, with_inputs=not own):
        frame[name] = _series(pd, values, type_, index)
    return pd.DataFrame(frame, index=index)


def to_polars(answer: Answered) -> Any:
    """Return a polars DataFrame."""
    import polars as pl  # noqa: PLC0415 - asked for

    sent = answer.sent
    own = list(sent.frame.get_columns()) if sent.kind == "polars" else []
    found = [
        pl.Series(name, _entries(values, type_), dtype=_polars_type(pl, type_))
        for name, type_, values in _columns(answer, with_inputs=not own)
    ]
    return pl.DataFrame([*own, *found])


def to_arrow(answer: Answered) -> Any:
    """Return a pyarrow Table."""
    import pyarrow as pa  # noqa: PLC0415 - asked for

    sent = answer.sent
    own = sent.kind == "arrow" and sent.frame.column_names
    table = sent.frame if own else None
    for name, type_, values in _columns(answer, with_inputs=not own):
        column = pa.array(values, feature_type(pa, type_))
        table = pa.table({name: column}) if table is None else table.append_column(name, column)
    return pa.table({}) if table is None else table


def to_json(answer: Answered, *, with_status: bool) -> str:
    """Return rows as JSON; see `Answer.to_json`."""
    columns = _columns(answer, with_inputs=True)
    rows = [
        {name: plain(values[number]) for name, _, values in columns}
        for number in range(len(answer.rows))
    ]
    content = {"rows": rows, "status": plain(answer.status)} if with_status else rows
    return json.dumps(content, allow_nan=False)


def plain(value: Any) -> Any:
    """Return a value in JSON's types.

    Instants are RFC 3339 in UTC, dates ISO text, decimals text, bytes base64.
    """
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case Decimal():
            return format(value, "f")
        case bytes():
            return base64.b64encode(value).decode()
        case dict():
            return {_name(key): plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: plain(getattr(value, item.name)) for item in fields(value)}
    return value


def _name(key: Any) -> str:
    """Return the text that stands for a map's key: JSON has no other names."""
    found = plain(key)
    return found if isinstance(found, str) else json.dumps(found)


def _columns(answer: Answered, *, with_inputs: bool) -> list[Column]:
    """Return names, types and values of the features, and before them of what was sent."""
    found: list[Column] = []
    for name, type_ in answer.inputs.items() if with_inputs else ():
        sent = [to_physical(row[name], type_, name) for row in answer.sent.rows]
        found.append((name, type_, [from_physical(value, type_) for value in sent]))
    return found + [
        (name, type_, [row[name] for row in answer.rows]) for name, type_ in answer.types.items()
    ]


def _series(pd: Any, values: Sequence[Any], type_: ValueType, index: Any) -> Any:
    """Return a column with the dtype of a training set's; with a null it may be a nullable one."""
    has_null = any(value is None for value in values)
    match type_:
        case types.Bool:
            dtype: Any = "boolean" if has_null else "bool"
        case types.Int64:
            dtype = "Int64" if has_null else "int64"
        case types.Float64:
            dtype = "float64"
        case types.Timestamp:
            dtype = "datetime64[us, UTC]"
        case types.String:
            dtype = "str" if int(pd.__version__.partition(".")[0]) >= 3 else "object"  # noqa: PLR2004
        case types.Array(element=element):
            return _series_of_lists(pd, values, element, index)
        case types.Vector():
            return _series_of_lists(pd, values, types.Float64, index)
        case _:
            dtype = "object"
    return pd.Series(list(values), index=index, dtype=dtype)


def _series_of_lists(pd: Any, values: Sequence[Any], element: ValueType, index: Any) -> Any:
    """Return a column of NumPy arrays, as Arrow does; their times are UTC without a zone."""
    dtypes: dict[Any, str] = {types.Bool: "bool", types.Int64: "int64", types.Float64: "float64"}
    dtype = dtypes.get(element, "object")
    cells = []
    for value in values:
        items = value
        if value is not None and element == types.Timestamp:
            items, dtype = [item.replace(tzinfo=None) for item in value], "datetime64[us]"
        cells.append(items if items is None else pd.Series(items, dtype=dtype).to_numpy())
    return pd.Series(cells, index=index, dtype="object")


def _entries(values: Sequence[Any], type_: ValueType) -> Sequence[Any]:
    """Return maps, and those in them, as lists of entries; all else as it is."""
    if not isinstance(type_, types.Map):
        return values
    return [
        None
        if value is None
        else [
            {"key": key, "value": item}
            for key, item in zip(value, _entries([*value.values()], type_.value), strict=True)
        ]
        for value in values
    ]


def _polars_type(pl: Any, type_: ValueType) -> Any:
    match type_:
        case types.Scalar():
            return {
                types.Bool: pl.Boolean,
                types.Int64: pl.Int64,
                types.Float64: pl.Float64,
                types.String: pl.String,
                types.Bytes: pl.Binary,
                types.Timestamp: pl.Datetime("us", "UTC"),
                types.Date: pl.Date,
            }[type_]
        case types.Decimal(scale=scale):
            return pl.Decimal(38, scale)
        case types.Array(element=element):
            return pl.List(_polars_type(pl, element))
        case types.Vector():
            return pl.List(pl.Float64)
        case types.Map(key=key, value=value):
            of_pair = {"key": _polars_type(pl, key), "value": _polars_type(pl, value)}
            if hasattr(pl, "Map"):
                return pl.Map(of_pair["key"], of_pair["value"])
            # Releases before 2 have no maps; of an Arrow map they make this.
            return pl.List(pl.Struct(of_pair))
