from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from botocore.exceptions import ClientError
from pyiceberg.exceptions import CommitFailedException

if TYPE_CHECKING:
    from tests.localaws.sandbox import Sandbox


def test_an_update_of_a_stale_version_is_refused(sandbox: Sandbox) -> None:
    glue = sandbox.aws.client("glue")
    glue.create_table(DatabaseName=sandbox.database, TableInput={"Name": "t"})
    read = glue.get_table(DatabaseName=sandbox.database, Name="t")["Table"]["VersionId"]
    update = {"DatabaseName": sandbox.database, "TableInput": {"Name": "t"}, "VersionId": read}
    glue.update_table(**update)
    with pytest.raises(glue.exceptions.ConcurrentModificationException):
        glue.update_table(**update)


def test_an_update_without_a_version_is_not_compared(sandbox: Sandbox) -> None:
    glue = sandbox.aws.client("glue")
    glue.create_table(DatabaseName=sandbox.database, TableInput={"Name": "t"})
    for _ in range(2):
        glue.update_table(DatabaseName=sandbox.database, TableInput={"Name": "t"})
    assert glue.get_table(DatabaseName=sandbox.database, Name="t")["Table"]["VersionId"] == "3"


def test_concurrent_iceberg_appends_keep_every_row(sandbox: Sandbox) -> None:
    rows = pa.table({"n": pa.array(range(10), pa.int64())})
    identifier = f"{sandbox.database}.appended"
    sandbox.iceberg().create_table(identifier, rows.schema, location=sandbox.path("ice"))

    def append(_: int) -> None:
        for _ in range(2):
            while True:
                try:
                    sandbox.iceberg().load_table(identifier).append(rows)
                except CommitFailedException:
                    continue
                break

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(append, range(4)))
    assert sandbox.iceberg().load_table(identifier).scan().count() == 80


def test_an_absent_table_is_an_error(sandbox: Sandbox) -> None:
    with pytest.raises(ClientError, match="EntityNotFoundException"):
        sandbox.aws.client("glue").get_table(DatabaseName=sandbox.database, Name="absent")
