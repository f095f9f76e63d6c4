"""Parquet files of Hive tables: read as the tables declare them, or HIVE_BAD_DATA as in Athena."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from localaws.core.athena import parquet_types
from localaws.core.athena.failure import QueryFailedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def check(files: Sequence[tuple[str, Path]], declared: Mapping[str, str]) -> None:
    """Refuse files whose columns may not stand for the declared ones.

    Args:
        files: Keys on S3, and the local copies.
        declared: Hive's types of the columns that a query reads.

    Raises:
        QueryFailedError: HIVE_BAD_DATA.
    """
    for key, path in files:
        schema = _schema(key, path)
        for name, kind in declared.items():
            for field in (field for field in schema if field.name.lower() == name.lower()):
                if not parquet_types.fits(field.type, kind):
                    raise QueryFailedError(
                        "HIVE_BAD_DATA",
                        f"Field {field.name}'s type {field.type} in parquet file {key} is "
                        f"incompatible with type {kind} defined in table schema",
                    )


@functools.lru_cache(maxsize=1 << 16)
def _schema(key: str, path: Path) -> pa.Schema:
    # The copy of an object never changes: another version of it has another path.
    try:
        return pq.read_schema(path)
    except (pa.ArrowException, OSError) as error:
        raise QueryFailedError(
            "HIVE_CANNOT_OPEN_SPLIT", f"Error opening Hive split {key}: Not valid Parquet file"
        ) from error


def as_declared(value: str, found: str, declared: str) -> str:
    """The SQL of a file's column as the declared type, where a cast would not do.

    Args:
        value: The column, in DuckDB's SQL.
        found: Its type, as DuckDB reads the files.
        declared: Hive's type.
    """
    kind = declared.lower().replace(" ", "")
    if kind == "array<timestamp>":
        each = as_declared("item", found.removesuffix("[]"), "timestamp")
        return f"list_transform({value}, lambda item: {each})"
    length = re.fullmatch(r"(var)?char\((\d+)\)", kind)
    if found == "BLOB" and (kind == "string" or length):
        value = f"decode({value})"
    elif found == "VARCHAR" and kind == "binary":
        value = f"encode({value})"
    elif found == "INTEGER" and kind == "date":
        value = f"date '1970-01-01' + {value}"
    elif kind == "timestamp":
        # Hive's timestamps have milliseconds in Athena; what is finer is rounded, halves up.
        nanos = found.endswith("_NS")
        ticks, parts = (f"epoch_ns({value})", 10**6) if nanos else (f"epoch_us({value})", 1000)
        floor = (
            f"({ticks} + {parts // 2} - (({ticks} + {parts // 2}) % {parts} + {parts}) % {parts})"
        )
        value = f"make_timestamp({floor} // {parts} * 1000)"
    if length:
        value = f"left({value}, {length[2]})"
        value = value if length[1] else f"rtrim({value}, ' ')"
    return value
