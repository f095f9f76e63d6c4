"""pyiceberg's files: objects of the local S3, read and written through one client."""

from __future__ import annotations

import io
from http import HTTPStatus
from typing import Any

import pyarrow as pa
from botocore.exceptions import ClientError
from pyiceberg.io import FileIO, InputFile, OutputFile

_CLIENT = "localaws.s3"


def properties_of(s3: Any) -> dict[str, Any]:
    """The properties by which pyiceberg reads and writes through a client, and no socket."""
    return {"py-io-impl": f"{S3Files.__module__}.{S3Files.__name__}", _CLIENT: s3}


class S3Files(FileIO):
    """pyiceberg's files as objects."""

    def new_input(self, location: str) -> S3Object:
        """A file to read."""
        return S3Object(location, self.properties[_CLIENT])

    def new_output(self, location: str) -> S3Object:
        """A file to write."""
        return self.new_input(location)

    def delete(self, location: str | InputFile | OutputFile) -> None:
        """Delete a file."""
        path = location if isinstance(location, str) else location.location
        file = self.new_input(path)
        file.s3.delete_object(**file.address)


class S3Object(InputFile, OutputFile):
    """One object, to read or to write.

    Attributes:
        s3: the client.
        address: bucket and key, as the client's calls take them.
    """

    def __init__(self, location: str, s3: Any) -> None:
        super().__init__(location=location)
        self.s3 = s3
        bucket, _, key = location.partition("://")[2].partition("/")
        self.address = {"Bucket": bucket, "Key": key}

    def __len__(self) -> int:
        return int(self.s3.head_object(**self.address)["ContentLength"])

    def exists(self) -> bool:
        """Whether there is such an object."""
        try:
            return len(self) >= 0
        except ClientError as error:
            if _status(error) == HTTPStatus.NOT_FOUND:
                return False
            raise

    def open(self, seekable: bool = True) -> Any:  # noqa: FBT001, FBT002 - pyiceberg's signature
        """The object's bytes, all at once: they come from this process's memory.

        Raises:
            FileNotFoundError: there is no such object.
        """
        del seekable
        try:
            return pa.BufferReader(self.s3.get_object(**self.address)["Body"].read())
        except ClientError as error:
            if _status(error) == HTTPStatus.NOT_FOUND:
                raise FileNotFoundError(f"there is no object {self.location}") from error
            raise

    def to_input_file(self) -> S3Object:
        """The same object to read."""
        return self

    def create(self, overwrite: bool = False) -> Any:  # noqa: FBT001, FBT002 - as above
        """A stream to write; the object is stored when it is closed."""
        return _Upload(self, is_new=not overwrite)

    def store(self, content: bytes, *, is_new: bool) -> None:
        """Store the content.

        Raises:
            FileExistsError: the object is to be new, and there is another.
        """
        condition = {"IfNoneMatch": "*"} if is_new else {}
        try:
            self.s3.put_object(**self.address, Body=content, **condition)
        except ClientError as error:
            if _status(error) == HTTPStatus.PRECONDITION_FAILED:
                raise FileExistsError(f"{self.location} exists") from error
            raise


class _Upload(io.BytesIO):
    def __init__(self, file: S3Object, *, is_new: bool) -> None:
        super().__init__()
        self._file = file
        self._is_new = is_new

    def close(self) -> None:
        if not self.closed:
            self._file.store(self.getvalue(), is_new=self._is_new)
        super().close()


def _status(error: ClientError) -> int:
    return int(error.response["ResponseMetadata"]["HTTPStatusCode"])
