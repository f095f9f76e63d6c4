"""An Arrow table as CSV, by pyarrow; types without a form in CSV become text."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyarrow import csv

if TYPE_CHECKING:
    from collections.abc import Iterator


def csv_of(table: pa.Table) -> bytes:
    """Return a table as CSV: arrays and maps as JSON, bytes as base64, times in ISO form."""
    columns = [_writable(table.column(index)) for index in range(table.num_columns)]
    sink = pa.BufferOutputStream()
    csv.write_csv(pa.Table.from_arrays(columns, table.column_names), sink)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def _writable(column: pa.ChunkedArray[Any]) -> Any:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_nested(column.type) or str(column.type).startswith(("binary", "large_binary")):
        return pa.array(_texts(column), pa.string())
    return column


def _texts(column: pa.ChunkedArray[Any]) -> Iterator[str | None]:
    for value in column.to_pylist():
        match value:
            case None:
                yield None
            case bytes():
                yield base64.b64encode(value).decode()
            case _:
                yield json.dumps(value, default=str, ensure_ascii=False)
