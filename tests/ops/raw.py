"""All bytes that a store keeps, searched for a key in whatever they are coded in."""

from __future__ import annotations

import base64
import gzip
import json
import struct
import zlib
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
from pyarrow import BufferReader

from skewless.offline.storage.stored import StoredObjects
from tests.ops.traces import manifest_data

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from skewless import FeatureStore

_NEEDLE_BYTES = 16  # what Iceberg keeps of a text, and of bytes, as their bounds


def encodings(value: object) -> list[bytes]:
    """Return what a value looks like in files, items and JSON."""
    match value:
        case str():
            raw = value.encode()[:_NEEDLE_BYTES]
            start = raw.decode(errors="ignore")
            escaped = start.replace("\\", "\\\\").replace("|", "\\|")  # as online items spell it
            forms = (start, json.dumps(start)[1:-1], repr(start)[1:-1], escaped)
            return [*(form.encode() for form in forms), start.encode("utf-16-le")]
        case bytes():
            raw = value[:_NEEDLE_BYTES]
            return [raw, raw.hex().encode(), base64.b64encode(raw[:15]), repr(raw)[2:-1].encode()]
        case int():
            return [str(value).encode(), struct.pack("<q", value), struct.pack(">q", value)]
    raise AssertionError(value)


def places_with(store: FeatureStore, value: object) -> list[str]:
    """Name all objects, versions, items, and tables in which a value is to be found."""
    needles = encodings(value)
    return sorted({place for place, content in _everything(store) if _holds(content, needles)})


def _holds(content: bytes, needles: Sequence[bytes]) -> bool:
    return any(needle in content for needle in needles)


def _everything(store: FeatureStore) -> Iterator[tuple[str, bytes]]:
    objects = StoredObjects(store.aws, store.resources.bucket)
    for stored in objects.under(""):
        yield stored.key, stored.key.encode()
        if not stored.is_marker:
            for form in _forms(objects.read(stored)):
                yield stored.key, form
    client = store.aws.client("dynamodb")
    for table in (store.resources.online_table, store.resources.registry_table):
        for page in client.get_paginator("scan").paginate(TableName=table):
            for item in page["Items"]:
                place = f"{table} {item['pk']['S'][:40]} {item['sk']['S'][:12]}"
                yield from ((place, form) for form in _attributes(item))
    glue = store.aws.client("glue")
    for page in glue.get_paginator("get_tables").paginate(DatabaseName=store.resources.database):
        for table in page["TableList"]:
            yield f"glue {table['Name']}", json.dumps(table, default=str).encode()


def _attributes(value: Any) -> Iterator[bytes]:
    match value:
        case dict():
            for name, item in value.items():
                yield name.encode()
                yield from _attributes(item)
        case list():
            for item in value:
                yield from _attributes(item)
        case bytes():
            yield from _forms(value)
            try:
                unpacked = zlib.decompress(value)
            except zlib.error:
                return
            yield unpacked
            waiting = json.loads(unpacked)  # an append to a log, or what a namespace holds
            files = json.loads(waiting.get("files", "[]"))
            for file in files:
                for bounds in (file["lower_bounds"], file["upper_bounds"]):
                    yield from (base64.b64decode(text) for text in bounds.values())
        case _:
            yield str(value).encode()


def _forms(content: bytes) -> Iterator[bytes]:
    """Yield bytes as they are, and as they read once they are unpacked."""
    yield content
    if content[:4] == b"PAR1" and content[-4:] == b"PAR1":
        with pq.ParquetFile(BufferReader(content)) as file:
            table = file.read()
            yield str(file.metadata.metadata).encode()
            for group in range(file.num_row_groups):
                for place in range(file.metadata.num_columns):
                    found = file.metadata.row_group(group).column(place).statistics
                    if found is not None:
                        yield repr((found.min_raw, found.max_raw)).encode()
                        yield from _leaves([found.min_raw, found.max_raw])
        yield from _leaves(table.to_pylist())
    elif content[:4] == b"Obj\x01" and b"manifest-list" not in content and b"data_file" in content:
        yield from _leaves(manifest_data(content))
    elif content[:2] == b"\x1f\x8b":
        yield gzip.decompress(content)


def _leaves(value: Any) -> Iterator[bytes]:
    match value:
        case dict():
            for item in value.values():
                yield from _leaves(item)
        case list() | tuple():
            for item in value:
                yield from _leaves(item)
        case bytes():
            yield value
        case _:
            yield str(value).encode()
