"""A bucket and a database of its own for each test, on one local AWS."""

from __future__ import annotations

import uuid

import pytest

from localaws import LocalAws
from skewless.aws import Aws, Resources
from skewless.offline.lake.log import EventLog
from skewless.offline.lake.snapshots import Snapshots


@pytest.fixture(scope="module")
def aws() -> Aws:
    local = LocalAws.start()
    return Aws(local.session(), local.endpoint)


@pytest.fixture
def place(aws: Aws) -> str:
    """A new bucket and database of one name."""
    name = f"offline{uuid.uuid4().hex}"
    aws.client("s3").create_bucket(Bucket=name)
    aws.client("glue").create_database(DatabaseInput={"Name": name})
    return name


@pytest.fixture
def resources(aws: Aws, place: str) -> Resources:
    results = {"OutputLocation": f"s3://{place}/athena/"}
    aws.client("athena").create_work_group(
        Name=place, Configuration={"ResultConfiguration": results}
    )
    return Resources(
        store="test",
        bucket=place,
        database=place,
        workgroup=place,
        online_table="o",
        registry_table="r",
    )


@pytest.fixture
def log(aws: Aws, resources: Resources) -> EventLog:
    return EventLog(aws, resources)


@pytest.fixture
def snapshots(aws: Aws, resources: Resources) -> Snapshots:
    return Snapshots(aws, resources)
