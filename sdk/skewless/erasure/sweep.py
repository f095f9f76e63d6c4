"""Find files in a table's folder that hold certain rows and that no snapshot names.

A writer that died or lost a race leaves data files and manifests behind. A versioned bucket keeps
deleted files. Iceberg knows about neither.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from skewless.erasure.survey import Surveyor
from skewless.offline.storage.objects import split_uri

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from skewless.erasure.survey import Matching
    from skewless.offline.lake.day_table import DayTable
    from skewless.offline.storage.stored import Stored, StoredObjects

# A commit names its files within seconds. A writer that takes longer is dead.
SETTLED = timedelta(hours=1)


class Strays(NamedTuple):
    """The files that were found.

    Attributes:
        settled: to be deleted.
        young: how many unnamed files a writer may be about to commit.
    """

    settled: tuple[Stored, ...]
    young: int


def find_strays(
    table: DayTable, matching: Matching, objects: StoredObjects, now: datetime
) -> Strays:
    """Find unnamed files and versions that hold such rows, or list files that do.

    Args:
        table: the table whose folder is searched.
        matching: the rows.
        objects: of the bucket.
        now: by S3's clock.
    """
    surveyor = Surveyor(matching)
    named = _named(table, surveyor)
    settled: list[Stored] = []
    young: list[Stored] = []
    for found in _unnamed(table, objects, named):
        is_safe = not found.is_current or now - found.modified_at >= SETTLED
        if found.key.endswith(".avro") or _holds(objects.read(found), surveyor):
            (settled if is_safe else young).append(found)
    if young:
        named = _named(table, surveyor)  # pending commits have come in by now
    left = sum(f"s3://{objects.bucket}/{found.key}" not in named for found in young)
    return Strays(tuple(settled), left)


def _named(table: DayTable, surveyor: Surveyor) -> frozenset[str]:
    return surveyor.latest(table.load).reachable


def _unnamed(table: DayTable, objects: StoredObjects, named: frozenset[str]) -> Iterator[Stored]:
    prefix = split_uri(table.location)[1] + "/"
    for found in objects.under(prefix):
        is_named = found.is_current and f"s3://{objects.bucket}/{found.key}" in named
        if not is_named and not found.is_marker and found.key.endswith((".avro", ".parquet")):
            yield found


def _holds(content: bytes, surveyor: Surveyor) -> bool:
    try:
        with pq.ParquetFile(pa.BufferReader(content)) as file:
            there = set(file.schema_arrow.names)
            wanted = surveyor.matching.columns
            rows = file.read(columns=[name for name in wanted if name in there])
            for name in wanted:
                if name not in there:
                    rows = rows.append_column(name, pa.nulls(file.metadata.num_rows))
    except pa.ArrowException:
        return True  # an incomplete file, which no reader can use
    return bool(_any(surveyor.mask(rows)))


def _any(mask: Any) -> Any:
    return pa.compute.any(mask).as_py()
