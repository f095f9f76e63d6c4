"""Data files of Iceberg as text: one writer's files, for another writer to commit."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.typedef import Record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_COUNTS = ("column_sizes", "value_counts", "null_value_counts", "nan_value_counts")
_BOUNDS = ("lower_bounds", "upper_bounds")


def to_text(files: Sequence[DataFile]) -> str:
    """Return files as JSON."""
    return json.dumps([_document(file) for file in files], separators=(",", ":"))


def from_text(text: str) -> tuple[DataFile, ...]:
    """Read what `to_text` wrote."""
    return tuple(_file(document) for document in json.loads(text))


def _document(file: DataFile) -> dict[str, Any]:
    return {
        "path": file.file_path,
        "day": file.partition[0],
        "rows": file.record_count,
        "bytes": file.file_size_in_bytes,
        "splits": file.split_offsets,
        "order": file.sort_order_id,
        **{name: getattr(file, name) for name in _COUNTS},
        **{name: _encoded(getattr(file, name)) for name in _BOUNDS},
    }


def _file(document: Mapping[str, Any]) -> DataFile:
    from_args: Any = DataFile.from_args  # typed for its first argument only
    file: DataFile = from_args(
        content=DataFileContent.DATA,
        file_path=document["path"],
        file_format=FileFormat.PARQUET,
        partition=Record(document["day"]),
        record_count=document["rows"],
        file_size_in_bytes=document["bytes"],
        split_offsets=document["splits"],
        sort_order_id=document["order"],
        equality_ids=None,
        key_metadata=None,
        **{name: _numbered(document[name]) for name in _COUNTS},
        **{
            name: {key: base64.b64decode(text) for key, text in _numbered(document[name]).items()}
            for name in _BOUNDS
        },
    )
    return file


def _encoded(bounds: Mapping[int, bytes] | None) -> dict[int, str]:
    return {key: base64.b64encode(value).decode() for key, value in (bounds or {}).items()}


def _numbered(found: Mapping[str, Any] | None) -> dict[int, Any]:
    return {int(key): value for key, value in (found or {}).items()}
