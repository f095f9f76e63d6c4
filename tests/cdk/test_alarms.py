from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Template

from cdk.feature_store import FeatureStore
from skewless.errors import InputError
from tests.cdk.apps import SampleBundler, flat, only, stack

if TYPE_CHECKING:
    from pathlib import Path

ALARM = "AWS::CloudWatch::Alarm"


def alarms(template: Template) -> dict[str, dict[str, Any]]:
    found = (each["Properties"] for each in template.find_resources(ALARM).values())
    return {each["AlarmName"].removeprefix("skewless-dev-"): each for each in found}


def expressions(alarm: dict[str, Any]) -> list[str]:
    return [each["Expression"] for each in alarm["Metrics"] if "Expression" in each]


def metrics(alarm: dict[str, Any]) -> set[str]:
    stated = (each["MetricStat"]["Metric"] for each in alarm["Metrics"] if "MetricStat" in each)
    return {each["MetricName"] for each in stated}


def test_there_is_an_alarm_for_all_that_the_operations_guide_names(jobs: Template) -> None:
    assert sorted(alarms(jobs)) == [
        "check-failed",
        "check-silent",
        "entities-failed",
        "executions-failed",
        "failed-cuts-waiting",
        "function-errors",
        "function-throttles",
        "online-errors",
        "online-throttles",
        "parity-mismatches",
        "rows-rejected",
        "views-overdue",
        "watch-silent",
    ]


def test_every_alarm_says_what_it_means_what_to_do_first_and_where_to_read(
    jobs: Template,
) -> None:
    for name, alarm in alarms(jobs).items():
        told = alarm["AlarmDescription"]
        assert re.fullmatch(rf".+\. First: .+\. See docs/operations\.md#alarm-{name}\.", told)


def test_every_alarm_says_what_silence_means(jobs: Template) -> None:
    silence = {name: alarm["TreatMissingData"] for name, alarm in alarms(jobs).items()}

    assert silence.pop("watch-silent") == "breaching"
    # SQS does not measure a queue that nobody uses.
    assert silence.pop("failed-cuts-waiting") == "ignore"
    # Between two checks, what the last one found stays.
    assert silence.pop("parity-mismatches") == "ignore"
    assert set(silence.values()) == {"notBreaching"}


def test_an_overdue_view_of_this_store_is_found_among_all(jobs: Template) -> None:
    alarm = alarms(jobs)["views-overdue"]

    assert expressions(alarm) == ["SELECT MAX(OverdueSeconds) FROM skewless WHERE Store = 'dev'"]
    assert alarm["Threshold"] == 30 * 60


def test_the_watch_itself_is_watched(jobs: Template) -> None:
    alarm = alarms(jobs)["watch-silent"]

    assert (alarm["MetricName"], alarm["Statistic"]) == ("OverdueViews", "SampleCount")
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 1)
    assert alarm["EvaluationPeriods"] * alarm["Period"] == 15 * 60


def test_no_alarm_looks_further_back_than_cloudwatch_lets_it(jobs: Template) -> None:
    for alarm in alarms(jobs).values():
        stated = [each["MetricStat"] for each in alarm.get("Metrics", ()) if "MetricStat" in each]
        periods = {each["Period"] for each in (alarm, *stated) if "Period" in each}
        for period in periods:
            limit = 7 * 86_400 if period >= 3_600 else 86_400
            assert period * alarm["EvaluationPeriods"] <= limit
        assert len(alarm.get("Metrics", ())) <= 10


def test_failures_throttles_and_skew_have_alarms_of_their_own(jobs: Template) -> None:
    found = alarms(jobs)

    assert metrics(found["executions-failed"]) == {"ExecutionsFailed", "ExecutionsTimedOut"}
    assert metrics(found["function-errors"]) == {"Errors"}
    assert metrics(found["function-throttles"]) == {"Throttles"}
    throttles = {"ReadThrottleEvents", "WriteThrottleEvents"}
    assert metrics(found["online-throttles"]) == {*throttles, "OverdueViews"}
    assert metrics(found["online-errors"]) == {"SystemErrors", "OverdueViews"}
    assert metrics(found["check-failed"]) == {"Errors", "OverdueViews"}
    assert metrics(found["check-silent"]) == {"ParityCompared", "OverdueViews"}
    assert found["parity-mismatches"]["MetricName"] == "ParityMismatches"
    assert found["parity-mismatches"]["Dimensions"] == [{"Name": "Store", "Value": "dev"}]
    assert "RejectedRows" in expressions(found["rows-rejected"])[0]
    assert expressions(found["entities-failed"]) == [
        "SELECT MAX(FailedEntities) FROM skewless WHERE Store = 'dev'"
    ]


def test_a_topic_hears_of_every_alarm_and_of_its_end(tmp_path: Path) -> None:
    team = stack(tmp_path)
    topic = sns.Topic(team, "Topic")
    FeatureStore(team, "Features", store="dev", alarm_topic=topic, bundler=SampleBundler(tmp_path))

    found = alarms(Template.from_stack(team)).values()
    assert len(found) == 13
    assert all(alarm["AlarmActions"] == alarm["OKActions"] for alarm in found)
    assert all(len(alarm["AlarmActions"]) == 1 for alarm in found)


@pytest.mark.parametrize("is_by_alias", [True, False])
def test_a_topic_that_cloudwatch_cannot_publish_to_is_refused(
    tmp_path: Path, *, is_by_alias: bool
) -> None:
    team = stack(tmp_path)
    topic = sns.Topic(
        team,
        "Topic",
        master_key=kms.Alias.from_alias_name(team, "Key", "alias/aws/sns") if is_by_alias else None,
    )
    if not is_by_alias:
        resource: Any = topic.node.default_child
        resource.kms_master_key_id = "alias/aws/sns"
    bundler = SampleBundler(tmp_path)
    with pytest.raises(InputError, match="CloudWatch cannot publish"):
        FeatureStore(team, "Features", store="dev", alarm_topic=topic, bundler=bundler)


def test_the_dashboard_shows_freshness_parity_latency_and_cost(jobs: Template) -> None:
    dashboard = only(jobs, "AWS::CloudWatch::Dashboard")["Properties"]
    body = json.loads(flat(dashboard["DashboardBody"]))

    assert dashboard["DashboardName"] == "skewless-dev"
    assert [widget["properties"]["title"] for widget in body["widgets"]] == [
        "Overdue by view (seconds)",
        "Duration of cuts (ms)",
        "Failed cuts",
        "Entities written by view",
        "Parity: values compared and different, rows that were stale",
        "Rejected rows",
        "Latency of BatchGetItem (ms)",
        "Throttles and errors",
        "Capacity units",
        "Bytes that queries scanned",
    ]
