"""Data files as UNLOAD, CTAS and INSERT write them, and the manifest that lists them."""

from __future__ import annotations

import shutil
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.dataset as ds

from localaws.core.athena import storage
from localaws.core.athena.failure import QueryFailedError
from localaws.core.athena.storage import scratch

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from localaws.core.athena.engine import Relation
    from localaws.core.athena.run import Run

# Athena writes any number of files. The size is small, so that nobody relies on a single file.
_ROWS_PER_FILE = 250_000
_OPEN_PARTITIONS = 100  # Athena's limit for one statement.
_COMPRESSIONS = ("write_compression", "compression", "parquet_compression")
_COPY_OPTIONS = {
    "JSON": "format json",
    "TEXTFILE": "format csv, header false, delimiter '\x01', nullstr '\\N'",
    "CSV": "format csv, header false",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOptions:
    """How data files are written."""

    format: str = "PARQUET"
    compression: str = "gzip"
    partitioned_by: tuple[str, ...] = ()

    @classmethod
    def of(cls, properties: Mapping[str, Any]) -> FileOptions:
        """From a WITH clause's properties."""
        compression = next(
            (properties[name] for name in _COMPRESSIONS if name in properties), "gzip"
        )
        return cls(
            format=str(properties.get("format", "PARQUET")).upper(),
            compression=str(compression).lower(),
            partitioned_by=tuple(properties.get("partitioned_by", ())),
        )


def write(run: Run, rows: Relation, location: str, options: FileOptions) -> list[str]:
    """Write rows under a location; the locations of the files written."""
    _refuse_unwritable(rows, options)
    if rows.table.num_rows == 0:
        return []
    folder = scratch() / "output" / uuid.uuid4().hex
    folder.mkdir(parents=True)
    try:
        if options.format == "PARQUET":
            _write_parquet(rows.table, folder, options, _file_name(run))
        else:
            _copy(run, rows, folder / _file_name(run), options)
        return [
            _upload(run, path, folder, location)
            for path in sorted(folder.rglob("*_*"))
            if path.is_file()
        ]
    finally:
        shutil.rmtree(folder)


def write_manifest(run: Run, files: list[str]) -> str:
    """Write the list of data files to where awswrangler looks for it."""
    location = f"{run.query.output}{run.query.id}-manifest.csv"
    storage.put(run.aws.s3, location, "".join(f"{file}\n" for file in files).encode())
    return location


def _refuse_unwritable(rows: Relation, options: FileOptions) -> None:
    if options.format != "PARQUET" and options.format not in _COPY_OPTIONS:
        raise QueryFailedError.not_supported(f"Format {options.format}")
    if options.format != "PARQUET" and options.partitioned_by:
        raise QueryFailedError.not_supported(f"Partitions of {options.format} files")
    for column in rows.columns:
        if column.type == "TIMESTAMP WITH TIME ZONE":
            raise QueryFailedError.not_supported(
                f"Unsupported Hive type: timestamp(3) with time zone, column '{column.name}'"
            )
    keys = list(options.partitioned_by)
    if keys and rows.table.group_by(keys).aggregate([]).num_rows > _OPEN_PARTITIONS:
        raise QueryFailedError(
            "HIVE_TOO_MANY_OPEN_PARTITIONS",
            f"Exceeded limit of {_OPEN_PARTITIONS} open writers for partitions/buckets",
        )


def _write_parquet(table: pa.Table, folder: Path, options: FileOptions, name: str) -> None:
    keys = list(options.partitioned_by)
    parquet: Any = ds.ParquetFileFormat()
    ds.write_dataset(
        table,
        folder,
        format=parquet,
        file_options=parquet.make_write_options(compression=options.compression),
        partitioning=ds.partitioning(table.select(keys).schema, flavor="hive") if keys else None,
        basename_template=f"{name}_{{i}}",
        max_rows_per_file=_ROWS_PER_FILE,
        max_rows_per_group=_ROWS_PER_FILE,
        use_threads=False,
    )


def _copy(run: Run, rows: Relation, path: Path, options: FileOptions) -> None:
    run.connection.register("rows_to_copy", rows.table)
    how = f"{_COPY_OPTIONS[options.format]}, compression gzip"
    run.connection.execute(f"copy rows_to_copy to '{path}.gz' ({how})")


def _file_name(run: Run) -> str:
    stamp = datetime.now(UTC).strftime("%Y%m%d_%H%M%S")
    return f"{stamp}_{run.query.id[:5]}_{uuid.uuid4().hex}"


def _upload(run: Run, path: Path, folder: Path, location: str) -> str:
    target = f"{storage.folder_of(location)}{path.relative_to(folder).as_posix()}"
    storage.put(run.aws.s3, target, path.read_bytes())
    return target
