"""Schedules follow the registry: one for each view, at its cuts."""

from __future__ import annotations

import copy
import itertools
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from localaws import LocalAws
from skewless import Entity, Every, FeatureStore, FeatureView, Source, agg
from skewless.aws import Jobs
from skewless.definitions.expression import to_microseconds
from skewless.jobs.schedules import Schedules, expected
from skewless.types import Float64, String
from tests.order.scheduler import KilledError
from tests.store.builders import model, profile, spending

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skewless.aws import Aws

NOON = datetime(2024, 3, 5, 12, tzinfo=UTC)
NOW = to_microseconds(NOON, "now")
_NUMBERS = itertools.count()


def a_view(every: str, name: str = "view", version: int = 1) -> FeatureView:
    return FeatureView(
        name,
        entity=Entity("card", keys={"card": String}),
        source=Source("payments", schema={"card": String, "amount": Float64}, event_time="at"),
        refresh=Every(every),
        features={"mean": agg.mean("amount", window="7d")},
        version=version,
    )


def follow(schedules: Schedules, views: list[FeatureView]) -> list[str]:
    return schedules.follow(lambda: views, NOW)


@pytest.fixture(scope="module")
def aws() -> Aws:
    return FeatureStore.local("schedules").aws


@pytest.fixture
def schedules(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Schedules]:
    """A group of its own, where it is noon: AWS refuses a start in the past."""
    monkeypatch.setattr(LocalAws.start(), "clock", lambda: NOON)
    group = f"skewless-{next(_NUMBERS)}"
    aws.client("scheduler").create_schedule_group(Name=group)
    arn = "arn:aws:states:us-east-1:123456789012:stateMachine:skewless-x-materialize"
    role = "arn:aws:iam::123456789012:role/skewless-x-scheduler"
    queue = "https://sqs.us-east-1.amazonaws.com/123456789012/skewless-x-failed"
    jobs = Jobs(state_machine=arn, schedule_group=group, scheduler_role=role, failed_queue=queue)
    yield Schedules(aws, jobs)
    # Before the clock goes on: whatever were left would fire.
    aws.client("scheduler").delete_schedule_group(Name=group)


@pytest.mark.parametrize(
    ("every", "expression"),
    [
        ("1m", "cron(0/1 * * * ? *)"),
        ("15m", "cron(0/15 * * * ? *)"),
        ("1h", "cron(0 0/1 * * ? *)"),
        ("6h", "cron(0 0/6 * * ? *)"),
        ("1d", "cron(0 0 * * ? *)"),
    ],
)
def test_a_cut_that_cron_can_say_is_a_cron(every: str, expression: str) -> None:
    found = expected(a_view(every))
    assert (found.expression, found.period) == (expression, None)


@pytest.mark.parametrize(
    ("every", "expression"),
    [
        ("7m", "rate(7 minutes)"),
        ("90m", "rate(90 minutes)"),
        ("5h", "rate(300 minutes)"),
        ("7d", "rate(10080 minutes)"),
        ("90s", "rate(1 minutes)"),
    ],
)
def test_any_other_is_a_rate_from_a_cut_on(
    schedules: Schedules, every: str, expression: str
) -> None:
    view = a_view(every)
    assert expected(view).expression == expression
    follow(schedules, [view])
    found = schedules.aws.client("scheduler").get_schedule(
        Name="view.1", GroupName=schedules.jobs.schedule_group
    )
    start = to_microseconds(found["StartDate"], "start")
    period = 60_000_000 if every == "90s" else view.refresh.every.microseconds  # type: ignore[union-attr]
    assert start % period == 0
    assert NOW < start <= NOW + period


def test_a_stream_is_cut_at_midnight() -> None:
    assert expected(spending).expression == "cron(0 0 * * ? *)"


def test_the_state_machine_is_started_for_the_view(schedules: Schedules) -> None:
    assert follow(schedules, [profile]) == ["profile.1"]
    found = schedules.aws.client("scheduler").get_schedule(
        Name="profile.1", GroupName=schedules.jobs.schedule_group
    )
    target = found["Target"]
    assert target["Arn"] == schedules.jobs.state_machine
    assert target["RoleArn"] == schedules.jobs.scheduler_role
    assert json.loads(target["Input"]) == {"view": "profile@1", "cut": None}
    assert target["DeadLetterConfig"]["Arn"].endswith(
        ":sqs:us-east-1:123456789012:skewless-x-failed"
    )
    assert found["State"] == "ENABLED"


def test_what_is_right_is_left_alone(schedules: Schedules) -> None:
    views = [a_view("7d"), profile]
    assert len(follow(schedules, views)) == 2
    assert follow(schedules, views) == []
    assert schedules.drift(views) == []


def test_what_was_changed_or_removed_by_hand_is_told_and_mended(schedules: Schedules) -> None:
    views = [a_view("1d", "one"), a_view("1d", "two"), a_view("7d", "three")]
    follow(schedules, views)
    client, group = schedules.aws.client("scheduler"), schedules.jobs.schedule_group
    client.delete_schedule(Name="one.1", GroupName=group)
    for name, change in (
        ("two.1", {"State": "DISABLED"}),
        ("three.1", {"StartDate": datetime(2024, 3, 6, 1, tzinfo=UTC)}),
    ):
        there = client.get_schedule(Name=name, GroupName=group)
        kept = ("Name", "GroupName", "ScheduleExpression", "FlexibleTimeWindow", "Target")
        request = {key: there[key] for key in kept}
        client.update_schedule(**{**request, "State": "ENABLED", **change})
    told = {item.subject: item.what for item in schedules.drift(views)}
    assert told["one.1"] == "view one@1 has none"
    assert told["two.1"] == "it is disabled"
    assert "which is no cut of the view" in told["three.1"]
    assert set(follow(schedules, views)) == set(told)
    assert schedules.drift(views) == []


def test_the_schedule_of_no_view_is_removed(schedules: Schedules) -> None:
    follow(schedules, [profile, a_view("1d")])
    assert [item.what for item in schedules.drift([profile])] == ["no published view has it"]
    assert follow(schedules, [profile]) == ["view.1"]
    assert schedules.drift([profile]) == []


def test_long_names_of_views_stay_apart(schedules: Schedules) -> None:
    names = [f"{'v' * 90}_{end}" for end in "ab"]
    views = [a_view("1d", name) for name in names]
    assert len(set(follow(schedules, views))) == 2
    assert all(len(expected(view).name) <= 64 for view in views)


def test_every_version_has_its_own(schedules: Schedules) -> None:
    views = [a_view("1d", version=1), a_view("1d", version=2)]
    assert follow(schedules, views) == ["view.1", "view.2"]


def test_apply_schedules_what_it_publishes_where_jobs_are_deployed(schedules: Schedules) -> None:
    store = FeatureStore.local(f"scheduled-{next(_NUMBERS)}")
    store.aws.client("ssm").put_parameter(
        Name=f"/skewless/{store.name}/jobs",
        Type="String",
        Value=json.dumps(schedules.jobs.document()),
    )
    store.apply(model)
    assert schedules.drift([profile, spending]) == []


def test_who_applies_beside_another_keeps_the_schedule_of_what_the_other_published(
    schedules: Schedules,
) -> None:
    """The other publishes and schedules between this one's publishing and its schedules."""
    one = FeatureStore.local(f"scheduled-{next(_NUMBERS)}")
    one.aws.client("ssm").put_parameter(
        Name=f"/skewless/{one.name}/jobs",
        Type="String",
        Value=json.dumps(schedules.jobs.document()),
    )
    other = copy.copy(one)
    events = one.aws.client("scheduler").meta.events
    done: list[bool] = []

    def publish_beside(**_: object) -> None:
        if not done:
            done.append(True)
            other.apply(model)

    events.register("before-call.scheduler", publish_beside)
    one.apply(spending)
    assert done
    one.refresh()
    assert schedules.drift(one.published.live_views) == []
    assert len(one.published.live_views) == 2


def test_a_schedule_that_another_deleted_meanwhile_is_no_failure(schedules: Schedules) -> None:
    view = a_view("1d")
    follow(schedules, [view])
    client, group = schedules.aws.client("scheduler"), schedules.jobs.schedule_group

    def gone() -> list[FeatureView]:
        client.delete_schedule(Name="view.1", GroupName=group)
        return []

    assert schedules.follow(gone, NOW) == ["view.1"]
    follow(schedules, [view])

    def gone_and_wanted() -> list[FeatureView]:
        gone()
        return [view]

    assert schedules.follow(gone_and_wanted, NOW) == ["view.1"]
    assert schedules.drift([view]) == []


def test_an_apply_that_was_killed_at_any_schedule_is_mended_by_the_next(
    schedules: Schedules,
) -> None:
    store = FeatureStore.local(f"scheduled-{next(_NUMBERS)}")
    store.aws.client("ssm").put_parameter(
        Name=f"/skewless/{store.name}/jobs",
        Type="String",
        Value=json.dumps(schedules.jobs.document()),
    )
    events = store.aws.client("scheduler").meta.events
    for number in range(3):
        calls: list[str] = []

        def kill(model: Any, at: int = number, calls: list[str] = calls, **_: object) -> None:
            calls.append(model.name)
            if len(calls) > at:
                raise KilledError

        events.register("before-call.scheduler", kill, unique_id="kill")
        with pytest.raises(KilledError):
            store.apply([profile, spending])
        events.unregister("before-call.scheduler", unique_id="kill")
        assert schedules.drift(copy.copy(store).published.live_views)
    copy.copy(store).apply([profile, spending])
    assert schedules.drift([profile, spending]) == []
    assert len(store.log()) == 1
