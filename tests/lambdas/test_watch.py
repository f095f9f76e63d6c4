"""What the watch function tells: how far behind views are, how many rows were refused."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from lambdas import runtime
from lambdas.watch.handler import handle as watch
from tests.lambdas.steps import context
from tests.store.builders import model, payment

if TYPE_CHECKING:
    from skewless import FeatureStore
    from tests.lambdas.conftest import MovableClock
    from tests.lambdas.steps import Steps

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


def test_refused_rows_are_counted_in_the_span_they_came_in(
    store: FeatureStore, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store.apply(model)
    store.ingest("payments", [payment(amount="much"), payment(amount="more"), payment()])
    glue = store.aws.client("glue")
    table = glue.get_table(DatabaseName=store.resources.database, Name="skewless_quarantine")
    place = table["Table"]["Parameters"]["metadata_location"].removeprefix("s3://")
    bucket, _, key = place.partition("/")
    body = store.aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    written_at = json.loads(body)["snapshots"][-1]["timestamp-ms"] * 1000
    five_minutes = 300_000_000
    monkeypatch.setattr(runtime, "now", lambda: written_at + five_minutes)
    assert watch({}, context())["rejected"] == 2
    assert metrics(capsys.readouterr().out, "RejectedRows") == {None: 2}
    monkeypatch.setattr(runtime, "now", lambda: written_at + 2 * five_minutes)
    assert watch({}, context())["rejected"] == 0
