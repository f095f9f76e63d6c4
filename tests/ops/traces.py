"""Where in a bucket a text is still to be found, whatever the files are coded in."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
from pyiceberg.avro.file import AvroFile
from pyiceberg.manifest import MANIFEST_ENTRY_SCHEMAS

from skewless.offline.storage.stored import StoredObjects

if TYPE_CHECKING:
    from skewless import FeatureStore

# Iceberg keeps as many characters of a text as bounds in a manifest.
BOUND = 16


def traces(store: FeatureStore, text: str, prefix: str = "") -> list[str]:
    """Name the objects, in all their versions, that hold the text once they are decoded."""
    objects = StoredObjects(store.aws, store.resources.bucket)
    return [
        stored.key
        for stored in objects.under(prefix)
        if not stored.is_marker and text[:BOUND] in _decoded(stored.key, objects.read(stored))
    ]


def kinds(keys: list[str]) -> set[str]:
    """Return the endings of the names."""
    return {key.rpartition(".")[2] for key in keys}


def _decoded(key: str, content: bytes) -> str:
    if key.endswith(".parquet"):
        return str(pq.read_table(io.BytesIO(content)).to_pylist())
    if key.endswith(".avro") and not key.rpartition("/")[2].startswith("snap-"):
        return _manifest(content)
    return content.decode("utf-8", "replace")


def _manifest(content: bytes) -> str:
    return "".join(str(data) for data in manifest_data(content))


def manifest_data(content: bytes) -> list[Any]:
    """Return what the records of a manifest hold, and those within them."""
    file = _Content(content)
    schema = MANIFEST_ENTRY_SCHEMAS[2]
    with AvroFile[Any](file, schema) as reader:  # type: ignore[arg-type]  # it needs open() alone
        return [record._data for outer in reader for record in _all(outer)]


def _all(record: Any) -> list[Any]:
    """Return a record and those within it."""
    inner = [value for value in record._data if hasattr(value, "_data")]
    return [record, *(found for value in inner for found in _all(value))]


class _Content:
    """An object already read, as pyiceberg opens it."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def open(self, **_options: Any) -> io.BytesIO:
        return io.BytesIO(self._content)
