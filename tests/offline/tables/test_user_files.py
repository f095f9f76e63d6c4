"""Folders and tables as other tools write them: the same rows however they are named and read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import awswrangler as wr
import pandas as pd
import pyarrow as pa
import pytest

from skewless.definitions.expression import to_microseconds
from skewless.ingest.normalise import normalise
from skewless.offline.engines.athena import AthenaEngine
from skewless.offline.engines.duckdb_engine import DuckDbEngine
from skewless.offline.frames.incoming import to_arrow
from skewless.types import Float64, Int64, String
from tests.offline.events import a_source, events_read_by
from tests.offline.layouts import COLUMNS, FLAT, PARTITIONED, ROWS, events
from tests.offline.user_lake import a_glue_table, put

if TYPE_CHECKING:
    from pathlib import Path

    from skewless.aws import Aws, Resources
    from skewless.offline.lake.log import EventLog

SCHEMA = {"k": String, "x": Float64, "n": Int64, "day": String}
DATA = {name: kind for name, kind in COLUMNS.items() if name != "day"}
LAYOUTS = [
    *(pytest.param(write, False, id=name) for name, write in FLAT.items()),
    *(pytest.param(write, True, id=f"partitioned by {n}") for n, write in PARTITIONED.items()),
]
layouts = pytest.mark.parametrize(("write", "is_partitioned"), LAYOUTS)


def rows_of(table: pa.Table) -> list[dict[str, Any]]:
    """Return the columns that all have, in the order of keys, with instants in UTC."""
    rows = [{name: row[name] for name in COLUMNS} for row in table.to_pylist()]
    for row in rows:
        row["at"] = row["at"].replace(tzinfo=UTC) if row["at"].tzinfo is None else row["at"]
        row["at"] = datetime.fromtimestamp(0, UTC) + (row["at"] - datetime.fromtimestamp(0, UTC))
    return sorted(rows, key=lambda row: str(row["k"]))


def upload(aws: Aws, bucket: str, folder: Path, prefix: str = "events") -> None:
    for file in folder.rglob("*"):
        key = f"{prefix}/{file.relative_to(folder).as_posix()}"
        put(aws, bucket, *((key + "/", b"") if file.is_dir() else (key, file.read_bytes())))


def a_glue_table_over(
    aws: Aws, place: str, folder: Path, *, is_partitioned: bool, **stored: Any
) -> str:
    upload(aws, place, folder)
    if not is_partitioned:
        return a_glue_table(aws, place, COLUMNS, **stored)
    name = a_glue_table(aws, place, DATA, {"day": "string"}, **stored)
    for part in sorted(folder.glob("day=*")):
        if part.is_dir():
            location = f"s3://{place}/events/{part.name}/"
            register(aws, place, [unquote(part.name[4:])], location, **stored)
    return name


def register(
    aws: Aws, place: str, values: list[str], location: str, name: str = "events", **stored: Any
) -> None:
    aws.client("glue").create_partition(
        DatabaseName=place,
        TableName=name,
        PartitionInput={
            "Values": values,
            "StorageDescriptor": {"Location": location, **stored},
        },
    )


@layouts
def test_a_folder_is_read_alike_here_and_on_s3(
    aws: Aws, place: str, tmp_path: Path, write: Any, is_partitioned: Any
) -> None:
    write(tmp_path)
    upload(aws, place, tmp_path)
    del is_partitioned
    assert rows_of(to_arrow(tmp_path)) == ROWS
    assert rows_of(to_arrow(f"s3://{place}/events", aws)) == ROWS


@layouts
def test_a_table_of_glue_over_the_folder_has_the_same_rows(
    aws: Aws, place: str, tmp_path: Path, write: Any, is_partitioned: Any
) -> None:
    write(tmp_path)
    name = a_glue_table_over(aws, place, tmp_path, is_partitioned=is_partitioned)
    assert rows_of(to_arrow(name, aws)) == ROWS


@layouts
def test_a_backfill_of_the_table_takes_every_row(
    aws: Aws, place: str, tmp_path: Path, write: Any, is_partitioned: Any
) -> None:
    write(tmp_path)
    name = a_glue_table_over(aws, place, tmp_path, is_partitioned=is_partitioned)
    source = a_source(SCHEMA)
    found = normalise(to_arrow(name, aws, source.columns, only=True), source)
    assert (rows_of(found.accepted), found.rejected.num_rows) == (ROWS, 0)


@layouts
def test_both_engines_read_the_table_alike(
    log: EventLog,
    aws: Aws,
    resources: Resources,
    tmp_path: Path,
    write: Any,
    is_partitioned: Any,
) -> None:
    write(tmp_path)
    name = a_glue_table_over(aws, resources.database, tmp_path, is_partitioned=is_partitioned)
    source = a_source(SCHEMA, table=name)
    found = events_read_by(DuckDbEngine(log), source, *COLUMNS)
    assert events_read_by(AthenaEngine(aws, resources), source, *COLUMNS) == found
    expected = [{**row, "at": to_microseconds(row["at"], "at")} for row in ROWS]
    assert [{name: row[name] for name in COLUMNS} for row in found] == expected


# awswrangler 3.17 calls pandas 3 in ways that pandas 4 will refuse.
@pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")
def test_a_table_of_awswrangler_is_read_by_both_engines(
    log: EventLog, aws: Aws, resources: Resources
) -> None:
    place = resources.database
    frame = events(at=pa.timestamp("us")).to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
    wr.s3.to_parquet(
        frame,
        path=f"s3://{place}/events/",
        dataset=True,
        database=place,
        table="events",
        partition_cols=["day"],
        boto3_session=aws.session,
    )
    source = a_source(SCHEMA, table=f"{place}.events")
    found = events_read_by(DuckDbEngine(log), source, *COLUMNS)
    assert events_read_by(AthenaEngine(aws, resources), source, *COLUMNS) == found
    assert rows_of(to_arrow(f"{place}.events", aws)) == ROWS
