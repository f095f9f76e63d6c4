"""Whatever fails on the way: nothing is lost, doubled or half visible."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from localaws.deploy import functions
from tests.deployment.faults import injected

if TYPE_CHECKING:
    from tests.deployment.jobs import RunningJobs

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")


def is_commit(action: str, body: bytes) -> bool:
    """Whether a request moves a watermark."""
    return action == "UpdateItem" and b"#previous" in body


def is_write(action: str) -> bool:
    """Whether a request writes entities' states."""
    return action == "BatchExecuteStatement"


@pytest.mark.parametrize("stream", [False, True])
def test_a_cut_runs_to_its_end(jobs: RunningJobs, *, stream: bool) -> None:
    view = jobs.a_view(stream=stream)
    ended = jobs.run(view)
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    assert len({item["pk"]["S"] for item in jobs.items(view)}) == 40
    jobs.assert_parity(view)
    assert jobs.statuses(view) == {"ok"}


def test_nothing_is_served_before_the_commit(jobs: RunningJobs) -> None:
    view = jobs.a_view()
    seen: set[str] = set()

    def look(action: str, body: bytes) -> str | None:
        if is_commit(action, body):
            statuses = jobs.statuses(view)
            # A busy machine answers late, and boto3 then sends the same commit a second time.
            if jobs.watermark(view) is None:
                seen.update(statuses)
        return None

    with injected(jobs.aws, look, may_miss=True):
        assert jobs.run(view)["status"] == "SUCCEEDED"
    assert seen == {"stale"}
    jobs.assert_parity(view)


def test_a_write_function_that_is_killed_is_called_again(jobs: RunningJobs) -> None:
    view = jobs.a_view(entities=600)
    jobs.set_write_rate(200)
    try:
        execution = jobs.start(view)
        killed = _kill_when_busy(f"skewless-{jobs.store.name}-write", lambda: jobs.items(view))
        ended = jobs.wait(execution)
    finally:
        jobs.set_write_rate(None)
    assert 0 < killed < 600
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    assert len(jobs.items(view)) == 600
    jobs.assert_parity(view)


@pytest.mark.parametrize("how", ["failed", "cancelled"])
def test_a_query_that_fails_is_planned_anew(jobs: RunningJobs, how: str) -> None:
    view = jobs.a_view()
    athena = jobs.aws.client("athena")
    first = threading.Event()
    cancelled: list[str] = []

    def breaks(action: str, body: bytes) -> str | None:
        if action == "GetTable" and how == "cancelled" and first.is_set():
            # Athena asks for the table first: the query runs until it is cancelled.
            _wait_for(lambda: cancelled, 30)
        if action != "StartQueryExecution" or b"UNLOAD" not in body or first.is_set():
            return None
        first.set()
        if how == "failed":
            return "InvalidRequestException"
        arguments = (athena, jobs.store.resources.workgroup, cancelled)
        threading.Thread(target=_cancel_next, args=arguments).start()
        return None

    with injected(jobs.aws, breaks, may_miss=how == "cancelled"):
        execution = jobs.start(view)
        ended = jobs.wait(execution)
    assert first.is_set()
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    assert jobs.states(execution).count("Plan") >= 3
    if how == "cancelled":
        (query,) = cancelled
        found = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]
        assert found["Status"]["State"] == "CANCELLED"
    jobs.assert_parity(view)


def test_a_query_without_rows_moves_the_watermark(jobs: RunningJobs) -> None:
    view = jobs.a_view()
    assert jobs.run(view)["status"] == "SUCCEEDED"
    before = jobs.items(view)
    cut = jobs.watermark(view)
    assert cut is not None
    # The day before was never cut; nobody has an event since.
    table = jobs.store.resources.online_table
    key = {"pk": {"S": before[0]["pk"]["S"].rpartition("#")[0]}, "sk": {"S": "W"}}
    older = cut - 86_400_000_000
    jobs.aws.client("dynamodb").update_item(
        TableName=table,
        Key=key,
        UpdateExpression="SET cut = :older, started = :older",
        ExpressionAttributeValues={":older": {"N": str(older)}},
    )
    ended = jobs.run(view)
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    assert jobs.watermark(view) == cut


def test_throttled_writes_are_tried_until_they_pass(jobs: RunningJobs) -> None:
    view = jobs.a_view(entities=300)
    count = iter(range(10**9))

    def throttles(action: str, _: bytes) -> str | None:
        if is_write(action) and next(count) % 3 < 1:
            return "ProvisionedThroughputExceededException"
        return None

    with injected(jobs.aws, throttles) as injector:
        ended = jobs.run(view)
    assert injector.injected >= 6
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    jobs.assert_parity(view)


def test_the_same_cut_started_twice_is_written_once(jobs: RunningJobs) -> None:
    view = jobs.a_view(stream=True)
    executions = [jobs.start(view), jobs.start(view)]
    ended = [jobs.wait(execution) for execution in executions]
    assert [item["status"] for item in ended] == ["SUCCEEDED", "SUCCEEDED"], ended
    versions = {item["v"]["N"] for item in jobs.items(view) if item["sk"]["S"] == "B"}
    assert versions == {"1"}
    jobs.assert_parity(view)


def test_an_entity_that_does_not_fit_fails_by_itself_and_the_cut_commits(
    jobs: RunningJobs,
) -> None:
    view = jobs.a_view(entities=3)
    huge = {"card": "c1", "amount": 1.0, "shop": "x" * 500_000, "paid_at": _days_ago(2)}
    jobs.store.backfill(view.source, [huge], rewrite=True)
    ended = jobs.run(view)
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    asked = [{"card": f"c{number}"} for number in range(3)]
    answer = jobs.store.get_online_features(view, asked)
    assert [found[view.name].status for found in answer.status] == ["ok", "failed", "ok"]
    assert "more than the 390,000 that fit" in (answer.status[1][view.name].reason or "")
    jobs.assert_parity(view)


def test_what_gave_up_is_redriven_when_its_cause_is_gone(jobs: RunningJobs) -> None:
    view = jobs.a_view()

    def refuses(action: str, body: bytes) -> str | None:
        return "ResourceNotFoundException" if is_commit(action, body) else None

    with injected(jobs.aws, refuses):
        ended = jobs.run(view)
    assert (ended["status"], ended["error"]) == ("FAILED", "OnlineStoreError")
    assert jobs.statuses(view) == {"stale"}
    started = [item for item in jobs.store.redrive() if item.view == f"{view.name}@1"]
    assert len(started) == 1
    ended = jobs.wait(started[0].arn)
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    jobs.assert_parity(view)


def test_a_commit_whose_answer_is_lost_is_committed_once(jobs: RunningJobs) -> None:
    view = jobs.a_view()
    lost = iter([True])

    def loses(action: str, body: bytes) -> str | None:
        return "InternalServerError" if is_commit(action, body) and next(lost, False) else None

    with injected(jobs.aws, loses, is_after=True) as injector:
        ended = jobs.run(view)
    assert injector.injected == 1
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    jobs.assert_parity(view)


def test_a_version_published_meanwhile_has_items_of_its_own(jobs: RunningJobs) -> None:
    view = jobs.a_view(entities=300)
    jobs.set_write_rate(150)
    try:
        execution = jobs.start(view)
        _wait_for(lambda: len(jobs.items(view)) > 0)
        newer = _next_version(view)
        jobs.store.apply([newer])
        ended = jobs.wait(execution)
    finally:
        jobs.set_write_rate(None)
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    jobs.assert_parity(view)
    assert jobs.items(newer) == []
    assert jobs.run(newer)["status"] == "SUCCEEDED"
    jobs.assert_parity(newer)


def _next_version(view: Any) -> Any:
    from skewless import FeatureView, agg  # noqa: PLC0415

    return FeatureView(
        view.name,
        entity=view.entity,
        source=view.source,
        refresh=view.refresh,
        features={"mean_7d": agg.mean("amount", window="14d")},
        version=2,
    )


def _days_ago(days: int) -> Any:
    from datetime import UTC, datetime, timedelta  # noqa: PLC0415

    return datetime.now(UTC) - timedelta(days=days)


def _kill_when_busy(name: str, items: Any) -> int:
    """Kill a function's process once it has written some; return how many it had."""
    _wait_for(lambda: len(items()) > 0)
    busy = [item for item in functions.environments(name) if item.is_busy]
    assert busy
    for environment in busy:
        environment.kill()
    return len(items())


def _cancel_next(athena: Any, workgroup: str, cancelled: list[str]) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for query in athena.list_query_executions(WorkGroup=workgroup)["QueryExecutionIds"]:
            found = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]
            if found["Status"]["State"] in ("QUEUED", "RUNNING"):
                athena.stop_query_execution(QueryExecutionId=query)
                cancelled.append(query)
                return


def _wait_for(condition: Any, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)
