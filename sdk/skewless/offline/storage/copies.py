"""Copies of Parquet files on S3 in a folder here, for an engine that reads files side by side.

A large file is copied without the columns that nobody reads: its copy has holes in their place.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from skewless.offline.storage import objects

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

_AT_ONCE = 16
_LEAST_HOLE = 1024 * 1024  # a request costs about as much as these bytes
_FIELD_ID = b"PARQUET:field_id"


def copy_files(s3: Any, addresses: Sequence[str], fields: Collection[int], folder: Path) -> None:
    """Copy files into a folder as `<number>.parquet`.

    Args:
        s3: the client.
        addresses: where the files are.
        fields: the columns to copy, by the numbers that Iceberg gives them.
        folder: exists, and is empty.

    Raises:
        FileNotFoundError: a file is not there.
        OSError: S3 refused, or the disk is full.
        pyarrow.ArrowException: a file is no Parquet.
    """
    pool = ThreadPoolExecutor(_AT_ONCE)
    try:
        for done in [
            pool.submit(_copy, s3, address, fields, folder / f"{number}.parquet")
            for number, address in enumerate(addresses)
        ]:
            done.result()
    finally:
        # After an error, or Ctrl-C, copies that were not begun are not made.
        pool.shutdown(cancel_futures=True)


def _copy(s3: Any, address: str, fields: Collection[int], path: Path) -> None:
    first = objects.WHOLE
    with path.open("wb") as here:
        size = objects.read_range(s3, address, 0, first, here)
        if size <= first:
            return
        with objects.open_large(s3, address, size) as there:
            holes = _holes(pq.read_metadata(there), fields)
        for start, end in _kept(holes, size):
            for place in range(max(start, first), end, objects.WHOLE):
                here.seek(place)
                objects.read_range(s3, address, place, min(place + objects.WHOLE, end), here)


def _holes(metadata: pq.FileMetaData, fields: Collection[int]) -> Iterator[tuple[int, int]]:
    """Yield where the file has columns that are not wanted."""
    unread = [
        leaf
        for leaf, field in enumerate(_fields_of_leaves(metadata.schema.to_arrow_schema()))
        if field not in fields
    ]
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        for leaf in unread:
            chunk = group.column(leaf)
            start = chunk.data_page_offset
            if chunk.has_dictionary_page:
                start = min(start, chunk.dictionary_page_offset)
            yield start, start + chunk.total_compressed_size


def _fields_of_leaves(schema: pa.Schema) -> Iterator[int]:
    """Yield, for each column of a Parquet file, the number of the field that it belongs to."""
    for field in schema:
        number = int((field.metadata or {}).get(_FIELD_ID, -1))
        for _ in range(_leaves(field.type)):
            yield number


def _leaves(type_: pa.DataType) -> int:
    return sum(_leaves(type_.field(place).type) for place in range(type_.num_fields)) or 1


def _kept(holes: Iterator[tuple[int, int]], size: int) -> Iterator[tuple[int, int]]:
    """Yield the parts of a file between the holes; small holes are copied with the rest."""
    start = 0
    for first, end in _joined(sorted(holes)):
        if end - first >= _LEAST_HOLE:
            yield start, first
            start = end
    yield start, size


def _joined(holes: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Join holes that touch."""
    first = end = 0
    for start, stop in holes:
        if start > end:
            yield first, end
            first = start
        end = max(end, stop)
    yield first, end
