"""pyiceberg's files, through the session's own client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pyiceberg.io import load_file_io

from skewless.offline.storage import file_io, objects
from tests.offline.user_lake import put

if TYPE_CHECKING:
    from skewless.aws import Aws


def test_pyiceberg_finds_our_files_by_name(aws: Aws) -> None:
    found = load_file_io(file_io.iceberg_properties(aws))
    assert isinstance(found, file_io.S3FileIO)


def test_what_pyiceberg_writes_it_reads_and_deletes(aws: Aws, place: str) -> None:
    files, uri = file_io.S3FileIO(file_io.iceberg_properties(aws)), f"s3://{place}/meta/a.json"
    with files.new_output(uri).create() as stream:
        stream.write(b"{}")
    file = files.new_input(uri)
    assert (file.exists(), len(file), file.open().read()) == (True, 2, b"{}")
    files.delete(uri)
    assert not files.new_input(uri).exists()


def test_a_file_of_pyicebergs_is_not_overwritten(aws: Aws, place: str) -> None:
    files = file_io.S3FileIO(file_io.iceberg_properties(aws))
    put(aws, place, "a", b"first")
    stream = files.new_output(f"s3://{place}/a").create()
    stream.write(b"second")
    with pytest.raises(FileExistsError, match=f"s3://{place}/a exists"):
        stream.close()
    assert files.new_input(f"s3://{place}/a").open().read() == b"first"


def test_a_write_that_is_sent_again_finds_itself(aws: Aws, place: str) -> None:
    files = file_io.S3FileIO(file_io.iceberg_properties(aws))
    put(aws, place, "a", b"same")
    with files.new_output(f"s3://{place}/a").create() as stream:
        stream.write(b"same")


def test_a_file_that_may_be_overwritten_is(aws: Aws, place: str) -> None:
    files = file_io.S3FileIO(file_io.iceberg_properties(aws))
    put(aws, place, "a", b"first")
    with files.new_output(f"s3://{place}/a").create(overwrite=True) as stream:
        stream.write(b"second")
    assert files.new_input(f"s3://{place}/a").open().read() == b"second"


@pytest.mark.parametrize("overwrite", [True, False])
def test_a_large_file_is_written_whether_or_not_it_must_be_new(
    aws: Aws, place: str, *, overwrite: bool
) -> None:
    files = file_io.S3FileIO(file_io.iceberg_properties(aws))
    content = b"much" * (objects.WHOLE // 4 + 1)
    with files.new_output(f"s3://{place}/a").create(overwrite=overwrite) as stream:
        stream.write(content)
    assert files.new_input(f"s3://{place}/a").open().read() == content
