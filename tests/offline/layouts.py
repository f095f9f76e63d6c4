"""One table of three events, written as other tools write tables: folders with all their litter."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
TIMES = [NOON, NOON + timedelta(milliseconds=1), NOON + timedelta(hours=1)]
ROWS: list[dict[str, Any]] = [
    {"k": key, "x": number, "n": count, "day": day, "at": at}
    for key, number, count, day, at in zip(
        "abc", (1.5, None, -2.0), (1, 2**40, None), ("d1", "d 2/ü", "d1"), TIMES, strict=True
    )
]
COLUMNS = {"k": "string", "x": "double", "n": "bigint", "day": "string", "at": "timestamp"}


def events(**types: pa.DataType) -> pa.Table:
    """Return the events, with some columns in another type."""
    table = pa.table({name: [row[name] for row in ROWS] for name in COLUMNS})
    for name, type_ in types.items():
        table = table.set_column(table.schema.get_field_index(name), name, table[name].cast(type_))
    return table


def _naive() -> pa.Table:
    return events(at=pa.timestamp("us"))


def _litter(folder: Path, table: pa.Table) -> None:
    """Leave files that no reader of the table may count."""
    for path in (
        "_temporary/0/task_1/part-00000.parquet",
        ".hive-staging_hive_2024-05-01/-ext-10000/000000_0",
        "_spark_metadata/0.parquet",
        ".ipynb_checkpoints/part-checkpoint.parquet",
        "day=d1/_tmp/part.parquet",
        ".part-00000.parquet.crc",
        "_committed_123",
    ):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, folder / path)
    for path in ("_SUCCESS", "day=d1_$folder$", "part-empty.parquet"):
        (folder / path).write_bytes(b"")


def by_spark(folder: Path) -> None:
    """INT96 times, two parts, checksums and what a failed attempt left."""
    for number, part in enumerate((_naive().slice(0, 2), _naive().slice(2))):
        path = folder / f"part-0000{number}-0af1.c000.snappy.parquet"
        pq.write_table(part, path, use_deprecated_int96_timestamps=True)
    _litter(folder, _naive())


def by_hive(folder: Path) -> None:
    """Files without a suffix, and empty ones of reducers that had nothing to write."""
    pq.write_table(_naive(), folder / "000000_0", use_deprecated_int96_timestamps=True)
    (folder / "000001_0").write_bytes(b"")
    _litter(folder, _naive())


def by_firehose(folder: Path) -> None:
    """A folder for each hour, whose names spell no column."""
    for number in range(3):
        path = folder / f"2024/05/01/{12 + number}/stream-1-2024-05-01-{number}-uuid.parquet"
        path.parent.mkdir(parents=True)
        pq.write_table(events(at=pa.timestamp("ms", "UTC")).slice(number, 1), path)


def by_pandas(folder: Path) -> None:
    """Nanoseconds, and an index in the metadata."""
    frame = events().to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
    frame.astype({"at": "datetime64[ns, UTC]"}).to_parquet(folder / "events.parquet")


def by_polars(folder: Path) -> None:
    """Strings of 64-bit offsets."""
    frame: Any = pl.from_arrow(events())
    frame.write_parquet(folder / "events.parquet")


def by_arrow(folder: Path) -> None:
    """Dictionaries, and narrower types in some of the files."""
    words = pa.dictionary(pa.int32(), pa.string())
    pq.write_table(events(k=words, day=words).slice(0, 2), folder / "a.parquet")
    narrow = (
        events()
        .slice(2)
        .cast(
            pa.schema(
                [
                    ("k", pa.large_string()),
                    ("x", pa.float32()),
                    ("n", pa.int32()),
                    ("day", pa.string()),
                    ("at", pa.timestamp("ms", "UTC")),
                ]
            )
        )
    )
    pq.write_table(narrow, folder / "b.parquet")


def in_other_order(folder: Path) -> None:
    """Columns in another order and of other names between them, one absent where it is null."""
    first = events().slice(0, 2).select(["at", "n", "k", "day", "x"])
    pq.write_table(first.append_column("more", pa.array([1, 2])), folder / "a.parquet")
    pq.write_table(events().slice(2).select(["k", "x", "day", "at"]), folder / "b.parquet")


def partitioned_by_arrow(folder: Path) -> None:
    """Folders that spell the values of `day`, beside litter."""
    parts = ds.partitioning(pa.schema([("day", pa.string())]), flavor="hive")
    ds.write_dataset(events(), folder, format="parquet", partitioning=parts)
    _litter(folder, _naive().drop_columns("day"))


def partitioned_by_duckdb(folder: Path) -> None:
    """The same of DuckDB."""
    table = _naive()
    with duckdb.connect() as connection:
        connection.register("events", table)
        connection.sql(f"COPY events TO '{folder}' (FORMAT parquet, PARTITION_BY day, OVERWRITE)")


def partitioned_by_polars(folder: Path) -> None:
    """The same of polars."""
    frame: Any = pl.from_arrow(events())
    frame.write_parquet(folder, partition_by="day")


FLAT: Mapping[str, Callable[[Path], None]] = {
    "spark": by_spark,
    "hive": by_hive,
    "firehose": by_firehose,
    "pandas": by_pandas,
    "polars": by_polars,
    "arrow": by_arrow,
    "other order": in_other_order,
}
PARTITIONED: Mapping[str, Callable[[Path], None]] = {
    "arrow": partitioned_by_arrow,
    "duckdb": partitioned_by_duckdb,
    "polars": partitioned_by_polars,
}
