"""Tables of the Glue catalog: made, filled, changed and read by Athena's statements."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import awswrangler as wr
import pandas as pd
import pytest
from awswrangler.exceptions import QueryFailed

if TYPE_CHECKING:
    from tests.localaws.sandbox import Sandbox

# awswrangler 3.17 calls pandas 3 in ways that pandas 4 will refuse.
pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")


def store(sandbox: Sandbox) -> None:
    """A table `t` of three rows in two partitions."""
    wr.s3.to_parquet(
        pd.DataFrame({"id": [1, 2, 3], "day": ["x", "y", "x"]}),
        path=sandbox.path("t"),
        dataset=True,
        database=sandbox.database,
        table="t",
        partition_cols=["day"],
        boto3_session=sandbox.session,
    )


def test_a_hive_table_is_created_filled_and_read(sandbox: Sandbox) -> None:
    sandbox.run(
        "CREATE EXTERNAL TABLE h (a bigint, d decimal(38,0), r struct<x:int,y:array<string>>)"
        f" PARTITIONED BY (p string) STORED AS PARQUET LOCATION '{sandbox.path('h')}'"
    )
    sandbox.run(
        "INSERT INTO h VALUES (1, decimal '12345678901234567890',"
        " cast(row(7, array['q']) AS row(x integer, y array(varchar))), 'one'),"
        " (2, null, null, 'two')"
    )
    read = sandbox.select("SELECT a, d, r.x AS x, r.y[1] AS y, p FROM h WHERE p = 'one'")
    assert read.to_numpy().tolist() == [[1, Decimal(12345678901234567890), 7, "q", "one"]]


@pytest.mark.parametrize(
    ("row_format", "body"),
    [
        (
            "ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'",
            b'{"a": 1, "s": "x"}\n{"a": 2}\n',
        ),
        ("ROW FORMAT DELIMITED FIELDS TERMINATED BY ','", b"1,x\n2,\\N\n"),
    ],
)
def test_json_and_csv_tables_are_read(sandbox: Sandbox, row_format: str, body: bytes) -> None:
    sandbox.aws.client("s3").put_object(Bucket=sandbox.database, Key="f/1", Body=body)
    sandbox.run(
        f"CREATE EXTERNAL TABLE f (a bigint, s string) {row_format} LOCATION '{sandbox.path('f')}'"
    )
    query = sandbox.run("SELECT a, s FROM f ORDER BY a")
    rows = sandbox.aws.client("athena").get_query_results(QueryExecutionId=query)
    assert rows["ResultSet"]["Rows"][1:] == [
        {"Data": [{"VarCharValue": "1"}, {"VarCharValue": "x"}]},
        {"Data": [{"VarCharValue": "2"}, {}]},
    ]


def test_partitions_are_seen_once_they_are_registered(sandbox: Sandbox) -> None:
    store(sandbox)
    sandbox.run(
        "CREATE EXTERNAL TABLE later (id bigint) PARTITIONED BY (day string)"
        f" STORED AS PARQUET LOCATION '{sandbox.path('t')}'"
    )
    counts = [sandbox.select("SELECT count(*) AS n FROM later")["n"][0]]
    sandbox.run("ALTER TABLE later ADD IF NOT EXISTS PARTITION (day = 'y')")
    counts.append(sandbox.select("SELECT count(*) AS n FROM later")["n"][0])
    sandbox.run("MSCK REPAIR TABLE later")
    counts.append(sandbox.select("SELECT count(*) AS n FROM later")["n"][0])
    assert counts == [0, 1, 3]


def test_an_object_written_over_is_read_anew(sandbox: Sandbox) -> None:
    sandbox.run(f"CREATE EXTERNAL TABLE f (a bigint) LOCATION '{sandbox.path('f')}'")
    seen = []
    for body in (b"1\n", b"2\n"):
        sandbox.aws.client("s3").put_object(Bucket=sandbox.database, Key="f/1", Body=body)
        seen.append(sandbox.select("SELECT a FROM f")["a"][0])
    assert seen == [1, 2]


def test_a_table_made_from_a_query_is_partitioned(sandbox: Sandbox) -> None:
    store(sandbox)
    sandbox.run(
        "CREATE TABLE c WITH (format = 'PARQUET', partitioned_by = ARRAY['day'])"
        " AS SELECT id, day FROM t"
    )
    partitions = sandbox.aws.client("glue").get_partitions(
        DatabaseName=sandbox.database, TableName="c"
    )["Partitions"]
    assert sorted(partition["Values"][0] for partition in partitions) == ["x", "y"]
    assert sandbox.select("SELECT sum(id) AS s FROM c WHERE day = 'x'")["s"][0] == 4


def test_a_timestamp_with_a_zone_cannot_be_unloaded(sandbox: Sandbox) -> None:
    with pytest.raises(QueryFailed, match="Unsupported Hive type"):
        sandbox.unload("SELECT timestamp '2020-01-01 00:00:00 UTC' AS at")


def test_a_view_is_its_query(sandbox: Sandbox) -> None:
    store(sandbox)
    sandbox.run("CREATE OR REPLACE VIEW v AS SELECT id * 2 AS twice FROM t")
    assert sandbox.select("SELECT max(twice) AS m FROM v")["m"][0] == 6


def test_a_cte_may_have_the_name_of_the_table_it_reads(sandbox: Sandbox) -> None:
    store(sandbox)
    read = sandbox.select("WITH t AS (SELECT id FROM t WHERE id > 1) SELECT count(*) AS n FROM t")
    assert read["n"][0] == 2


def test_a_dropped_table_is_gone(sandbox: Sandbox) -> None:
    store(sandbox)
    sandbox.run("DROP TABLE t")
    sandbox.run("DROP TABLE IF EXISTS t")
    with pytest.raises(QueryFailed, match="TABLE_NOT_FOUND"):
        sandbox.select("SELECT * FROM t")


def test_show_and_describe_list_the_catalog(sandbox: Sandbox) -> None:
    store(sandbox)
    shown = {}
    for statement in ("SHOW TABLES", "SHOW PARTITIONS t", "DESCRIBE t"):
        rows = sandbox.aws.client("athena").get_query_results(
            QueryExecutionId=sandbox.run(statement)
        )["ResultSet"]["Rows"]
        shown[statement] = [row["Data"][0]["VarCharValue"] for row in rows]
    assert shown["SHOW TABLES"] == ["t"]
    assert sorted(shown["SHOW PARTITIONS t"]) == ["day=x", "day=y"]
    assert shown["DESCRIBE t"][0] == "id\tbigint"
