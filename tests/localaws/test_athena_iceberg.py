from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import awswrangler as wr
import pandas as pd
import pyarrow as pa
import pytest

if TYPE_CHECKING:
    from tests.localaws.sandbox import Sandbox

# awswrangler 3.17 calls pandas 3 in ways that pandas 4 will refuse.
pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")

MICROS = pd.Timestamp("2020-01-01 00:00:00.123456")


@pytest.fixture
def table(sandbox: Sandbox) -> str:
    """An Iceberg table `ice` of three rows: id, v, at."""
    sandbox.run(
        "CREATE TABLE ice (id bigint, v double, at timestamp) PARTITIONED BY (day(at))"
        f" LOCATION '{sandbox.path('ice')}' TBLPROPERTIES ('table_type' = 'ICEBERG')"
    )
    sandbox.run(
        "INSERT INTO ice SELECT id, id * 1.5e0, timestamp '2020-01-01 00:00:00.123456'"
        " FROM (VALUES 1, 2, 3) t(id)"
    )
    return f"{sandbox.database}.ice"


def values(sandbox: Sandbox) -> list[tuple[int, float]]:
    read = sandbox.select("SELECT id, v FROM ice ORDER BY id")
    return list(read.itertuples(index=False, name=None))


def test_inserted_rows_are_read(sandbox: Sandbox, table: str) -> None:
    read = sandbox.select("SELECT * FROM ice ORDER BY id")
    assert read["id"].tolist() == [1, 2, 3]
    assert read["at"].tolist() == [MICROS] * 3
    assert sandbox.iceberg().load_table(table).spec().fields[0].name == "at_day"


def test_rows_appended_by_pyiceberg_are_read(sandbox: Sandbox, table: str) -> None:
    stored = sandbox.iceberg().load_table(table)
    rows = pa.Table.from_pylist([{"id": 4, "v": 0.5, "at": None}], stored.schema().as_arrow())
    stored.append(rows)
    assert values(sandbox)[-1] == (4, 0.5)


def test_awswrangler_writes_and_merges(sandbox: Sandbox) -> None:
    for rows in ([(1, "a"), (2, "b")], [(2, "c"), (3, "d")]):
        wr.athena.to_iceberg(
            pd.DataFrame(rows, columns=["id", "s"]),
            database=sandbox.database,
            table="merged",
            table_location=sandbox.path("merged"),
            temp_path=sandbox.new_path(),
            s3_output=sandbox.new_path(),
            merge_cols=["id"],
            boto3_session=sandbox.session,
        )
    read = sandbox.select("SELECT id, s FROM merged ORDER BY id")
    assert read.to_numpy().tolist() == [[1, "a"], [2, "c"], [3, "d"]]


def test_rows_are_deleted(sandbox: Sandbox, table: str) -> None:
    sandbox.run("DELETE FROM ice WHERE id = 1")
    assert values(sandbox) == [(2, 3.0), (3, 4.5)]


def test_rows_are_updated(sandbox: Sandbox, table: str) -> None:
    sandbox.run("UPDATE ice SET v = v / 2 WHERE id > 1")
    assert values(sandbox) == [(1, 1.5), (2, 1.5), (3, 2.25)]


def test_rows_are_merged(sandbox: Sandbox, table: str) -> None:
    sandbox.run(
        "MERGE INTO ice USING (VALUES (3, 9e0), (4, 8e0)) AS s (id, v) ON ice.id = s.id"
        " WHEN MATCHED THEN UPDATE SET v = s.v"
        " WHEN NOT MATCHED THEN INSERT (id, v) VALUES (s.id, s.v)"
    )
    assert values(sandbox) == [(1, 1.5), (2, 3.0), (3, 9.0), (4, 8.0)]


def test_an_append_during_a_change_is_not_lost(sandbox: Sandbox, table: str) -> None:
    def insert(n: int) -> None:
        sandbox.run(f"INSERT INTO ice VALUES ({n}, 0e0, null)")

    def update(_: int) -> None:
        sandbox.run("UPDATE ice SET v = v + 1 WHERE id = 1")

    with ThreadPoolExecutor(4) as threads:
        work = [threads.submit(insert, n) for n in (10, 11)]
        work += [threads.submit(update, n) for n in range(2)]
        for one in work:
            one.result()
    assert [row[0] for row in values(sandbox)] == [1, 2, 3, 10, 11]
    assert values(sandbox)[0] == (1, 3.5)


def test_an_older_snapshot_can_be_read(sandbox: Sandbox, table: str) -> None:
    snapshots = 'SELECT snapshot_id, committed_at FROM "ice$snapshots" ORDER BY committed_at'
    first = sandbox.select(snapshots)["snapshot_id"][0]
    sandbox.run("DELETE FROM ice")
    assert sandbox.select("SELECT * FROM ice").empty
    then = sandbox.select(f"SELECT count(*) AS n FROM ice FOR VERSION AS OF {first}")
    assert then["n"][0] == 3


def test_the_table_can_be_read_as_of_a_time(sandbox: Sandbox, table: str) -> None:
    written = sandbox.iceberg().load_table(table).metadata.snapshots[0].timestamp_ms
    sandbox.run("DELETE FROM ice")
    then = sandbox.select(
        f"SELECT count(*) AS n FROM ice FOR TIMESTAMP AS OF from_unixtime({written} / 1000e0)"
    )
    assert then["n"][0] == 3


def test_an_added_column_is_null_in_old_rows(sandbox: Sandbox, table: str) -> None:
    sandbox.run("ALTER TABLE ice ADD COLUMNS (extra string)")
    assert sandbox.select(
        "SELECT count(extra) AS n, count(*) AS m FROM ice"
    ).to_numpy().tolist() == [[0, 3]]


def test_an_iceberg_table_is_made_from_a_query(sandbox: Sandbox) -> None:
    sandbox.run(
        "CREATE TABLE made WITH (table_type = 'ICEBERG', is_external = false,"
        f" location = '{sandbox.path('made')}') AS SELECT 1 AS a, 'x' AS s"
    )
    assert sandbox.select("SELECT a, s FROM made").to_numpy().tolist() == [[1, "x"]]
