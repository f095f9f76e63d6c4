"""What the log is called and what its columns are."""

from __future__ import annotations

import subprocess
import sys

import pytest

from skewless import Source
from skewless.offline.lake.catalog import (
    log_columns,
    log_location,
    sql_type,
    table_of,
)
from skewless.types import (
    Array,
    Bool,
    Bytes,
    Decimal,
    Float64,
    Int64,
    String,
    Timestamp,
    ValueType,
    Vector,
)


def a_source(**options: str) -> Source:
    return Source("flights", schema={"carrier": String}, event_time="at", **options)  # type: ignore[arg-type]


def test_a_log_has_the_sources_columns_and_then_its_own() -> None:
    assert dict(log_columns(a_source())) == {
        "carrier": String,
        "at": Timestamp,
        "ingest_time": Timestamp,
        "ingest_shard": String,
        "ingest_sequence": Int64,
    }


def test_a_sources_table_is_its_log_or_the_one_it_names() -> None:
    assert table_of(a_source(), "store") == "store.flights"
    assert table_of(a_source(table="lake.flights"), "store") == "lake.flights"


def test_a_log_lies_in_a_folder_of_its_own() -> None:
    assert log_location("bucket", "flights") == "s3://bucket/log/flights/"


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        (Bool, "boolean"),
        (Int64, "bigint"),
        (Float64, "double"),
        (Decimal(9, 2), "decimal(9,2)"),
        (String, "string"),
        (Timestamp, "timestamp"),
        (Bytes, "binary"),
        (Array(String), "array<string>"),
        (Vector(3), "array<double>"),
    ],
    ids=str,
)
def test_types_are_written_as_athena_writes_them(type_: ValueType, text: str) -> None:
    assert sql_type(type_) == text


def test_the_catalog_needs_neither_aws_nor_arrow() -> None:
    code = (
        "import sys, skewless.offline.lake.catalog\n"
        "heavy = {'boto3', 'pyarrow', 'pyiceberg', 'numpy'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    environment = {"PYTHONPATH": ":".join(sys.path)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)  # noqa: S603
