"""An Athena session that is killed leaves nothing for long."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from botocore.client import BaseClient

from skewless.offline.engines.abandoned import Abandoned
from skewless.offline.engines.athena import AthenaEngine
from skewless.offline.lake.catalog import quarantine_table
from skewless.offline.query import sql
from skewless.offline.query.script import Script

if TYPE_CHECKING:
    from skewless.aws import Aws, Resources

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork"),
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning"),
]

_AT_ONCE = timedelta(0)
# What a session changes, or waits for: where a kill makes a difference.
_STEPS = (
    "PutObject",
    "CreateTable",
    "StartQueryExecution",
    "GetTable",
    "DeleteTable",
    "DeleteObject",
)


def history(aws: Aws, resources: Resources) -> None:
    """Do what a history does: labels, two stored steps of which one has no rows, and a result."""
    with AthenaEngine(aws, resources).session() as session:
        labels = session.labels(pa.table({"x": ["a", "b"]}))
        rows = sql.select(sql.column("x")).from_(labels)
        steps = sql.Steps()
        steps.add("some", rows)
        steps.add("none", rows.copy().where("x = 'c'"))
        some = sql.select(sql.column("x")).from_(sql.table("some"))
        query = some.union(sql.select(sql.column("x")).from_(sql.table("none")), distinct=False)
        session.run(Script(steps, query, checkpoints=("some", "none")))


def killed(aws: Aws, resources: Resources, at: int) -> bool:
    """Run a history in a fork that kills itself after so many calls; return whether it did."""
    child = os.fork()
    if not child:
        try:
            kill_after(at)
            history(aws, resources)
        finally:
            os._exit(0)
    end = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    wait_for_queries(aws, resources)
    return end == -signal.SIGKILL


def kill_after(calls: int) -> None:
    made: Any = BaseClient._make_api_call  # type: ignore[attr-defined]
    seen = 0

    def call(client: Any, operation: str, request: Any) -> Any:
        nonlocal seen
        answer = made(client, operation, request)
        seen += operation in _STEPS
        if seen == calls:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    BaseClient._make_api_call = call  # type: ignore[attr-defined]


def wait_for_queries(aws: Aws, resources: Resources) -> None:
    """Wait until what was asked of Athena has ended: it goes on without whoever asked."""
    athena = aws.client("athena")
    while True:
        ids = athena.list_query_executions(WorkGroup=resources.workgroup)["QueryExecutionIds"]
        found = [athena.get_query_execution(QueryExecutionId=id_) for id_ in ids]
        states = {one["QueryExecution"]["Status"]["State"] for one in found}
        if not states & {"QUEUED", "RUNNING"}:
            return
        time.sleep(0.01)


def tables(aws: Aws, resources: Resources) -> list[str]:
    pages = aws.client("glue").get_paginator("get_tables")
    found = pages.paginate(DatabaseName=resources.database)
    return [table["Name"] for page in found for table in page["TableList"]]


def objects(aws: Aws, resources: Resources) -> list[str]:
    found = aws.client("s3").list_objects_v2(Bucket=resources.bucket, Prefix="queries/")
    return [item["Key"] for item in found.get("Contents", ())]


def test_wherever_a_session_is_killed_the_next_one_leaves_nothing(
    aws: Aws, resources: Resources
) -> None:
    left: list[int] = []
    at = 1
    while killed(aws, resources, at):
        left.append(len(tables(aws, resources)))
        with AthenaEngine(aws, resources, _AT_ONCE).session():
            pass
        assert (tables(aws, resources), objects(aws, resources)) == ([], []), at
        at += 1
    assert at > 12
    assert max(left) == 3


def test_many_killed_sessions_are_swept_together(aws: Aws, resources: Resources) -> None:
    assert [killed(aws, resources, at) for at in (2, 4, 5)] == [True] * 3
    assert Abandoned(aws, resources, _AT_ONCE).sweep() == 3
    assert (tables(aws, resources), objects(aws, resources)) == ([], [])


def test_a_session_of_today_stays(aws: Aws, resources: Resources) -> None:
    with AthenaEngine(aws, resources).session() as session:
        labels = session.labels(pa.table({"x": ["a"]}))
        history(aws, resources)
        assert tables(aws, resources) == [labels.name]
        query = sql.select(sql.column("x")).from_(labels)
        assert session.run(Script(sql.Steps(), query)).to_pylist() == [{"x": "a"}]


def test_tables_and_objects_of_nothing_else_are_touched(aws: Aws, resources: Resources) -> None:
    glue, s3 = aws.client("glue"), aws.client("s3")
    mine = ["skewless_labels_mine", "skewless_step_1", quarantine_table("events"), "payments"]
    for name in mine:
        glue.create_table(DatabaseName=resources.database, TableInput={"Name": name})
    for key in ("queries/by-hand.csv", "queries/mine/labels.parquet", "log/a"):
        s3.put_object(Bucket=resources.bucket, Key=key, Body=b"x")
    killed(aws, resources, 3)
    assert Abandoned(aws, resources, _AT_ONCE).sweep() == 1
    assert sorted(tables(aws, resources)) == sorted(mine)
    assert objects(aws, resources) == ["queries/by-hand.csv", "queries/mine/labels.parquet"]


def test_a_sweep_removes_so_many_sessions_and_the_next_one_the_others(
    aws: Aws, resources: Resources
) -> None:
    for number in range(23):
        key = f"queries/{number:032x}/result_1/a"
        aws.client("s3").put_object(Bucket=resources.bucket, Key=key, Body=b"x")
    assert Abandoned(aws, resources, _AT_ONCE).sweep() == 20
    assert Abandoned(aws, resources, _AT_ONCE).sweep() == 3


def test_what_may_not_be_swept_holds_up_no_session(aws: Aws, resources: Resources) -> None:
    assert Abandoned(aws, replace(resources, bucket="of-nobody"), _AT_ONCE).sweep() == 0
