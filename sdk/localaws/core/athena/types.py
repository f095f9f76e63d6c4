"""One type in three tongues: Hive's (the Glue catalog), DuckDB's (engine), Athena's (results)."""

from __future__ import annotations

from sqlglot import exp

_ATHENA_NAMES = {
    "TEXT": "varchar",
    "INT": "integer",
    "INT128": "bigint",
    "UBIGINT": "bigint",
    "UINT": "bigint",
    "TIMESTAMPTZ": "timestamp with time zone",
    "TIMESTAMPNTZ": "timestamp",
    "TIMESTAMP_S": "timestamp",
    "TIMESTAMP_MS": "timestamp",
    "TIMESTAMP_NS": "timestamp",
    "LIST": "array",
    "STRUCT": "row",
    "INTERVAL": "interval day to second",
    "VARBINARY": "varbinary",
    "NULL": "unknown",
}


def duckdb_type(hive: str) -> str:
    """`array<struct<x:int>>` -> `STRUCT(x INT)[]`."""
    return exp.DataType.build(hive, dialect="hive").sql("duckdb")


def hive_type(duckdb: str) -> str:
    """`STRUCT(x INTEGER)[]` -> `array<struct<x:int>>`."""
    parsed = exp.DataType.build(duckdb, dialect="duckdb")
    # A timestamp without its precision: Hive knows one timestamp only.
    for timestamp in parsed.find_all(exp.DataType):
        if timestamp.is_type(*exp.DataType.TEMPORAL_TYPES) and not timestamp.is_type("date"):
            timestamp.replace(exp.DataType.build("timestamp", dialect="hive"))
    if is_timestamp(duckdb):
        return "timestamp"
    return parsed.sql("hive").lower().replace(" ", "")


def athena_type(duckdb: str) -> str:
    """The name that GetQueryResults gives a column's type."""
    kind = exp.DataType.build(duckdb, dialect="duckdb").this.value
    return _ATHENA_NAMES.get(kind, str(kind).lower())


def is_timestamp(duckdb: str) -> bool:
    """Whether it is a timestamp of any kind."""
    return duckdb.startswith("TIMESTAMP")


def is_nested(duckdb: str) -> bool:
    """Whether values are arrays, rows or maps."""
    return duckdb.endswith("]") or duckdb.startswith(("STRUCT", "TUPLE", "MAP"))
