"""A user's own tables, as other tools write them, read by Trino and by the DuckDB engine alike."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from skewless.aws import Resources
from skewless.errors import InputError, QueryError
from skewless.offline.engines.duckdb_engine import DuckDbEngine
from skewless.offline.lake.log import EventLog
from tests.conformance.test_golden_sql import PARQUET
from tests.conformance.trino_engine import TrinoEngine
from tests.offline.events import a_source, events_read_by
from tests.offline.layouts import COLUMNS
from tests.offline.tables.test_user_files import SCHEMA, a_glue_table_over, layouts
from tests.offline.tables.test_user_tables import AT, READ, REFUSED, a_file, project
from tests.offline.user_lake import PARQUET as INPUT
from tests.offline.user_lake import a_glue_table

if TYPE_CHECKING:
    from pathlib import Path

    from skewless.aws import Aws
    from skewless.definitions.source import Source
    from skewless.offline.engines.engine import Engine
    from skewless.types import ValueType
    from tests.conformance.in_trino import Files

STORED = {"InputFormat": INPUT, **PARQUET}


@pytest.fixture
def resources(aws: Aws) -> Resources:
    name = f"user{uuid.uuid4().hex}"
    aws.client("s3").create_bucket(Bucket=name)
    aws.client("glue").create_database(DatabaseInput={"Name": name})
    return Resources(
        store="test",
        bucket=name,
        database=name,
        workgroup=name,
        online_table="o",
        registry_table="r",
    )


@pytest.fixture
def engines(files: Files, aws: Aws, resources: Resources) -> tuple[Engine, Engine]:
    return DuckDbEngine(EventLog(aws, resources)), TrinoEngine(files.trino, aws, resources)


def agreed(engines: tuple[Engine, Engine], source: Source, *columns: str) -> list[dict[str, Any]]:
    here, there = (events_read_by(engine, source, *columns) for engine in engines)
    assert sorted(here, key=repr) == sorted(there, key=repr)
    return here


@layouts
def test_a_table_has_the_rows_that_trino_reads(
    engines: tuple[Engine, Engine],
    aws: Aws,
    resources: Resources,
    tmp_path: Path,
    write: Any,
    is_partitioned: Any,
) -> None:
    write(tmp_path)
    place = resources.database
    name = a_glue_table_over(aws, place, tmp_path, is_partitioned=is_partitioned, **STORED)
    assert len(agreed(engines, a_source(SCHEMA, table=name), *COLUMNS)) == 3


@pytest.mark.parametrize(("declared", "column", "type_", "values"), READ, ids=str)
def test_a_column_has_the_values_that_trino_reads(
    engines: tuple[Engine, Engine],
    aws: Aws,
    resources: Resources,
    declared: str,
    column: Any,
    type_: ValueType,
    values: Any,
) -> None:
    del values
    name = a_glue_table(aws, resources.database, {"x": declared, **AT}, **STORED)
    a_file(aws, resources.database, x=column)
    found = agreed(engines, a_source({"x": type_}, table=name), "x")
    assert len(found) == len(column)


@pytest.mark.parametrize(("declared", "column", "type_"), REFUSED, ids=str)
def test_a_column_that_trino_refuses_is_refused(
    engines: tuple[Engine, Engine],
    aws: Aws,
    resources: Resources,
    declared: str,
    column: Any,
    type_: ValueType,
) -> None:
    name = a_glue_table(aws, resources.database, {"x": declared, **AT}, **STORED)
    a_file(aws, resources.database, x=column)
    for engine in engines:
        with pytest.raises((InputError, QueryError)):
            events_read_by(engine, a_source({"x": type_}, table=name), "x")


def test_a_projected_table_has_the_rows_that_trino_reads(
    engines: tuple[Engine, Engine], aws: Aws, resources: Resources
) -> None:
    place = resources.database
    for number, day in enumerate(("2024-02-28", "2024-02-29", "2024-03-05")):
        a_file(aws, place, f"events/d={day}/k=a%3Ab/{number}", x=[number])
    properties = {
        "projection__d__type": "date",
        "projection__d__format": "yyyy-MM-dd",
        "projection__d__range": "2024-02-01,2024-03-01",
        "projection__k__type": "enum",
        "projection__k__values": "a:b,c",
    }
    name = project(aws, place, {"d": "date", "k": "string"}, STORED, **properties)
    found = agreed(engines, a_source(table=name), "x")
    assert sorted(row["x"] for row in found) == [0, 1]
