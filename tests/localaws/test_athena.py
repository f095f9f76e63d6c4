"""Queries through awswrangler, unmodified, and what boto3 says about them."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import awswrangler as wr
import duckdb
import pandas as pd
import pyarrow as pa
import pytest
from awswrangler.exceptions import QueryFailed
from botocore.exceptions import ClientError

import localaws
from localaws.core.athena import statements

if TYPE_CHECKING:
    from tests.localaws.sandbox import Sandbox

# awswrangler 3.17 calls pandas 3 in ways that pandas 4 will refuse.
pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")

MICROS = pd.Timestamp("2020-01-01 00:00:00.123456")
MODES = [
    pytest.param({"ctas_approach": True}, id="ctas"),
    pytest.param({"ctas_approach": False}, id="csv"),
    pytest.param({"ctas_approach": False, "unload_approach": True}, id="unload"),
]


def some_rows() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": [1, 2, 3],
            "amount": [1.5, None, 3.0],
            "at": [MICROS, MICROS, pd.NaT],
            "name": ["a", None, "c"],
            "day": ["x", "y", "x"],
        }
    )


def store(sandbox: Sandbox, table: str = "t") -> None:
    wr.s3.to_parquet(
        some_rows(),
        path=sandbox.path(table),
        dataset=True,
        database=sandbox.database,
        table=table,
        partition_cols=["day"],
        boto3_session=sandbox.session,
    )


@pytest.mark.parametrize("mode", MODES)
def test_rows_come_back_with_nulls_and_milliseconds(sandbox: Sandbox, mode: dict[str, Any]) -> None:
    store(sandbox)
    read = sandbox.select("SELECT * FROM t ORDER BY id", **mode)
    assert read["id"].tolist() == [1, 2, 3]
    assert read["amount"].isna().tolist() == [False, True, False]
    assert read["name"].isna().tolist() == [False, True, False]
    assert read["at"].tolist()[:2] == [MICROS.floor("ms")] * 2
    assert read["day"].tolist() == ["x", "y", "x"]


@pytest.mark.parametrize("mode", MODES[:2])
def test_an_empty_result_has_its_columns_types(sandbox: Sandbox, mode: dict[str, Any]) -> None:
    store(sandbox)
    read = sandbox.select("SELECT id, amount, name FROM t WHERE id > 5", **mode)
    assert read.empty
    assert read.dtypes.astype(str).tolist() == ["Int64", "float64", "string"]


def test_a_null_is_not_an_empty_string(sandbox: Sandbox) -> None:
    assert sandbox.row("'' AS empty, cast(NULL AS varchar) AS nothing") == ["", None]


def test_unloaded_files_keep_exact_types(sandbox: Sandbox) -> None:
    table = sandbox.unload(
        "SELECT cast('99999999999999999999999999999999999999' AS decimal(38,0)) AS d,"
        " timestamp '2020-01-01 00:00:00.123456' AS at, bigint '9223372036854775807' AS n"
    )
    assert table.schema.types == [pa.decimal128(38, 0), pa.timestamp("us"), pa.int64()]
    assert table.to_pylist() == [
        {"d": Decimal(10**38 - 1), "at": MICROS.to_pydatetime(), "n": 2**63 - 1}
    ]


def test_an_unload_of_many_rows_is_several_files(sandbox: Sandbox) -> None:
    target = sandbox.new_path()
    sandbox.run(
        "UNLOAD (SELECT a, b FROM unnest(sequence(1, 600)) AS x(a)"
        f" CROSS JOIN unnest(sequence(1, 500)) AS y(b)) TO '{target}' WITH (format = 'PARQUET')"
    )
    files = wr.s3.list_objects(target, boto3_session=sandbox.session)
    assert len(files) > 1
    assert len(wr.s3.read_parquet(files, boto3_session=sandbox.session)) == 300_000


def test_an_unload_is_listed_in_its_manifest(sandbox: Sandbox) -> None:
    target = sandbox.new_path()
    query = sandbox.run(f"UNLOAD (SELECT 1 AS a) TO '{target}' WITH (format = 'PARQUET')")
    athena = sandbox.aws.client("athena")
    execution = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]
    bucket, _, key = (
        execution["Statistics"]["DataManifestLocation"].removeprefix("s3://").partition("/")
    )
    listed = sandbox.aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode()
    assert listed.split() == wr.s3.list_objects(target, boto3_session=sandbox.session)


@pytest.mark.parametrize("unsafe", [":", "+", " ", "@", "é"])
def test_an_unload_to_a_key_of_special_characters_is_refused(sandbox: Sandbox, unsafe: str) -> None:
    target = f"{sandbox.new_path()}a{unsafe}b/"
    with pytest.raises(QueryFailed, match="S3 asks to avoid them"):
        sandbox.run(f"UNLOAD (SELECT 1 AS a) TO '{target}' WITH (format = 'PARQUET')")


def test_an_unload_onto_objects_is_refused(sandbox: Sandbox) -> None:
    store(sandbox)
    with pytest.raises(QueryFailed, match="HIVE_PATH_ALREADY_EXISTS"):
        sandbox.run(f"UNLOAD (SELECT 1 AS a) TO '{sandbox.path('t')}' WITH (format = 'PARQUET')")


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT * FROM absent", "TABLE_NOT_FOUND: .*absent"),
        ("SELEC 1", "SYNTAX_ERROR"),
        ("SELECT nope FROM (SELECT 1 AS a)", "COLUMN_NOT_FOUND: .*nope"),
        ("SELECT no_such_function(1)", "FUNCTION_NOT_FOUND"),
        ("SELECT 1 / 0", "DIVISION_BY_ZERO"),
        ("SELECT mod(1, 0)", "DIVISION_BY_ZERO"),
        ("SELECT cast('x' AS bigint)", "INVALID_CAST_ARGUMENT"),
        ("SELECT bigint '9223372036854775807' + 1", "NUMERIC_VALUE_OUT_OF_RANGE"),
        ("SELECT sum(x) FROM (VALUES 9223372036854775807, 1) t(x)", "NUMERIC_VALUE_OUT_OF_RANGE"),
        (
            "SELECT cast('6e37' AS decimal(38,0)) + cast('6e37' AS decimal(38,0))",
            "NUMERIC_VALUE_OUT_OF_RANGE",
        ),
        ("CREATE TABLE x AS SELECT 1", "MISSING_COLUMN_NAME"),
        ("DELETE FROM absent", "TABLE_NOT_FOUND"),
    ],
)
def test_a_query_that_cannot_run_fails_with_its_reason(
    sandbox: Sandbox, sql: str, reason: str
) -> None:
    with pytest.raises(QueryFailed, match=reason):
        sandbox.run(sql)


def test_an_unknown_workgroup_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(ClientError, match="WorkGroup"):
        sandbox.run("SELECT 1", WorkGroup="absent")


def test_a_query_without_an_output_location_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(ClientError, match="No output location provided"):
        sandbox.aws.client("athena").start_query_execution(QueryString="SELECT 1")


def test_a_statement_of_more_bytes_than_athena_takes_is_refused(sandbox: Sandbox) -> None:
    longest = 262_144
    around = "SELECT length('') AS n"
    text = "\u00e4" * ((longest - len(around)) // 2)
    fits = around.replace("''", f"'{text}'")
    assert sandbox.select(fits)["n"].tolist() == [len(text)]
    with pytest.raises(ClientError, match=r"InvalidRequestException.*less than or equal to 262144"):
        sandbox.run(fits.replace("SELECT", "SELECT  "))


def test_a_workgroup_decides_where_results_go(sandbox: Sandbox) -> None:
    athena = sandbox.aws.client("athena")
    output = sandbox.path("of-the-group")
    athena.create_work_group(
        Name=sandbox.database,
        Configuration={"ResultConfiguration": {"OutputLocation": output}},
    )
    query = athena.start_query_execution(QueryString="SELECT 1", WorkGroup=sandbox.database)
    execution = athena.get_query_execution(QueryExecutionId=query["QueryExecutionId"])
    location = execution["QueryExecution"]["ResultConfiguration"]["OutputLocation"]
    assert location == f"{output}{query['QueryExecutionId']}.csv"


def test_results_are_paged(sandbox: Sandbox) -> None:
    query = sandbox.run("SELECT n FROM unnest(sequence(1, 25)) AS t(n) ORDER BY n")
    pages = (
        sandbox.aws.client("athena")
        .get_paginator("get_query_results")
        .paginate(QueryExecutionId=query, PaginationConfig={"PageSize": 10})
    )
    rows = [row["Data"][0]["VarCharValue"] for page in pages for row in page["ResultSet"]["Rows"]]
    assert rows == ["n", *map(str, range(1, 26))]


def test_columns_without_a_name_are_numbered(sandbox: Sandbox) -> None:
    assert list(sandbox.select("SELECT 1, 2 AS Two, 1 + 2").columns) == ["_col0", "two", "_col2"]


def test_parameters_fill_question_marks(sandbox: Sandbox) -> None:
    read = sandbox.select("SELECT ? AS a, ? AS b", params=["1", "'x'"], paramstyle="qmark")
    assert read.to_numpy().tolist() == [[1, "x"]]


def test_dates_and_instants_are_written_as_athena_writes_them(sandbox: Sandbox) -> None:
    assert sandbox.row(
        "date '2020-01-02', timestamp '2020-01-02 03:04:05',"
        " timestamp '2020-01-02 03:04:05.000006', timestamp '2020-01-02 03:04:05 UTC',"
        " true, 1e10, array[1, null], cast(row(1, 'x') AS row(a bigint, b varchar)), x'00ff'"
    ) == [
        "2020-01-02",
        "2020-01-02 03:04:05.000",
        "2020-01-02 03:04:05.000006",
        "2020-01-02 03:04:05.000 UTC",
        "true",
        "1.0E10",
        "[1, null]",
        "{a=1, b=x}",
        "00 ff",
    ]


def test_a_stopped_query_is_cancelled(sandbox: Sandbox) -> None:
    athena = sandbox.aws.client("athena")
    query = athena.start_query_execution(
        QueryString="SELECT count(*) FROM unnest(sequence(1, 100000)) AS a(x)"
        " CROSS JOIN unnest(sequence(1, 1000000)) AS b(y) WHERE sqrt(x) * y = 0.5e0",
        ResultConfiguration={"OutputLocation": sandbox.new_path()},
    )["QueryExecutionId"]
    athena.stop_query_execution(QueryExecutionId=query)
    described = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]
    assert described["Status"]["State"] == "CANCELLED"
    assert described["Status"]["CompletionDateTime"] <= dt.datetime.now(dt.UTC)


def test_a_query_is_run_again_where_duckdb_itself_failed(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute, failures = statements.execute, [duckdb.InternalException("a bug")]

    def fails_once(run: Any) -> Any:
        if failures:
            raise failures.pop()
        return execute(run)

    monkeypatch.setattr(statements, "execute", fails_once)
    assert list(sandbox.select("select 1 as one")["one"]) == [1]
    assert not failures


@pytest.mark.slow
def test_a_process_ends_while_a_query_runs() -> None:
    program = """
from localaws import LocalAws
aws = LocalAws.start()
aws.client("s3").create_bucket(Bucket="results")
athena = aws.client("athena")
numbers = "UNNEST(sequence(1, 10000))"
query = athena.start_query_execution(
    QueryString=f"SELECT count(*) FROM {numbers} a (x), {numbers} b (y), {numbers} c (z)",
    ResultConfiguration={"OutputLocation": "s3://results/"},
)["QueryExecutionId"]
while (status := athena.get_query_execution(QueryExecutionId=query))[
    "QueryExecution"]["Status"]["State"] == "QUEUED":
    pass
print(status["QueryExecution"]["Status"]["State"])
"""
    sdk = str(Path(localaws.__file__).parents[1])
    ran = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": sdk},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "RUNNING\n", "")
