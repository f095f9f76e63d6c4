"""pyiceberg's files: objects on S3, read and written through the session's own client."""

from __future__ import annotations

import io
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from pyiceberg.io import FileIO, InputFile, OutputFile

from skewless.offline import objects

if TYPE_CHECKING:
    from skewless.aws import Aws

S3_CLIENT = "skewless.s3"
_FILE_IO = {"py-io-impl": "skewless.offline.file_io.S3FileIO"}


def iceberg_properties(aws: Aws) -> dict[str, Any]:
    """Return the properties by which pyiceberg reads and writes through the session's own client.

    Its default opens S3 by Arrow: other credentials, and five requests for a file where one does
    (7.4 s against 4.2 s for a year of days).
    """
    return {**_FILE_IO, S3_CLIENT: aws.client("s3")}


class S3FileIO(FileIO):
    """pyiceberg's files on S3 by boto3."""

    def new_input(self, location: str) -> S3File:
        """Return a file to read."""
        return S3File(location, self.properties[S3_CLIENT])

    def new_output(self, location: str) -> S3File:
        """Return a file to write."""
        return self.new_input(location)

    def delete(self, location: str | InputFile | OutputFile) -> None:
        """Delete a file."""
        path = location if isinstance(location, str) else location.location
        bucket, key = objects.split_uri(path)
        self.new_input(path).s3.delete_object(Bucket=bucket, Key=key)


class S3File(InputFile, OutputFile):
    """One object, to read or to write."""

    def __init__(self, location: str, s3: Any) -> None:
        super().__init__(location=location)
        self.s3 = s3
        self._size: int | None = None

    def __len__(self) -> int:
        if self._size is None:
            bucket, key = objects.split_uri(self.location)
            self._size = int(self.s3.head_object(Bucket=bucket, Key=key)["ContentLength"])
        return self._size

    def exists(self) -> bool:
        """Say whether there is such an object."""
        try:
            return len(self) >= 0
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == HTTPStatus.NOT_FOUND:
                return False
            raise

    def open(self, seekable: bool = True) -> Any:  # noqa: FBT001, FBT002 - pyiceberg's signature
        """Open the object to read."""
        del seekable
        return objects.open_object(self.s3, self.location)

    def to_input_file(self) -> S3File:
        """Return the same object to read."""
        return self

    def create(self, overwrite: bool = False) -> Any:  # noqa: FBT001, FBT002 - as above
        """Open the object to write; it is stored when the stream is closed."""
        if not overwrite and self.exists():
            raise FileExistsError(f"{self.location} exists")
        return _Upload(self)

    def store(self, content: io.BytesIO) -> None:
        """Upload the content."""
        bucket, key = objects.split_uri(self.location)
        self._size = content.getbuffer().nbytes
        content.seek(0)
        if self._size <= objects.WHOLE:
            self.s3.put_object(Bucket=bucket, Key=key, Body=content.getvalue())
        else:  # by parts, side by side
            self.s3.upload_fileobj(io.BytesIO(content.getbuffer()), bucket, key)


class _Upload(io.BytesIO):
    def __init__(self, file: S3File) -> None:
        super().__init__()
        self._file = file

    def close(self) -> None:
        if not self.closed:
            self._file.store(self)
        super().close()
