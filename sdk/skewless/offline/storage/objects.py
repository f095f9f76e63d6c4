"""Objects on S3, read and written through the session's own client.

Nothing here knows what the bytes mean: Parquet, metadata and manifests are all alike.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from botocore.exceptions import BotoCoreError, ClientError

from skewless.errors import StoreError

if TYPE_CHECKING:
    from skewless.aws import Aws

WHOLE = 8 * 1024 * 1024  # objects up to this size come in one request


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
    bucket, key = split_uri(uri)
    try:
        answer = s3.get_object(Bucket=bucket, Key=key, Range=f"bytes=0-{WHOLE - 1}")
        head = answer["Body"].read()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "InvalidRange":  # an empty object has no first byte
            return pa.BufferReader(b"")
        if code in ("NoSuchKey", "404"):
            raise FileNotFoundError(f"there is no object {uri}") from error
        raise OSError(f"{uri}: {error}") from error
    except BotoCoreError as error:
        raise OSError(f"{uri}: {error}") from error
    size = int(answer["ContentRange"].rpartition("/")[2])
    if size <= len(head):
        return pa.BufferReader(head)
    return pa.PythonFile(_Ranges(s3, uri, head, size), mode="r")


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
        bucket, key = split_uri(self._uri)
        try:
            answer = self._s3.get_object(Bucket=bucket, Key=key, Range=f"bytes={start}-{end - 1}")
            body: bytes = answer["Body"].read()
        except (ClientError, BotoCoreError) as error:
            raise OSError(f"{self._uri}: {error}") from error
        return body


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
