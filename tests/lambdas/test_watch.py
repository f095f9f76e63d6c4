"""What the watch function tells: how far behind views are, how many rows were refused."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from lambdas import runtime
from lambdas.watch.handler import handle as watch
from localaws.deploy.scheduler import Call
from localaws.deploy.scheduler.expression import latest_due, parse
from tests.lambdas.steps import context
from tests.store.builders import model, payment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skewless import FeatureStore
    from tests.lambdas.conftest import MovableClock
    from tests.lambdas.steps import Steps

JOBS_TEMPLATE = (
    Path(__file__).parents[1]
    / "cdk/__snapshots__/test_snapshot/test_a_change_of_a_stack_is_seen_in_review[jobs].json"
)
pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")


def metrics(text: str, name: str) -> dict[str | None, float]:
    """The values of a metric by view, as CloudWatch would take them from a log."""
    found: dict[str | None, float] = {}
    for line in text.splitlines():
        document: dict[str, Any] = json.loads(line) if '"_aws"' in line else {}
        if name in document:
            assert document["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "skewless"
            found[document.get("View")] = document[name][0]
    return found


def test_a_view_that_was_never_cut_is_overdue(
    store: FeatureStore, capsys: pytest.CaptureFixture[str]
) -> None:
    store.apply(model)
    assert watch({}, context())["overdue"] == 2
    found = metrics(capsys.readouterr().out, "OverdueSeconds")
    assert found == {"profile@1": 10 * 3600, "spending@1": 11 * 3600}


def test_a_view_is_overdue_once_its_delay_has_passed(
    store: FeatureStore,
    steps: Steps,
    clock: MovableClock,
    capsys: pytest.CaptureFixture[str],
) -> None:
    store.apply(model)
    for view in ("profile@1", "spending@1"):
        steps.run(view)
    assert watch({}, context())["overdue"] == 0
    clock.now += timedelta(hours=13, minutes=59)
    assert watch({}, context())["overdue"] == 1  # the stream's; the other has two hours
    clock.now += timedelta(minutes=2)
    capsys.readouterr()
    assert watch({}, context())["overdue"] == 2
    assert metrics(capsys.readouterr().out, "OverdueSeconds") == {
        "profile@1": 60,
        "spending@1": 3660,
    }


NOON = datetime(2031, 5, 1, 12, tzinfo=UTC)


def refuse_at(store: FeatureStore, instant: datetime) -> None:
    """Ingest two rows that are refused, as if their commit were of an instant."""
    store.ingest("payments", [payment(amount="much"), payment(amount="more"), payment()])
    glue, s3 = store.aws.client("glue"), store.aws.client("s3")
    table = glue.get_table(
        DatabaseName=store.resources.database, Name="skewless_quarantine_payments"
    )
    place = table["Table"]["Parameters"]["metadata_location"].removeprefix("s3://")
    bucket, _, key = place.partition("/")
    metadata = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    metadata["snapshots"][-1]["timestamp-ms"] = round(instant.timestamp() * 1000)
    s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(metadata))


def deployed_schedule() -> dict[str, Any]:
    """The watch's schedule, as the stack in review has it."""
    resources = json.loads(JOBS_TEMPLATE.read_text())["Resources"].values()
    (found,) = [
        each["Properties"]
        for each in resources
        if each["Type"] == "AWS::Scheduler::Schedule"
        and each["Properties"]["Name"] == "skewless-dev-watch"
    ]
    return dict(found)


def calls(schedule: dict[str, Any], since: datetime, until: datetime) -> Iterator[Call]:
    """The calls of a schedule that was made at an instant."""
    expression = parse(schedule["ScheduleExpression"], "UTC")
    target = SimpleNamespace(arn="arn", target=schedule["Target"])
    seen = since
    # Calls are minutes apart, so that none is missed between two looks.
    while (now := seen + timedelta(seconds=30)) <= until:
        if due := latest_due(expression, seen, now, since):
            yield Call.of(target, due)
        seen = now


@pytest.mark.parametrize("deployed_after", [0, 31, 148, 241, 270, 299])
def test_a_refused_row_is_counted_once_however_late_each_call_is(
    store: FeatureStore,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    deployed_after: int,
) -> None:
    store.apply(model)
    refuse_at(store, NOON + timedelta(minutes=20, seconds=13))
    begin = NOON + timedelta(seconds=deployed_after)
    # Scheduler calls within the minute; Lambda repeats what failed or was throttled.
    lateness = itertools.cycle((59, 0, 23, 400, 58))
    counted = []
    for call in calls(deployed_schedule(), begin, begin + timedelta(minutes=40)):
        made = call.due_at + timedelta(seconds=next(lateness))
        monkeypatch.setattr(runtime, "now", lambda made=made: round(made.timestamp() * 1_000_000))
        watch(json.loads(call.payload), context())
        counted.append(metrics(capsys.readouterr().out, "RejectedRows")[None])

    assert sum(counted) == 2
    assert counted.count(0) == len(counted) - 1


@pytest.mark.parametrize("refused", ["11:58:59.999", "11:59:00", "12:03:59.999", "12:04:00"])
def test_spans_end_a_minute_before_their_call_so_that_their_commits_can_be_seen(
    store: FeatureStore, refused: str
) -> None:
    store.apply(model)
    refuse_at(store, datetime.fromisoformat(f"2031-05-01T{refused}+00:00"))
    counted = [
        watch({"scheduled": f"2031-05-01T12:{minute}:00Z"}, context())["rejected"]
        for minute in ("00", "05", "10")
    ]
    span = 0 if refused < "11:59" else 1 if refused < "12:04" else 2
    assert counted == [2 * (index == span) for index in range(3)]


def test_a_call_by_hand_counts_no_refused_rows_again(
    store: FeatureStore, capsys: pytest.CaptureFixture[str]
) -> None:
    store.apply(model)
    refuse_at(store, NOON)
    assert "rejected" not in watch({}, context())
    assert metrics(capsys.readouterr().out, "RejectedRows") == {}
