"""Rows are read into memory up to a limit of bytes, whatever their columns hold."""

from __future__ import annotations

import pyarrow as pa
import pytest

from skewless.offline.engines.window_columns import Columns, TooManyBytesError


def read(most: int, **columns: list[object]) -> Columns:
    table = pa.table(columns)
    return Columns.read(pa.RecordBatchReader.from_batches(table.schema, table.to_batches()), most)


def test_long_texts_count_by_their_length() -> None:
    assert len(read(20_000, entity=[1, 2], v0=["a", "b" * 10_000])) == 2
    with pytest.raises(TooManyBytesError):
        read(20_000, entity=[1, 2], v0=["a" * 10_000, "b" * 10_000])


def test_rows_may_take_the_limit_and_no_more() -> None:
    assert len(read(24, entity=[1, 2, 3])) == 3
    with pytest.raises(TooManyBytesError):
        read(23, entity=[1, 2, 3])
