"""Frames of every kind in, Arrow inside, the caller's own kind out."""

from __future__ import annotations

import subprocess
import sys
import uuid
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from skewless.aws import Aws
from skewless.errors import InputError, StoreError
from skewless.local import LocalAws
from skewless.offline import frames
from skewless.offline.frames import column_of, kind_of, like, read_glue_table, to_arrow

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
PARQUET = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"


def a_table(**columns: Any) -> pa.Table:
    return pa.table(columns or {"n": pa.array([1, None]), "t": pa.array([NOON, None])})


@pytest.fixture(scope="module")
def aws() -> Aws:
    local = LocalAws.start()
    return Aws(local.session(), local.endpoint)


@pytest.fixture
def place(aws: Aws) -> str:
    """A new bucket and database of one name."""
    name = f"frames{uuid.uuid4().hex}"
    aws.client("s3").create_bucket(Bucket=name)
    aws.client("glue").create_database(DatabaseInput={"Name": name})
    return name


def put(aws: Aws, bucket: str, key: str, content: pa.Table | bytes) -> None:
    if isinstance(content, pa.Table):
        sink = pa.BufferOutputStream()
        pq.write_table(content, sink)
        content = sink.getvalue().to_pybytes()
    frames.write_bytes(f"s3://{bucket}/{key}", content, aws)


def a_glue_table(
    aws: Aws, place: str, columns: dict[str, str], keys: dict[str, str] | None = None, **stored: Any
) -> str:
    aws.client("glue").create_table(
        DatabaseName=place,
        TableInput={
            "Name": "events",
            "PartitionKeys": [{"Name": n, "Type": t} for n, t in (keys or {}).items()],
            "StorageDescriptor": {
                "Columns": [{"Name": n, "Type": t} for n, t in columns.items()],
                "Location": f"s3://{place}/events/",
                "InputFormat": PARQUET,
                **stored,
            },
        },
    )
    return f"{place}.events"


def test_an_arrow_table_is_itself() -> None:
    table = a_table()
    assert to_arrow(table) is not None
    assert to_arrow(table).equals(table)


def test_a_record_batch_is_a_table() -> None:
    assert to_arrow(a_table().to_batches()[0]).equals(a_table())


def test_anything_with_an_arrow_stream_is_read() -> None:
    assert to_arrow(a_table().to_reader()).equals(a_table())


def test_pandas_nan_is_null_and_ints_stay_ints() -> None:
    frame = pd.DataFrame({"f": [1.5, np.nan], "i": [1, 2], "n": pd.array([1, None], "Int64")})
    table = to_arrow(frame)
    assert table.to_pydict() == {"f": [1.5, None], "i": [1, 2], "n": [1, None]}
    assert table.schema.field("n").type == pa.int64()


def test_pandas_objects_of_decimals_categories_and_times_are_read() -> None:
    frame = pd.DataFrame(
        {
            "d": [Decimal("1.50"), None],
            "c": pd.Categorical(["a", None]),
            "t": pd.Series([NOON, None], dtype="datetime64[us, UTC]"),
        }
    )
    assert to_arrow(frame).to_pydict() == {
        "d": [Decimal("1.50"), None],
        "c": ["a", None],
        "t": [NOON, None],
    }


def test_the_index_of_a_pandas_frame_is_not_read() -> None:
    frame = pd.DataFrame({"a": [1, 2, 3]}, index=[5, 6, 7])[lambda f: f.a > 1]
    assert to_arrow(frame).to_pydict() == {"a": [2, 3]}


def test_polars_frames_are_read() -> None:
    frame = pl.DataFrame({"s": ["a", None], "t": [NOON, None], "l": [[1], None]})
    assert to_arrow(frame).to_pydict() == {"s": ["a", None], "t": [NOON, None], "l": [[1], None]}


def test_a_lazy_polars_frame_is_refused_with_a_hint() -> None:
    with pytest.raises(InputError, match=r"a LazyFrame is not a frame.*\.collect\(\)"):
        to_arrow(pl.DataFrame({"a": [1]}).lazy())


def test_rows_may_lack_keys() -> None:
    assert to_arrow([{"a": 1}, {"b": "x"}]).to_pydict() == {"a": [1, None], "b": [None, "x"]}


def test_no_rows_are_an_empty_table() -> None:
    assert to_arrow([]).num_rows == 0


def test_a_column_of_mixed_values_keeps_each_as_it_is() -> None:
    values = [1, "a", 2.5, True, None, b"x", NOON, date(2024, 5, 1), Decimal("1.1"), [1], {"k": 1}]
    column = column_of(values)
    assert pa.types.is_union(column.type)
    assert column.to_pylist() == values


def test_integers_and_floats_are_not_mixed_to_floats() -> None:
    assert column_of([2**60 + 1, 0.5]).to_pylist() == [2**60 + 1, 0.5]


def test_what_arrow_cannot_hold_is_kept_as_text() -> None:
    assert column_of([2**70, None]).to_pylist() == [{"unsupported": str(2**70)}, None]
    assert "UUID" in str(column_of([uuid.uuid4()]).to_pylist())
    assert column_of([[1, "a"]]).to_pylist() == [{"unsupported": "[1, 'a']"}]


def test_a_pandas_timestamps_nanoseconds_are_kept() -> None:
    value = pd.Timestamp(1_714_564_800_000_000_001, unit="ns", tz="UTC")
    assert column_of([value, NOON]).cast is not None
    assert column_of([value]).cast(pa.int64()).to_pylist() == [1_714_564_800_000_000_001]


def test_missing_markers_of_pandas_are_null() -> None:
    assert column_of([pd.NA, pd.NaT, np.float64("nan"), None, "a"]).to_pylist() == [None] * 4 + [
        "a"
    ]


def test_two_columns_of_one_name_are_refused() -> None:
    with pytest.raises(InputError, match="several columns named 'a'"):
        to_arrow(pd.DataFrame([[1, 2]], columns=["a", "a"]))


@pytest.mark.parametrize("frame", [3, object(), {"a": 1}])
def test_what_is_no_frame_is_refused(frame: object) -> None:
    with pytest.raises(InputError, match="is not a frame"):
        to_arrow(frame)


def test_the_answer_is_of_the_callers_library() -> None:
    assert kind_of(pd.DataFrame()) == "pandas"
    assert kind_of(pl.DataFrame()) == "polars"
    assert kind_of("s3://bucket/key") == "arrow"
    assert isinstance(like(a_table(), "pandas"), pd.DataFrame)
    assert isinstance(like(a_table(), "polars"), pl.DataFrame)
    assert like(a_table(), "arrow").equals(a_table())


def test_in_pandas_integers_with_nulls_stay_integers() -> None:
    table = a_table(
        n=pa.array([1, None]),
        b=pa.array([True, None]),
        i=pa.array([1, 2]),
        f=pa.array([1.5, None]),
        t=pa.array([NOON, None]),
    )
    frame = like(table, "pandas")
    assert [str(kind) for kind in frame.dtypes] == [
        "Int64",
        "boolean",
        "int64",
        "float64",
        "datetime64[us, UTC]",
    ]
    assert list(frame.columns) == table.column_names


def test_a_pandas_frame_may_have_nothing_but_nullable_columns() -> None:
    frame = like(a_table(n=pa.array([1, None])), "pandas")
    assert frame["n"].tolist() == [1, pd.NA]


def test_pandas_and_polars_are_not_imported_unless_there() -> None:
    code = (
        "import sys, pyarrow as pa\n"
        "from skewless.offline.frames import kind_of, like, to_arrow\n"
        "table = to_arrow(pa.Table.from_arrays([pa.nulls(1)], ['a']))\n"
        "like(table, kind_of(table))\n"
        "assert 'pandas' not in sys.modules and 'polars' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": ":".join(sys.path)})  # noqa: S603


def test_a_parquet_path_is_read(tmp_path: Path) -> None:
    pq.write_table(a_table(), tmp_path / "a.parquet")
    assert to_arrow(tmp_path / "a.parquet").equals(a_table())
    assert to_arrow(str(tmp_path)).equals(a_table())


def test_a_path_that_is_not_there_is_an_error() -> None:
    with pytest.raises(InputError, match=r"'nowhere\.parquet' is neither a Parquet file"):
        to_arrow("nowhere.parquet")


def test_s3_needs_to_be_told_which_aws() -> None:
    with pytest.raises(InputError, match="is on AWS"):
        to_arrow("s3://bucket/key")


def test_an_object_on_s3_is_read(aws: Aws, place: str) -> None:
    put(aws, place, "in/a.parquet", a_table())
    assert to_arrow(f"s3://{place}/in/a.parquet", aws).equals(a_table())


def test_a_folder_on_s3_is_read_without_hidden_files_or_neighbours(aws: Aws, place: str) -> None:
    put(aws, place, "in/a.parquet", a_table(a=[1]))
    put(aws, place, "in/deep/b.parquet", a_table(a=[2], b=["x"]))
    put(aws, place, "in/_SUCCESS", b"")
    put(aws, place, "input/c.parquet", a_table(a=[3]))
    assert to_arrow(f"s3://{place}/in", aws).to_pydict() == {"a": [1, 2], "b": [None, "x"]}


def test_a_large_object_is_read_by_ranges(
    aws: Aws, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "WHOLE", 1000)
    table = a_table(a=np.random.default_rng(0).integers(0, 2**60, 20_000))
    put(aws, place, "a.parquet", table)
    assert to_arrow(f"s3://{place}/a.parquet", aws).equals(table)


@pytest.mark.parametrize("broken", [b"", b"no parquet at all", b"PAR1 truncated"])
def test_a_broken_file_is_named_with_the_reason(aws: Aws, place: str, broken: bytes) -> None:
    put(aws, place, "in/a.parquet", a_table())
    put(aws, place, "in/b.parquet", broken)
    with pytest.raises(InputError, match=rf"s3://{place}/in/b.parquet cannot be read as Parquet: "):
        to_arrow(f"s3://{place}/in/b.parquet", aws)


def test_a_truncated_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(a_table(), path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match=r"a\.parquet cannot be read as Parquet"):
        to_arrow(path)


def test_nothing_at_an_address_is_an_error(aws: Aws, place: str) -> None:
    with pytest.raises(InputError, match="there is no Parquet file at"):
        to_arrow(f"s3://{place}/nothing", aws)


def test_a_bucket_that_is_not_there_is_an_error(aws: Aws) -> None:
    with pytest.raises(StoreError, match="could not be listed"):
        to_arrow("s3://no-such-bucket-anywhere/a.parquet", aws)


def test_files_that_disagree_are_an_error_and_not_floats(aws: Aws, place: str) -> None:
    put(aws, place, "in/a.parquet", a_table(a=[2**60 + 1]))
    put(aws, place, "in/b.parquet", a_table(a=[0.5]))
    with pytest.raises(InputError, match="disagree about the type of column 'a': double, int64"):
        to_arrow(f"s3://{place}/in/", aws)


def test_files_of_two_writers_are_one_column_of_strings(aws: Aws, place: str) -> None:
    put(aws, place, "in/a.parquet", a_table(a=pa.array(["x"], pa.string())))
    put(aws, place, "in/b.parquet", a_table(a=pa.array(["y"], pa.large_string())))
    assert to_arrow(f"s3://{place}/in/", aws)["a"].to_pylist() == ["x", "y"]


def test_a_glue_table_is_read_with_its_times_in_utc(aws: Aws, place: str) -> None:
    name = a_glue_table(aws, place, {"a": "bigint", "at": "timestamp"})
    put(aws, place, "events/0.parquet", a_table(a=[1], at=[NOON.replace(tzinfo=None)]))
    assert to_arrow(name, aws).to_pylist() == [{"a": 1, "at": NOON}]


def test_a_glue_tables_partition_keys_are_columns(aws: Aws, place: str) -> None:
    name = a_glue_table(aws, place, {"a": "bigint"}, {"year": "int"})
    for year in ("2023", "2024"):
        location = f"s3://{place}/events/year={year}/"
        put(aws, place, f"events/year={year}/0.parquet", a_table(a=[int(year)]))
        aws.client("glue").create_partition(
            DatabaseName=place,
            TableName="events",
            PartitionInput={"Values": [year], "StorageDescriptor": {"Location": location}},
        )
    assert to_arrow(name, aws).to_pydict() == {"a": [2023, 2024], "year": [2023, 2024]}


def test_columns_of_a_glue_table_are_found_in_any_case(aws: Aws, place: str) -> None:
    name = a_glue_table(aws, place, {"userid": "string", "b": "int"})
    put(aws, place, "events/0.parquet", a_table(userId=["u"], b=[1]))
    assert read_glue_table(name, aws, columns=["userID"]).to_pydict() == {"userID": ["u"]}


def test_a_glue_table_without_files_has_typed_columns(aws: Aws, place: str) -> None:
    name = a_glue_table(aws, place, {"a": "bigint", "l": "array<int>"})
    table = to_arrow(name, aws)
    assert (table.num_rows, table.schema.field("a").type) == (0, pa.int64())


def test_a_column_that_a_glue_table_lacks_is_an_error(aws: Aws, place: str) -> None:
    name = a_glue_table(aws, place, {"amount": "double"})
    with pytest.raises(InputError, match=r"has no column 'amuont'. Did you mean 'amount'"):
        read_glue_table(name, aws, columns=["amuont"])


def test_a_glue_table_of_another_format_is_an_error(aws: Aws, place: str) -> None:
    name = a_glue_table(aws, place, {"a": "int"}, InputFormat="org.apache.TextInputFormat")
    with pytest.raises(InputError, match="is not Parquet"):
        to_arrow(name, aws)


def test_a_glue_table_that_is_not_there_is_an_error(aws: Aws, place: str) -> None:
    with pytest.raises(InputError, match=rf"there is no Glue table '{place}.nothing'"):
        to_arrow(f"{place}.nothing", aws)
