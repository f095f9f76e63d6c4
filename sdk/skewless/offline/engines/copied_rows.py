"""Copied files of a log as DuckDB reads them: physical columns, under the names of queries. Pure.

If all files have all columns, these are matched by name, and DuckDB guesses how many rows there are
from the first file, which has the most. Else they are matched by the numbers that Iceberg gives
columns. A column that a file does not have is null. DuckDB then knows no number of rows, and may
join the wrong way round, which is slower.
"""

from __future__ import annotations

import functools
import glob
import re
from typing import TYPE_CHECKING

from sqlglot import exp

from skewless.definitions.names import INGEST_SEQUENCE, INGEST_SHARD, INGEST_TIME
from skewless.offline.lake.catalog import log_columns, sql_type
from skewless.offline.query import identifiers, sql
from skewless.offline.query.dialect import Dialect, EngineName
from skewless.offline.query.events import HAPPENED, KNOWN, SEQUENCE, SHARD

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from skewless.definitions.source import Source
    from skewless.definitions.types import ValueType
    from skewless.offline.lake.day_table import LogFiles
    from skewless.offline.query.events import Span
    from skewless.offline.query.sql import Sql

_SYSTEM = {INGEST_SHARD: SHARD, INGEST_SEQUENCE: SEQUENCE, INGEST_TIME: KNOWN}
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")  # Iceberg writes other names differently in files
_NOWHERE = 2**31 - 1  # no column of a file has such a number
_DUCKDB = Dialect(EngineName.DUCKDB)


def called(name: str) -> str:
    """Return the name of a log's column in queries."""
    return _SYSTEM.get(name) or identifiers.column(name)


def copied_rows(
    source: Source, names: Sequence[str], folder: Path, found: LogFiles, span: Span
) -> exp.Select:
    """Select the rows of a folder's files that came in within a span.

    Args:
        source: whose log.
        names: the columns to read, among them event time and ingest time.
        folder: where the files are.
        found: what is known of them; a column that they do not have is null.
        span: the ingest times.
    """
    known = _DUCKDB.microseconds(sql.column(INGEST_TIME))
    happened = _DUCKDB.microseconds(sql.column(source.event_time))
    clamped = sql.when(sql.less(known, happened), known, happened)
    kinds = log_columns(source)
    columns = {called(n): _DUCKDB.physical(sql.column(n), kinds[n]) for n in names}
    columns |= {identifiers.column(source.event_time): clamped, HAPPENED: clamped}
    query = sql.select(*(sql.aliased(value, name) for name, value in columns.items()))
    query = query.from_(_files(kinds, names, folder, found), copy=False)
    if span.start is not None:
        query = query.where(sql.less_equal(sql.integer(span.start), known), copy=False)
    if span.end is not None:
        query = query.where(sql.less(known, sql.integer(span.end)), copy=False)
    return query


def _files(
    kinds: Mapping[str, ValueType], names: Sequence[str], folder: Path, found: LogFiles
) -> exp.Table:
    numbers = [sql.integer(found.fields.get(name, _NOWHERE - n)) for n, name in enumerate(names)]
    schema = sql.call(
        "map",
        exp.Array(expressions=numbers),
        exp.Array(expressions=list(_described(kinds, names))),
    )
    options: dict[str, Sql] = {"hive_partitioning": exp.false()}
    if not found.is_uniform or not all(_PLAIN.fullmatch(name) for name in names):
        options["schema"] = schema
    read = sql.call(
        "read_parquet",
        sql.text(f"{glob.escape(str(folder))}/*.parquet"),
        *(exp.EQ(this=sql.column(option), expression=value) for option, value in options.items()),
    )
    return exp.Table(this=read)


@functools.cache
def _type_of(type_: ValueType) -> str:
    """Return a type as DuckDB writes it."""
    return exp.DataType.build(sql_type(type_), dialect="hive").sql(dialect="duckdb")


def _described(kinds: Mapping[str, ValueType], names: Sequence[str]) -> Iterator[Sql]:
    for name in names:
        type_ = _type_of(kinds[name])
        described = {"name": sql.text(name), "type": sql.text(type_), "default_value": sql.null()}
        yield exp.Struct(
            expressions=[
                exp.PropertyEQ(this=sql.name(key), expression=value)
                for key, value in described.items()
            ]
        )
