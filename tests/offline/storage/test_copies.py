"""Files on S3 are copied here whole, but for large columns that nobody reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from skewless.offline.storage import copies, objects
from skewless.offline.storage.copies import copy_files
from tests.offline.user_lake import put

if TYPE_CHECKING:
    from pathlib import Path

    from skewless.aws import Aws

ROWS = 20_000


def a_table() -> pa.Table:
    random = np.random.default_rng(0)
    numbers = pa.array(random.integers(0, 2**60, ROWS))
    lists = pa.ListArray.from_arrays(pa.array(np.arange(ROWS + 1, dtype=np.int32)), numbers)
    columns = {"first": numbers, "lists": lists, "unread": numbers, "last": numbers}
    fields = [
        pa.field(name, column.type, metadata={"PARQUET:field_id": str(number)})
        for number, (name, column) in enumerate(columns.items(), 1)
    ]
    return pa.table(list(columns.values()), schema=pa.schema(fields))


@pytest.fixture
def has_small_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "WHOLE", 50_000)
    monkeypatch.setattr(copies, "_LEAST_HOLE", 10_000)


def test_small_files_are_copied_as_they_are(aws: Aws, place: str, tmp_path: Path) -> None:
    for name in ("a", "b"):
        put(aws, place, name, name.encode())
    copy_files(aws.client("s3"), [f"s3://{place}/a", f"s3://{place}/b"], {1}, tmp_path)
    assert [(tmp_path / f"{n}.parquet").read_bytes() for n in (0, 1)] == [b"a", b"b"]


@pytest.mark.usefixtures("has_small_objects")
@pytest.mark.parametrize("fields", [{1}, {2}, {4}, {1, 2, 4}, {2, 3}, {1, 2, 3, 4}], ids=str)
def test_a_large_file_has_the_columns_that_are_read(
    aws: Aws, place: str, tmp_path: Path, fields: set[int]
) -> None:
    table = a_table()
    put(aws, place, "a", table)
    copy_files(aws.client("s3"), [f"s3://{place}/a"], fields, tmp_path)
    names = [name for number, name in enumerate(table.column_names, 1) if number in fields]
    assert pq.read_table(tmp_path / "0.parquet", columns=names).equals(table.select(names))


@pytest.mark.usefixtures("has_small_objects")
def test_a_large_column_that_nobody_reads_is_not_copied(
    aws: Aws, place: str, tmp_path: Path
) -> None:
    table = a_table()
    put(aws, place, "a", table)
    copy_files(aws.client("s3"), [f"s3://{place}/a"], {1, 4}, tmp_path)
    copy = (tmp_path / "0.parquet").read_bytes()
    whole = objects.open_object(aws.client("s3"), f"s3://{place}/a").read()
    assert len(copy) == len(whole)
    # Two of four columns of 8 bytes a row, packed or not.
    assert sum(a != b for a, b in zip(copy, whole, strict=True)) > ROWS * 2 * 7


def test_a_file_that_is_not_there_is_an_error(aws: Aws, place: str, tmp_path: Path) -> None:
    put(aws, place, "a", b"a")
    with pytest.raises(FileNotFoundError, match=r"there is no object s3://.*/b"):
        copy_files(aws.client("s3"), [f"s3://{place}/b", f"s3://{place}/a"], {1}, tmp_path)
