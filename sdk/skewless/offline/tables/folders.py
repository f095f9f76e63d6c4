"""The files of a folder of data, here or on S3, and the values in their paths.

The rule is Hive's, which Athena and Spark follow: everything below the folder belongs to it, except
names that begin with `_` or `.` at any depth, and empty files, which are only markers. Contents of
files are not read here.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from botocore.exceptions import BotoCoreError, ClientError

from skewless.errors import InputError, StoreError
from skewless.offline.storage import objects

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from pathlib import Path

# Folders of these names hold the log of a table format, which says which files count.
_LOGS = {"_delta_log": "Delta Lake", ".hoodie": "Hudi"}
_ICEBERG_METADATA = (".metadata.json", ".metadata.json.gz", ".gz.metadata.json")


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file of a folder.

    Attributes:
        name: its path, or its `s3://` address.
        path: its path below the folder, with `/` between the parts.
        open: opens it, as Arrow reads files.
    """

    name: str
    path: str
    open: Callable[[], Any]


def files_here(folder: Path) -> list[FoundFile]:
    """Return the files of a folder of this machine, in the order of their paths.

    Raises:
        InputError: the folder is a table of a format that keeps a log of its files.
    """
    sizes = {
        file.relative_to(folder).as_posix(): file.stat().st_size
        for file in folder.rglob("*")
        if file.is_file()
    }
    return [
        FoundFile(str(folder / path), path, partial(str, folder / path))
        for path in _belonging(str(folder), sizes)
    ]


def files_on_s3(uri: str, s3: Any) -> list[FoundFile]:
    """Return the objects of a folder on S3, in the order of their keys.

    Raises:
        InputError: the folder is a table of a format that keeps a log of its files.
        StoreError: AWS refused.
    """
    bucket, key = objects.split_uri(uri)
    prefix = key if key.endswith("/") or not key else key + "/"
    sizes = {name[len(prefix) :]: size for name, size in listed_on_s3(uri, prefix, s3).items()}
    return [_on_s3(f"s3://{bucket}/{prefix}{path}", path, s3) for path in _belonging(uri, sizes)]


def files_by_folder(folders: Collection[str], s3: Any) -> Iterator[tuple[str, Sequence[FoundFile]]]:
    """Return the objects of those of many folders on S3 that have some.

    The common parent is listed once, because most of the folders usually do not exist.

    Raises:
        StoreError: AWS refused.
    """
    for common in sorted({_common_folder(some) for some in _by_bucket(folders)}):
        bucket, prefix = objects.split_uri(common)
        found: dict[str, list[FoundFile]] = {}
        for key, size in sorted(listed_on_s3(common, prefix, s3).items()):
            name = f"s3://{bucket}/{key}"
            parts = name.split("/")
            for end in range(3, len(parts)):
                folder, path = "/".join(parts[:end]) + "/", "/".join(parts[end:])
                if folder in folders and size and not is_hidden(path):
                    found.setdefault(folder, []).append(_on_s3(name, path, s3))
        yield from found.items()


def file_on_s3(uri: str, s3: Any) -> FoundFile | None:
    """Return the object at an address, if there is one.

    Raises:
        StoreError: AWS refused.
    """
    _, key = objects.split_uri(uri)
    is_there = bool(key) and not key.endswith("/") and key in listed_on_s3(uri, key, s3, most=1)
    return _on_s3(uri, key, s3) if is_there else None


def listed_on_s3(uri: str, prefix: str, s3: Any, most: int | None = None) -> dict[str, int]:
    """Return the keys that begin with a prefix in the bucket of an address, with their sizes.

    Raises:
        StoreError: AWS refused.
    """
    bucket, _ = objects.split_uri(uri)
    limit = {} if most is None else {"PaginationConfig": {"MaxItems": most}}
    try:
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, **limit)
        return {entry["Key"]: entry["Size"] for page in pages for entry in page.get("Contents", ())}
    except (ClientError, BotoCoreError) as error:
        raise StoreError(f"{uri} could not be listed: {error}") from error


def is_hidden(path: str) -> bool:
    """Say whether a path below a folder is hidden by Hive's rule."""
    return any(part.startswith(("_", ".")) for part in path.split("/"))


def partition_values(files: Sequence[FoundFile]) -> list[Mapping[str, str | None]]:
    """Return the keys and values in each path's folders, as Hive writes them: `key=value`.

    Raises:
        InputError: the files lie in folders of different keys.
    """
    keys = [_keys(file.path) for file in files]
    for file, own in zip(files, keys, strict=True):
        if own != keys[0]:
            raise InputError(
                f"{files[0].name} and {file.name} lie in folders of different keys: "
                f"{_shown(keys[0])}, and {_shown(own)}. Give the folder of those that belong "
                "together"
            )
    if not files or not keys[0]:
        return [{} for _ in files]
    return [_parsed(file, keys[0]) for file in files]


def _belonging(folder: str, sizes: Mapping[str, int]) -> Iterator[str]:
    for path in sizes:
        first, _, rest = path.partition("/")
        table = _LOGS.get(first)
        if table is None and first == "metadata" and rest.endswith(_ICEBERG_METADATA):
            table = "Iceberg"
        if table is not None:
            raise InputError(
                f"{folder} is a table of {table}, in which not every file counts that is there. "
                "Name the table of Glue, 'database.table', or give what a reader of that format "
                "makes of it"
            )
    yield from sorted(path for path, size in sizes.items() if size and not is_hidden(path))


def _parsed(file: FoundFile, keys: Sequence[str]) -> Mapping[str, str | None]:
    # Deferred: it imports pandas, which may not be installed.
    import pyarrow.dataset as ds  # noqa: PLC0415

    try:
        paths = ds.HivePartitioning(pa.schema([(key, pa.string()) for key in keys]))
        found: dict[str, str | None] = ds.get_partition_keys(paths.parse(file.path))
    except (pa.ArrowException, ValueError) as error:
        raise InputError(f"the folders of {file.name} cannot be read: {error}") from error
    return {key: found[key] for key in keys}


def _by_bucket(folders: Collection[str]) -> list[list[str]]:
    found: dict[str, list[str]] = {}
    for folder in folders:
        found.setdefault(objects.split_uri(folder)[0], []).append(folder)
    return list(found.values())


def _common_folder(folders: Sequence[str]) -> str:
    """Return the deepest common folder."""
    return posixpath.commonpath(folders).replace("s3:/", "s3://", 1) + "/"


def _on_s3(name: str, path: str, s3: Any) -> FoundFile:
    return FoundFile(name, path, partial(objects.open_object, s3, name))


def _keys(path: str) -> tuple[str, ...]:
    folders = path.split("/")[:-1]
    return tuple(name.partition("=")[0] for name in folders if "=" in name)


def _shown(keys: Sequence[str]) -> str:
    return ", ".join(f"{key}=" for key in keys) or "none"
