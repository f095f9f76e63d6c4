"""Parquet files and Glue tables, found by name and read as they are."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from skewless.errors import InputError, StoreError
from skewless.offline.frames.incoming import to_arrow
from skewless.offline.tables.glue_rows import open_glue_table
from tests.offline.user_lake import a_glue_table, put

if TYPE_CHECKING:
    from pathlib import Path

    from skewless.aws import Aws

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


def a_table(**columns: Any) -> pa.Table:
    return pa.table(columns or {"n": pa.array([1, None]), "t": pa.array([NOON, None])})


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
    with pytest.raises(InputError, match=r"column 'a': int64 in s3://\S+a.parquet, and double"):
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
    table = open_glue_table(name, aws).read(["userID"], ["userID"])
    assert table.to_pydict() == {"userID": ["u"]}


def test_a_glue_table_without_files_has_typed_columns(aws: Aws, place: str) -> None:
    name = a_glue_table(aws, place, {"a": "bigint", "l": "array<int>"})
    table = to_arrow(name, aws)
    assert (table.num_rows, table.schema.field("a").type) == (0, pa.int64())


def test_a_column_that_a_glue_table_lacks_is_an_error(aws: Aws, place: str) -> None:
    name = a_glue_table(aws, place, {"amount": "double"})
    with pytest.raises(InputError, match=r"has no column 'amuont'. Did you mean 'amount'"):
        open_glue_table(name, aws).read(["amuont"], ["amuont"])


def test_a_glue_table_of_another_format_is_an_error(aws: Aws, place: str) -> None:
    name = a_glue_table(aws, place, {"a": "int"}, InputFormat="org.apache.TextInputFormat")
    with pytest.raises(InputError, match="is not Parquet"):
        to_arrow(name, aws)


def test_a_glue_table_that_is_not_there_is_an_error(aws: Aws, place: str) -> None:
    with pytest.raises(InputError, match=rf"there is no Glue table '{place}.nothing'"):
        to_arrow(f"{place}.nothing", aws)
