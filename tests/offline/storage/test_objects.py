"""Objects on S3: written and read whole, or by ranges when they are large."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest

from skewless.errors import StoreError
from skewless.offline.frames.incoming import to_arrow
from skewless.offline.storage import objects
from tests.offline.user_lake import put

if TYPE_CHECKING:
    from pathlib import Path

    from skewless.aws import Aws


def test_a_large_object_is_read_by_ranges(
    aws: Aws, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(objects, "WHOLE", 1000)
    table = pa.table({"a": np.random.default_rng(0).integers(0, 2**60, 20_000)})
    put(aws, place, "a.parquet", table)
    assert to_arrow(f"s3://{place}/a.parquet", aws).equals(table)


def test_an_empty_object_is_read(aws: Aws, place: str) -> None:
    put(aws, place, "a", b"")
    assert objects.open_object(aws.client("s3"), f"s3://{place}/a").read() == b""


def test_bytes_are_written_to_a_path_too(aws: Aws, tmp_path: Path) -> None:
    objects.write_bytes(str(tmp_path / "a"), b"x", aws)
    assert (tmp_path / "a").read_bytes() == b"x"


def test_bytes_for_no_bucket_are_an_error(aws: Aws) -> None:
    with pytest.raises(StoreError, match="s3://no-such-bucket-anywhere/a could not be written"):
        objects.write_bytes("s3://no-such-bucket-anywhere/a", b"x", aws)


def test_a_range_is_written_where_a_file_stands(aws: Aws, place: str) -> None:
    put(aws, place, "a", bytes(range(100)))
    into = io.BytesIO(b"....")
    into.seek(2)
    assert objects.read_range(aws.client("s3"), f"s3://{place}/a", 10, 14, into) == 100
    assert into.getvalue() == b"..\x0a\x0b\x0c\x0d"
