"""DataScannedInBytes: compressed chunks of the columns and row groups that a query reads."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

if TYPE_CHECKING:
    from collections.abc import Collection

    from tests.localaws.sandbox import Sandbox

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")

ROWS, GROUP = 4_000, 1_000
DAYS = np.datetime64("2020-01-01", "us") + np.arange(ROWS) * np.timedelta64(10, "s")
NAMES = ("id", "v", "at", "tags")


@pytest.fixture
def table(sandbox: Sandbox) -> str:
    """An Iceberg table: two commits of four row groups, on different days; ids from 0 on."""
    sandbox.run(
        "CREATE TABLE ice (id bigint, v double, at timestamp, tags array<string>)"
        f" PARTITIONED BY (day(at)) LOCATION '{sandbox.path('ice')}'"
        " TBLPROPERTIES ('table_type' = 'ICEBERG')"
    )
    name = f"{sandbox.database}.ice"
    stored = sandbox.iceberg().load_table(name)
    with stored.transaction() as change:
        change.set_properties({"write.parquet.row-group-limit": str(GROUP)})
    for number in range(2):
        rows = {
            "id": np.arange(ROWS) + number * ROWS,
            "v": np.random.default_rng(number).random(ROWS),
            "at": DAYS + np.timedelta64(number, "D"),
            "tags": [["a", str(row)] for row in range(ROWS)],
        }
        stored.append(pa.table(rows).cast(stored.schema().as_arrow()))
    return name


def chunks(
    sandbox: Sandbox, table: str, names: Collection[str], groups: Collection[tuple[int, int]]
) -> int:
    """The compressed bytes of columns in row groups, each a file's and its own number."""
    files = sandbox.iceberg().load_table(table).inspect.files().sort_by("file_path").to_pylist()
    files.sort(key=lambda file: file["lower_bounds"][0][1])
    total = 0
    for number, group in groups:
        bucket, _, key = files[number]["file_path"].removeprefix("s3://").partition("/")
        body = sandbox.aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        row_group = pq.read_metadata(io.BytesIO(body)).row_group(group)
        found = (row_group.column(leaf) for leaf in range(row_group.num_columns))
        total += sum(
            one.total_compressed_size for one in found if one.path_in_schema.split(".")[0] in names
        )
    return total


def scanned(sandbox: Sandbox, sql: str) -> int:
    athena = sandbox.aws.client("athena")
    query = athena.get_query_execution(QueryExecutionId=sandbox.run(sql))["QueryExecution"]
    return int(query["Statistics"]["DataScannedInBytes"])


EVERY = [(file, group) for file in range(2) for group in range(4)]


@pytest.mark.parametrize(
    ("sql", "names", "groups"),
    [
        ("SELECT id FROM ice", ("id",), EVERY),
        ("SELECT sum(v) AS s FROM ice WHERE id >= 0", ("id", "v"), EVERY),
        ("SELECT tags FROM ice", ("tags",), EVERY),
        ("SELECT * FROM ice", NAMES, EVERY),
        ("SELECT count(*) AS n FROM ice", (), EVERY),
        ("SELECT id FROM ice WHERE at < timestamp '2020-01-02'", ("id", "at"), EVERY[:4]),
        ("SELECT v FROM ice WHERE id = 4500", ("id", "v"), [(1, 0)]),
        ("SELECT v FROM ice WHERE id < 1001", ("id", "v"), EVERY[:2]),
        ("SELECT v FROM ice WHERE id < 0", (), ()),
        ("WITH a AS (SELECT id FROM ice) SELECT * FROM a, a AS b LIMIT 1", ("id",), EVERY * 2),
        ("WITH a AS (SELECT id FROM ice) SELECT 1 AS x", (), ()),
    ],
)
def test_what_is_scanned_is_what_footers_say(
    sandbox: Sandbox, table: str, sql: str, names: Collection[str], groups: list[tuple[int, int]]
) -> None:
    assert scanned(sandbox, sql) == chunks(sandbox, table, names, groups)


def test_a_hive_table_counts_by_columns_and_text_by_files(sandbox: Sandbox) -> None:
    rows = pa.table({"id": np.arange(ROWS), "v": np.random.default_rng(0).random(ROWS)})
    buffer = io.BytesIO()
    pq.write_table(rows, buffer)
    bucket, _, key = sandbox.path("hive").removeprefix("s3://").partition("/")
    s3 = sandbox.aws.client("s3")
    s3.put_object(Bucket=bucket, Key=f"{key}a.parquet", Body=buffer.getvalue())
    sandbox.run(
        "CREATE EXTERNAL TABLE h (id bigint, v double) STORED AS PARQUET"
        f" LOCATION '{sandbox.path('hive')}'"
    )
    group = pq.read_metadata(buffer).row_group(0)
    assert scanned(sandbox, "SELECT v FROM h") == group.column(1).total_compressed_size
    text = b"1,2\n" * 9
    bucket, _, key = sandbox.path("text").removeprefix("s3://").partition("/")
    s3.put_object(Bucket=bucket, Key=f"{key}a.csv", Body=text)
    sandbox.run(
        "CREATE EXTERNAL TABLE t (a bigint, b bigint) ROW FORMAT DELIMITED FIELDS TERMINATED BY ','"
        f" LOCATION '{sandbox.path('text')}'"
    )
    assert scanned(sandbox, "SELECT a FROM t") == len(text)
