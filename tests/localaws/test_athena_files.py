"""Athena SQL reads what the local AWS's S3 has, and nothing else of this machine."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from awswrangler.exceptions import QueryFailed

from localaws.core.athena import engine, storage

if TYPE_CHECKING:
    from pathlib import Path

    from tests.localaws.sandbox import Sandbox

SECRET = "told-to-nobody"  # noqa: S105 - the content of a file

# Every function of DuckDB that takes a path, a query, a pointer or a setting.
CALLS = (
    "read_text('{path}')",
    "read_blob('{path}')",
    "read_csv('{path}')",
    "read_csv_auto('{path}')",
    "read_csv('{path}', header=false)",
    "sniff_csv('{path}')",
    "read_json('{path}')",
    "read_json_auto('{path}')",
    "read_json_objects('{path}')",
    "read_json_objects_auto('{path}')",
    "read_ndjson('{path}')",
    "read_ndjson_auto('{path}')",
    "read_ndjson_objects('{path}')",
    "read_parquet('{path}')",
    "parquet_scan('{path}')",
    "parquet_schema('{path}')",
    "parquet_metadata('{path}')",
    "parquet_file_metadata('{path}')",
    "parquet_kv_metadata('{path}')",
    "parquet_bloom_probe('{path}', 'a', 1)",
    "read_duckdb('{path}')",
    "read_xlsx('{path}')",
    "st_read('{path}')",
    "sqlite_scan('{path}', 't')",
    "postgres_scan('host=127.0.0.1', 'public', 't')",
    "iceberg_scan('{path}')",
    "delta_scan('{path}')",
    "glob('{path}')",
    "\"glob\"('{path}')",
    "query('select 1')",
    "query_table('t')",
    "json_execute_serialized_sql('x')",
    "arrow_scan(1, 2, 3)",
    "arrow_scan_dumb(1, 2, 3)",
    "pandas_scan(1)",
    "python_map_function(1)",
    "seq_scan('t')",
    "duckdb_settings()",
    "duckdb_secrets()",
    "duckdb_databases()",
    "duckdb_extensions()",
    "duckdb_logs()",
    "duckdb_temporary_files()",
    "pragma_database_list()",
    "pragma_version()",
    "generate_series(1, 2)",
    "read_text('http://127.0.0.1:1/x')",
    "read_csv('https://example.com/x.csv')",
    "read_parquet('s3://bucket/key')",
    "read_parquet('hf://datasets/x')",
)
FORMS = (
    "select * from {call}",
    "from {call}",
    "select * from {call} as t",
    "select (select count(*) from {call})",
    "with t as (select * from {call}) select * from t",
    "select * from (select 1) as t cross join {call}",
    "select * from (select 1) as t, lateral {call}",
    "select * from main.{call}",
    "select 1 where exists (select 1 from {call})",
    "select 1 union all select count(*) from {call}",
)
NAMES = (
    "'{path}'",
    '"{path}"',
    '"file://{path}"',
    "'http://127.0.0.1:1/x.csv'",
    '"duckdb_settings"',
)
STATEMENTS = (
    "copy (select 1) to '{path}'",
    "copy t from '{path}'",
    "attach '{path}' as other",
    "attach ':memory:' as other",
    "install httpfs",
    "load httpfs",
    "load '{path}'",
    "set enable_external_access = true",
    "set global lock_configuration = false",
    "reset lock_configuration",
    "pragma enable_external_access",
    "export database '{path}'",
    "import database '{path}'",
    "create secret s (type s3)",
    "checkpoint",
    "call pragma_version()",
    "select 1; copy (select 1) to '{path}'",
    "prepare p as select * from read_text('{path}')",
    "create table t as select * from read_text('{path}')",
    "create view v as select * from read_text('{path}')",
    "insert into t select * from read_text('{path}')",
    "unload (select * from read_text('{path}')) to 's3://bucket/x/' with (format = 'PARQUET')",
    "explain select * from read_text('{path}')",
    "explain analyze select * from read_text('{path}')",
    "select current_setting('allowed_directories')",
    "select getenv('HOME')",
)


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret.csv"
    path.write_text(f"a\n{SECRET}\n")
    return path


def refusal_of(sandbox: Sandbox, sql: str) -> str:
    with pytest.raises(QueryFailed) as refused:
        sandbox.run(sql)
    text = str(refused.value)
    assert SECRET not in text
    return text


@pytest.mark.parametrize("call", CALLS)
def test_functions_of_the_engine_are_not_athena_s(
    sandbox: Sandbox, secret: Path, call: str
) -> None:
    for form in FORMS:
        refusal_of(sandbox, form.format(call=call.format(path=secret)))


def test_a_function_that_reads_files_is_refused_by_name(sandbox: Sandbox, secret: Path) -> None:
    text = refusal_of(sandbox, f"select * from read_text('{secret}')")
    assert text == "FUNCTION_NOT_FOUND: line 1:1: Function 'read_text' not registered"


@pytest.mark.parametrize("name", NAMES)
def test_a_path_is_no_table(sandbox: Sandbox, secret: Path, name: str) -> None:
    refusal_of(sandbox, f"select * from {name.format(path=secret)}")


@pytest.mark.parametrize("statement", STATEMENTS)
def test_no_statement_reaches_files_or_settings(
    sandbox: Sandbox, secret: Path, statement: str
) -> None:
    before = sorted(secret.parent.iterdir())
    refusal_of(sandbox, statement.format(path=secret))
    assert sorted(secret.parent.iterdir()) == before
    assert SECRET in secret.read_text()


@pytest.mark.parametrize("variable", ["hidden", "sandbox", "sql"])
def test_a_variable_of_this_program_is_no_table(sandbox: Sandbox, variable: str) -> None:
    hidden = pa.table({"a": [SECRET]})
    assert hidden.num_rows == 1
    assert "TABLE_NOT_FOUND" in refusal_of(sandbox, f"select * from {variable}")


def test_a_version_is_no_way_to_a_file(sandbox: Sandbox, secret: Path) -> None:
    sandbox.run(
        f"create table t (a bigint) location '{sandbox.new_path()}' "
        "tblproperties ('table_type' = 'ICEBERG')"
    )
    read = f"(select cast(content as timestamp) from read_text('{secret}'))"
    assert "read_text" in refusal_of(sandbox, f"select * from t for timestamp as of {read}")


@pytest.mark.parametrize(
    "name",
    ["x\" from read_text('{path}') --", "x\", (select content from read_text('{path}')) \"y"],
)
def test_a_column_s_name_is_no_way_to_a_file(sandbox: Sandbox, secret: Path, name: str) -> None:
    column = {"Name": name.format(path=secret), "Type": "string"}
    for kind, folder in (("Parquet", "empty"), ("lazySimple", "full")):
        location = sandbox.path(folder)
        sandbox.aws.client("s3").put_object(Bucket=sandbox.database, Key="full/a", Body=b"text\n")
        sandbox.aws.client("glue").create_table(
            DatabaseName=sandbox.database,
            TableInput={
                "Name": folder,
                "StorageDescriptor": {
                    "Columns": [column],
                    "Location": location,
                    "SerdeInfo": {"SerializationLibrary": f"x.{kind}SerDe"},
                },
            },
        )
        try:
            query = sandbox.run(f"select * from {folder}")
        except QueryFailed as error:
            assert SECRET not in str(error)  # noqa: PT017 - it may be refused or answered
            continue
        rows = sandbox.aws.client("athena").get_query_results(QueryExecutionId=query)
        assert SECRET not in str(rows["ResultSet"]["Rows"])


KEYS = (
    "../../../../../../tmp/x/a.csv",
    "t/../../a.csv",
    "t//etc/passwd",
    "t/*.csv",
    "t/[a-z]?.csv",
    "t/x=1/y=2/a.csv",
    f"t/{'a' * 600}.csv",
)


@pytest.mark.parametrize("key", KEYS)
def test_an_object_s_copy_stays_in_this_program_s_folder(sandbox: Sandbox, key: str) -> None:
    s3 = sandbox.aws.client("s3")
    s3.put_object(Bucket=sandbox.database, Key=key, Body=b"1\n2\n")
    location = sandbox.path(key.rpartition("/")[0])
    copies = storage.download(s3, location)
    folder = storage.scratch() / "objects"
    assert [copy.path.parent for copy in copies] == [folder] * len(copies)
    assert [copy.key for copy in copies] == [key]
    assert re.fullmatch(r"[0-9a-f]{64}(\.csv)?", copies[0].path.name)
    sandbox.run(f"create external table t (a bigint) location '{location}'")
    assert sandbox.row("sum(a) from t") == ["3"]


def test_first_queries_at_once_have_one_folder() -> None:
    """DuckDB may read the folder of the one that asked first, and no other."""
    program = (
        "import sys; from threading import Barrier\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from localaws.core.athena import storage\n"
        "sys.setswitchinterval(1e-6); together = Barrier(16)\n"
        "def ask(_): together.wait(); return storage.scratch()\n"
        "with ThreadPoolExecutor(16) as threads: print(len(set(threads.map(ask, range(16)))))\n"
    )
    ran = subprocess.run(  # noqa: S603 - our own program, in a process that has no folder yet
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout == "1\n"


def test_a_compressed_object_is_read_still(sandbox: Sandbox) -> None:
    sandbox.run(
        f"create table t with (format = 'TEXTFILE', external_location = '{sandbox.path('t')}') "
        "as select 7 as a"
    )
    assert sandbox.row("a from t") == ["7"]


WAYS = (
    "select * from read_text('{path}')",
    "select * from read_csv('{path}')",
    "select * from '{path}'",
    "select * from glob('{path}')",
    "copy (select 1) to '{path}'",
    "attach '{path}' as other",
    "load '{path}'",
    "install httpfs",
    "select * from hidden",
    "set enable_external_access = true",
    "set global enable_external_access = true",
    "set lock_configuration = false",
    "set allowed_directories = ['/']",
    "reset allowed_directories",
    "pragma enable_external_access = true",
    "export database '{path}'",
    "select * from read_text('{copies}/../{name}/../../etc/passwd')",
)


@pytest.mark.parametrize("sql", WAYS)
def test_the_engine_itself_is_locked(secret: Path, sql: str) -> None:
    hidden = pa.table({"a": [SECRET]})
    assert hidden.num_rows == 1
    copies = storage.scratch()
    connection = engine.connect()
    with pytest.raises(duckdb.Error):
        connection.execute(sql.format(path=secret, copies=copies, name=copies.name)).fetchall()
    connection.close()
    assert SECRET in secret.read_text()


def test_a_table_s_metadata_chooses_no_other_files(sandbox: Sandbox, tmp_path: Path) -> None:
    """pyiceberg takes the class that reads files from a table's own properties."""
    pq.write_table(pa.table({"a": [1]}), tmp_path / "a.parquet")
    sandbox.run(
        f"create table t (a bigint) location '{sandbox.new_path()}' "
        "tblproperties ('table_type' = 'ICEBERG')"
    )
    with sandbox.iceberg().load_table(f"{sandbox.database}.t").transaction() as change:
        change.set_properties(
            {
                "py-io-impl": "pyiceberg.io.pyarrow.PyArrowFileIO",
                "write.data.path": f"file://{tmp_path}",
            }
        )
    with pytest.raises(QueryFailed):
        sandbox.run("insert into t values (2)")
    assert [path.name for path in tmp_path.iterdir()] == ["a.parquet"]
