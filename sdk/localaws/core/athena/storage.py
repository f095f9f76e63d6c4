"""S3 objects as local files: each read once, kept by its ETag until the process ends.

Locations are `s3://bucket/prefix/`. DuckDB reads the local copies: repeated queries cost no
download, and no httpfs extension is needed, which could not be installed offline.
"""

from __future__ import annotations

import atexit
import functools
import hashlib
import re
import shutil
import tempfile
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localaws.core.athena.failure import QueryFailedError

_DOWNLOADS_AT_ONCE = 8
_ENDINGS = re.compile(r"(\.[A-Za-z0-9]{1,16}){1,2}\Z")
_UNSAFE = re.compile(r"[^A-Za-z0-9!_.*'()/=-]")  # = as in Hive's names of partitions
_making = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedObject:
    """An S3 object's local copy."""

    key: str
    path: Path
    size: int


def scratch() -> Path:
    """This process's folder for copies and work in progress, removed when the process ends."""
    with _making:  # two first queries at once would make two, and DuckDB may read one of them
        return _made()


@functools.cache
def _made() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="localaws-athena-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def split(location: str) -> tuple[str, str]:
    """`s3://bucket/a/b` -> `("bucket", "a/b")`."""
    parts = re.fullmatch(r"s3[an]?://([^/]+)/?(.*)", location)
    if parts is None:
        raise QueryFailedError("INVALID_TABLE_PROPERTY", f"'{location}' is not an S3 location")
    return parts[1], parts[2]


def folder_of(location: str) -> str:
    """The location, ending in a slash as a folder's does."""
    return location.rstrip("/") + "/"


def keys(s3: Any, location: str) -> list[dict[str, Any]]:
    """What is stored under a location, as ListObjectsV2 tells it."""
    bucket, prefix = split(location)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [entry for page in pages for entry in page.get("Contents", [])]


def put(s3: Any, location: str, body: bytes) -> None:
    """Write one object."""
    bucket, key = split(location)
    s3.put_object(Bucket=bucket, Key=key, Body=body)


def download(s3: Any, location: str, *, is_restricted: bool = False) -> list[CachedObject]:
    """Local copies of a table's objects; Hive does not see names beginning with `_` or `.`.

    Args:
        s3: a client.
        location: the folder.
        is_restricted: True where S3 must be asked whether the client may read what is here already.
    """
    bucket, prefix = split(folder_of(location))
    found = [
        CachedObject(key=entry["Key"], path=_copy_path(bucket, entry), size=entry["Size"])
        for entry in keys(s3, folder_of(location))
        if entry["Size"] and not _is_hidden(entry["Key"][len(prefix) :])
    ]
    missing = [one for one in found if not one.path.exists()]
    if is_restricted:
        for one in set(found) - set(missing):
            s3.head_object(Bucket=bucket, Key=one.key)
    if missing:
        with ThreadPoolExecutor(_DOWNLOADS_AT_ONCE) as pool:
            list(pool.map(lambda one: _fetch(s3, bucket, one), missing))
    return found


def _is_hidden(relative_key: str) -> bool:
    return any(part.startswith(("_", ".")) for part in relative_key.split("/"))


def _copy_path(bucket: str, entry: dict[str, Any]) -> Path:
    """The path of an object's copy. A key may be `../../x` or `*`, so it is not used as a name.

    The suffixes stay, by which DuckDB knows the compression.
    """
    version = f"{bucket}/{entry['Key']}/{entry['ETag']}"
    endings = _ENDINGS.search(entry["Key"])
    name = hashlib.sha256(version.encode()).hexdigest() + (endings[0] if endings else "")
    return scratch() / "objects" / name


def _fetch(s3: Any, bucket: str, wanted: CachedObject) -> None:
    wanted.path.parent.mkdir(parents=True, exist_ok=True)
    # Renamed when complete: another query may be waiting for the same object.
    unfinished = wanted.path.with_name(f"{wanted.path.name}.{uuid.uuid4().hex}")
    unfinished.write_bytes(s3.get_object(Bucket=bucket, Key=wanted.key)["Body"].read())
    unfinished.replace(wanted.path)


def refuse_unsafe(location: str) -> None:
    """Refuse to write to keys with characters that S3 calls special.

    AWS does not document whether Athena's writers take a colon or a plus, so do not rely on it.
    """
    _, key = split(location)
    if unsafe := sorted(set(_UNSAFE.findall(key))):
        raise QueryFailedError.not_supported(
            f"The location {location} has {' '.join(unsafe)}: S3 asks to avoid them in keys"
        )
