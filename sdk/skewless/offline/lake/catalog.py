"""Names of the event log in Glue and on S3, and the columns of its tables.

Pure: definitions in, names and types out. The stacks and the query builders read it without AWS,
Arrow or pyiceberg.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from skewless.definitions import types
from skewless.definitions.frozen import FrozenMapping
from skewless.definitions.names import INGEST_SEQUENCE, INGEST_SHARD, INGEST_TIME

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skewless.definitions.source import Source
    from skewless.definitions.types import ValueType

# No source can have this name, because the prefix is reserved. Older releases kept the refused rows
# of all sources in one table, which is still read.
QUARANTINE_TABLE = "skewless_quarantine"
REFUSED_AT = "refused_at"
LOG_FOLDER = "log"
CLAIMS = "skewless.claims"  # keys of a snapshot's summary: the shards, and the earliest ingest time
# Folders of temporary objects, useless after an hour. Lifecycle rules expire them.
TEMPORARY_FOLDERS = ("athena/", "cuts/", "queries/", "refused/", "spines/")

# Athena and Glue know Iceberg's `timestamp`; every instant in it is UTC.
_SQL_TYPES: Mapping[types.Scalar, str] = {
    types.Bool: "boolean",
    types.Int64: "bigint",
    types.Float64: "double",
    types.String: "string",
    types.Timestamp: "timestamp",
    types.Date: "date",
    types.Bytes: "binary",
}
_SYSTEM_COLUMNS: Mapping[str, ValueType] = FrozenMapping(
    {INGEST_TIME: types.Timestamp, INGEST_SHARD: types.String, INGEST_SEQUENCE: types.Int64}
)
QUARANTINE_COLUMNS: Mapping[str, ValueType] = FrozenMapping(
    {
        "source": types.String,
        REFUSED_AT: types.Timestamp,
        "shard": types.String,
        "row_number": types.Int64,
        "reason": types.String,
        "row": types.String,
    }
)


def log_columns(source: Source) -> Mapping[str, ValueType]:
    """Return the columns of the source's log: its own, then ingest time, shard and sequence."""
    return FrozenMapping({**source.columns, **_SYSTEM_COLUMNS})


def table_of(source: Source, database: str) -> str:
    """Return `database.table` of the source's events: its log, or the table that it names."""
    return source.table or f"{database}.{source.name}"


def log_location(bucket: str, table: str) -> str:
    """Return the folder of a table that the store writes."""
    return f"s3://{bucket}/{LOG_FOLDER}/{table}/"


def sql_type(type_: ValueType) -> str:
    """Return the type as Glue and Athena write it."""
    match type_:
        case types.Scalar():
            return _SQL_TYPES[type_]
        case types.Decimal(precision=precision, scale=scale):
            return f"decimal({precision},{scale})"
        case types.Array(element=element):
            return f"array<{sql_type(element)}>"
        case types.Vector():
            return f"array<{sql_type(types.Float64)}>"
        case types.Map(key=key, value=value):
            return f"map<{sql_type(key)},{sql_type(value)}>"


def quarantine_table(source: str) -> str:
    """Return the name of the table of a source's refused rows."""
    return f"{QUARANTINE_TABLE}_{source}"
