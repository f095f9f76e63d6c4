"""Objects on S3, read and written through the session's own client.

Nothing here knows what the bytes mean: Parquet, metadata and manifests are all alike.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import pyarrow as pa
from botocore.exceptions import BotoCoreError, ClientError

from skewless.errors import StoreError

if TYPE_CHECKING:
    from skewless.aws import Aws

WHOLE = 8 * 1024 * 1024  # objects up to this size come in one request
_PIECE = 1024 * 1024  # bytes of a file that are in memory at once


def split_uri(uri: str) -> tuple[str, str]:
    """Return bucket and key of an `s3://` address."""
    bucket, _, key = uri.partition("://")[2].partition("/")
    return bucket, key


def open_object(s3: Any, uri: str) -> pa.NativeFile:
    """Open an object: a small one with a single request, a large one by ranges.

    Raises:
        FileNotFoundError: there is no such object.
        OSError: S3 refused.
    """
    head = io.BytesIO()
    size = read_range(s3, uri, 0, WHOLE, head)
    if size <= WHOLE:
        return pa.BufferReader(head.getvalue())
    return open_large(s3, uri, size, head.getvalue())


def open_large(s3: Any, uri: str, size: int, head: bytes = b"") -> pa.NativeFile:
    """Open an object whose size is known, to be read by ranges; the head is known already."""
    return pa.PythonFile(_Ranges(s3, uri, head, size), mode="r")


def read_range(s3: Any, uri: str, start: int, end: int, into: IO[bytes]) -> int:
    """Write a range of an object into a file, piece by piece, and return the object's size.

    Raises:
        FileNotFoundError: there is no such object.
        OSError: S3 refused, or the file's disk is full.
    """
    bucket, key = split_uri(uri)
    try:
        answer = s3.get_object(Bucket=bucket, Key=key, Range=f"bytes={start}-{end - 1}")
        for piece in answer["Body"].iter_chunks(_PIECE):
            into.write(piece)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "InvalidRange":  # an empty object has no first byte
            return 0
        if code in ("NoSuchKey", "404"):
            raise FileNotFoundError(f"there is no object {uri}") from error
        raise OSError(f"{uri}: {error}") from error
    except BotoCoreError as error:
        raise OSError(f"{uri}: {error}") from error
    return int(answer["ContentRange"].rpartition("/")[2])


class _Ranges(io.RawIOBase):
    """A large object, read by range requests; the part that told its size is kept."""

    def __init__(self, s3: Any, uri: str, head: bytes, size: int) -> None:
        super().__init__()
        self._s3, self._uri, self._head, self._size = s3, uri, head, size
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = start + offset
        return self._position

    def readinto(self, buffer: Any) -> int:
        start = self._position
        end = min(start + len(buffer), self._size)
        if start >= end:
            return 0
        found = self._head[start:end] if end <= len(self._head) else self._fetch(start, end)
        buffer[: len(found)] = found
        self._position += len(found)
        return len(found)

    def _fetch(self, start: int, end: int) -> bytes:
        found = io.BytesIO()
        read_range(self._s3, self._uri, start, end, found)
        return found.getvalue()


def write_bytes(uri: str, content: bytes, aws: Aws) -> None:
    """Write a file, at a path or an `s3://` address."""
    if not uri.startswith("s3://"):
        Path(uri).write_bytes(content)
        return
    bucket, key = split_uri(uri)
    try:
        aws.client("s3").put_object(Bucket=bucket, Key=key, Body=content)
    except (ClientError, BotoCoreError) as error:
        raise StoreError(f"{uri} could not be written: {error}") from error
