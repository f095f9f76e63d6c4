"""What wakes somebody and what does not: every alarm, on days that go well and days that do not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tests.cdk.apps import flat
from tests.cdk.cloudwatch import DAY, HOUR, MINUTE, Alarm, Conditions, Series
from tests.cdk.test_alarms import alarms

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_cdk.assertions import Template

FUNCTIONS = ("plan", "write", "days", "commit")
MACHINE = "arn:<Partition>:states:<Region>:<AccountId>:stateMachine:skewless-dev-materialize"
VIEWS = ("spending@1", "profile@2")
# Nobody deploys at midnight.
DEPLOYED = 9 * HOUR + 7 * MINUTE + 13
DAYS = 3
EITHER_WAY = [
    Conditions(),
    Conditions(more=0, is_aligned=True),
    Conditions(phase=31, ignores_dynamodb=True),
    Conditions(phase=59, delay=150),
    Conditions(more=3, phase=17, delay=120, is_aligned=True, ignores_dynamodb=True),
]
# In its first minutes a store has no watch yet that could have run.
SETTLED = 10 * MINUTE


@dataclass
class World:
    """A store's metrics from its deployment on, as AWS and the functions write them."""

    series: Series = field(default_factory=Series)
    until: int = DEPLOYED + DAYS * DAY

    def function(self, name: str, at: float, *, fails: bool = False) -> None:
        """A function runs. Lambda writes a 0 where nothing failed."""
        about = {"FunctionName": f"skewless-dev-{name}"}
        for metric, value in (("Invocations", 1), ("Errors", int(fails)), ("Throttles", 0)):
            self.series.put("AWS/Lambda", metric, at, value, **about)

    def throttle(self, name: str, since: float, until: float, every: float) -> None:
        """A function's calls are refused; they are no invocations."""
        at = since
        while at < until:
            about = {"FunctionName": f"skewless-dev-{name}"}
            self.series.put("AWS/Lambda", "Throttles", at, 1, **about)
            at += every

    def of_store(self, metric: str, at: float, value: float, **view: str) -> None:
        self.series.put("skewless", metric, at, value, Store="dev", **view)

    def watched(self, at: float, overdue: float = 0, rejected: int = 0, failed: int = 0) -> None:
        """The watch runs."""
        self.function("watch", at)
        for view in VIEWS:
            self.of_store("OverdueSeconds", at, overdue if view == VIEWS[0] else 0, View=view)
            self.of_store("FailedEntities", at, failed if view == VIEWS[0] else 0, View=view)
        self.of_store("RejectedRows", at, rejected)
        self.of_store("OverdueViews", at, overdue > 0)

    def checked(self, at: float, mismatches: int = 0, compared: int = 100) -> None:
        """The check ends well, or having found something."""
        self.function("check", at - 100)
        if mismatches:
            self.of_store("ParityMismatches", at, mismatches, View=VIEWS[0])
        if compared:
            self.of_store("ParityMismatches", at, mismatches)
        self.of_store("ParityCompared", at, compared)
        self.of_store("ParityStale", at, 0)

    def cut(self, midnight: float) -> None:
        for name, at in zip(FUNCTIONS, (70, 90, 95, 100), strict=True):
            self.function(name, midnight + at)

    def waits(self, since: float, until: float, count: int) -> None:
        """The queue holds messages; SQS measures each minute."""
        name = {"QueueName": "skewless-dev-failed"}
        at = since
        while at < until:
            self.series.put("AWS/SQS", "ApproximateNumberOfMessagesVisible", at, count, **name)
            at += MINUTE

    def dynamodb(self, metric: str, at: float, **about: str) -> None:
        """DynamoDB writes no zeros."""
        self.series.put("AWS/DynamoDB", metric, at, 3, TableName="skewless-dev-online", **about)

    def executed(self, at: float, metric: str = "ExecutionsFailed") -> None:
        self.series.put("AWS/States", metric, at, 1, StateMachineArn=MACHINE)

    def days(self) -> list[int]:
        """The midnights after the deployment."""
        return list(range(DAY, self.until, DAY))


def some_days(
    *,
    watches: Callable[[World, float], Any] | None = None,
    checks: Callable[[World, float], Any] | None = None,
) -> World:
    """A store that is deployed and goes well, but for what is given."""
    world = World()
    late = (13, 59, 0, 41)
    for number, due in enumerate(range(DEPLOYED // 300 * 300 + 300, world.until, 300)):
        (watches or World.watched)(world, due + late[number % 4])
    for number, midnight in enumerate(world.days()):
        world.cut(midnight)
        # It takes some minutes, and not as many each day.
        (checks or World.checked)(world, midnight + 3 * HOUR + (140, 800, 130)[number % 3])
    return world


def woken(jobs: Template, world: World, conditions: Conditions) -> dict[str, list[int]]:
    """When each alarm went off, by its name; those left out that did not."""
    series = world.series.in_order()
    found = {}
    for name, properties in alarms(jobs).items():
        states = Alarm(flat(properties)).states(series, DEPLOYED + SETTLED, world.until, conditions)
        if went := [now for now, state in states if state == "ALARM"]:
            found[name] = went
    return found


def names(jobs: Template, world: World, conditions: Conditions) -> dict[str, int]:
    """How often each alarm went off."""
    return {name: len(times) for name, times in woken(jobs, world, conditions).items()}


@pytest.mark.parametrize("conditions", EITHER_WAY)
class TestWaking:
    """Each under all that AWS does not tell."""

    def test_days_that_go_well_wake_nobody(self, jobs: Template, conditions: Conditions) -> None:
        assert names(jobs, some_days(), conditions) == {}

    def test_a_check_that_fails_wakes_somebody_on_that_day(
        self, jobs: Template, conditions: Conditions
    ) -> None:
        def fails(world: World, at: float) -> None:
            # Lambda calls again after one minute, and after two more: all within five.
            for tried in (at, at + 61, at + 182):
                world.function("check", tried, fails=True)
                world.of_store("ParityCompared", tried, 0)

        world = some_days(checks=fails)
        found = woken(jobs, world, conditions)
        assert set(found) == {"check-failed"}
        assert [at // DAY for at in found["check-failed"]] == [at // DAY for at in world.days()]

    def test_a_check_that_never_runs_or_never_ends_is_missed(
        self, jobs: Template, conditions: Conditions
    ) -> None:
        def ends_once(world: World, at: float) -> None:
            if at < 2 * DAY:
                world.checked(at)

        found = woken(jobs, some_days(checks=ends_once), conditions)
        assert set(found) == {"check-silent"}
        (at,) = found["check-silent"]
        assert 2 * DAY + 4 * HOUR < at < 2 * DAY + 7 * HOUR
        never = woken(jobs, some_days(checks=lambda *_: None), conditions)
        assert set(never) == {"check-silent"}

    def test_a_check_that_is_tried_again_and_ends_well_is_told_once(
        self, jobs: Template, conditions: Conditions
    ) -> None:
        def second(world: World, at: float) -> None:
            if at < 2 * DAY:
                world.function("check", at - 200, fails=True)
            world.checked(at)

        assert names(jobs, some_days(checks=second), conditions) == {"check-failed": 1}

    def test_a_watch_that_stops_is_missed(self, jobs: Template, conditions: Conditions) -> None:
        def stops(world: World, at: float) -> None:
            if not 2 * DAY < at < 2 * DAY + 2 * HOUR:
                world.watched(at)

        found = woken(jobs, some_days(watches=stops), conditions)
        assert set(found) == {"watch-silent"}
        (at,) = found["watch-silent"]
        # AWS may go by older data as long as it finds some.
        assert 2 * DAY + 10 * MINUTE <= at <= 2 * DAY + 45 * MINUTE

    def test_a_watch_that_fails_wakes_somebody(
        self, jobs: Template, conditions: Conditions
    ) -> None:
        def fails(world: World, at: float) -> None:
            if not 2 * DAY < at < 2 * DAY + HOUR:
                return world.watched(at)
            for tried in (at, at + 61, at + 182):
                world.function("watch", tried, fails=True)
            return None

        found = names(jobs, some_days(watches=fails), conditions)
        assert found == {"function-errors": 1, "watch-silent": 1}

    def test_a_cuts_function_that_fails_and_recovers_wakes_nobody(
        self, jobs: Template, conditions: Conditions
    ) -> None:
        world = some_days()
        for at in (200, 202, 206, 214, 260, 400):
            world.function("write", 2 * DAY + at, fails=True)
        assert names(jobs, world, conditions) == {}

    @pytest.mark.parametrize("name", ["write", "check"])
    def test_throttles_that_last_wake_somebody(
        self, jobs: Template, conditions: Conditions, name: str
    ) -> None:
        world = some_days()
        # Lambda and the state machine wait up to five minutes, and up to one.
        every = {"write": 40, "check": 290}[name]
        world.throttle(name, 2 * DAY, 2 * DAY + 50 * MINUTE, every)
        assert names(jobs, world, conditions) == {"function-throttles": 1}

    def test_throttles_of_one_burst_wake_nobody(
        self, jobs: Template, conditions: Conditions
    ) -> None:
        world = some_days()
        world.throttle("write", 2 * DAY, 2 * DAY + 4 * MINUTE, 10)
        assert names(jobs, world, conditions) == {}

    def test_a_schedule_that_never_fires_makes_its_view_overdue(
        self, jobs: Template, conditions: Conditions
    ) -> None:
        def late(world: World, at: float) -> None:
            world.watched(at, overdue=max(0, at - 2 * DAY))

        found = woken(jobs, some_days(watches=late), conditions)
        assert set(found) == {"views-overdue"}
        (at,) = found["views-overdue"]
        assert at > 2 * DAY + 30 * MINUTE

    def test_entities_that_fail_are_an_alarm_until_a_cut_has_written_them(
        self, jobs: Template, conditions: Conditions
    ) -> None:
        def fails(world: World, at: float) -> None:
            world.watched(at, failed=int(2 * DAY < at < 2 * DAY + HOUR))

        world = some_days(watches=fails)
        assert names(jobs, world, conditions) == {"entities-failed": 1}
        alarm = Alarm(flat(alarms(jobs)["entities-failed"]))
        states = list(alarm.states(world.series.in_order(), DEPLOYED, world.until, conditions))
        assert states[-1][1] == "OK"

    def test_a_queue_that_fills_stays_an_alarm_until_it_is_empty(
        self, jobs: Template, conditions: Conditions
    ) -> None:
        world = some_days()
        world.waits(DAY, DAY + 6 * HOUR, 1)
        # SQS measures a queue for six hours after it was used. Then a redrive uses it.
        world.waits(2 * DAY, 2 * DAY + 6 * HOUR, 0)
        alarm = Alarm(flat(alarms(jobs)["failed-cuts-waiting"]))
        states = list(alarm.states(world.series.in_order(), DEPLOYED, world.until, conditions))
        assert [state for _, state in states if state != "INSUFFICIENT_DATA"][-2:] == [
            "ALARM",
            "OK",
        ]
        assert names(jobs, world, conditions) == {"failed-cuts-waiting": 1}
        assert states[-1][0] >= 2 * DAY

    @pytest.mark.parametrize("metric", ["ExecutionsFailed", "ExecutionsTimedOut"])
    def test_an_execution_that_fails_wakes_somebody(
        self, jobs: Template, conditions: Conditions, metric: str
    ) -> None:
        world = some_days()
        world.executed(2 * DAY + 600, metric)
        assert names(jobs, world, conditions) == {"executions-failed": 1}

    def test_values_that_differ_are_an_alarm_until_a_check_finds_none(
        self, jobs: Template, conditions: Conditions
    ) -> None:
        def differs(world: World, at: float) -> None:
            # On the second day there is nothing to compare, which is no all-clear.
            day = at // DAY
            world.checked(at, mismatches=3 * (day == 1), compared=0 if day == 2 else 100)

        world = some_days(checks=differs)
        assert names(jobs, world, conditions) == {"parity-mismatches": 1}
        alarm = Alarm(flat(alarms(jobs)["parity-mismatches"]))
        states = list(alarm.states(world.series, DEPLOYED, world.until, conditions))
        assert [(at // DAY, state) for at, state in states if state != "INSUFFICIENT_DATA"] == [
            (1, "ALARM"),
            (3, "OK"),
        ]

    def test_rows_that_are_refused_wake_somebody_each_time(
        self, jobs: Template, conditions: Conditions
    ) -> None:
        def refuses(world: World, at: float) -> None:
            world.watched(at, rejected=2 if at // 300 in {DAY // 300 + 5, DAY // 300 + 80} else 0)

        assert names(jobs, some_days(watches=refuses), conditions) == {"rows-rejected": 2}

    def test_throttles_and_errors_of_the_table_wake_somebody_each_time(
        self, jobs: Template, conditions: Conditions
    ) -> None:
        world = some_days()
        for day in (1, 2):
            for minute in range(20):
                world.dynamodb("ReadThrottleEvents", day * DAY + minute * MINUTE)
                world.dynamodb("SystemErrors", day * DAY + minute * MINUTE, Operation="GetItem")
        assert names(jobs, world, conditions) == {"online-throttles": 2, "online-errors": 2}

    def test_one_throttle_of_the_table_wakes_nobody(
        self, jobs: Template, conditions: Conditions
    ) -> None:
        world = some_days()
        for at in (DAY, 2 * DAY):
            world.dynamodb("WriteThrottleEvents", at)
            world.dynamodb("SystemErrors", at, Operation="BatchGetItem")
        assert names(jobs, world, conditions) == {}
