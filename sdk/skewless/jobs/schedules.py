"""Schedules in EventBridge, one for each published view, so that a feature needs no deployment.

A schedule starts the state machine at each cut of its view. Cuts are multiples of `every` since the
epoch. If cron can express that, the schedule is a cron expression; otherwise it is a rate whose
start is such a multiple.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from skewless.compiler.instants import DAY, MINUTE, floor_to
from skewless.definitions.expression import to_datetime, to_microseconds
from skewless.definitions.names import versioned
from skewless.definitions.refresh import Every
from skewless.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from skewless.aws import Aws, Jobs
    from skewless.definitions.view import FeatureView

_HOUR_MINUTES, _DAY_MINUTES = 60, 24 * 60
_MAX_NAME = 64
# A late start does no harm, because what is due follows from the watermark.
_RETRY = {"MaximumEventAgeInSeconds": 3_600, "MaximumRetryAttempts": 60}


@dataclass(frozen=True, slots=True)
class Schedule:
    """The schedule that a view should have.

    Attributes:
        name: in the store's group.
        view: `name@version`.
        expression: EventBridge Scheduler's.
        period: of a rate, the microseconds of which its start is a multiple; None for a cron.
    """

    name: str
    view: str
    expression: str
    period: int | None

    @property
    def input(self) -> str:
        """The input of the state machine."""
        return json.dumps({"view": self.view, "cut": None})


@dataclass(frozen=True, slots=True)
class Drift:
    """A schedule that differs from what the registry wants.

    Attributes:
        subject: the schedule's name.
        what: what is wrong with it.
    """

    subject: str
    what: str


def expected(view: FeatureView) -> Schedule:
    """Return the schedule of a view."""
    every = view.refresh.every.microseconds if isinstance(view.refresh, Every) else DAY
    expression, period = _expression(every)
    return Schedule(_name(view), versioned(view.name, view.version), expression, period)


@dataclass(frozen=True, slots=True)
class Schedules:
    """The schedules of one store."""

    aws: Aws
    jobs: Jobs

    def follow(self, views: Callable[[], Iterable[FeatureView]], now: int) -> list[str]:
        """Create, correct and remove schedules until they match the views.

        Args:
            views: reads all that are published. It is called once the schedules are listed: so who
                made one of these has published its view, and nobody removes it.
            now: the clock.

        Returns:
            The names of those that changed.

        Raises:
            StoreError: AWS refused.
        """
        changed = []
        try:
            found = self._found()
            wanted = {item.name: item for item in map(expected, views())}
            for drift in self._drift(found, wanted):
                schedule = wanted.get(drift.subject)
                if schedule is None:
                    self._delete(drift.subject)
                else:
                    self._put(schedule, now)
                changed.append(drift.subject)
        except ClientError as error:
            raise StoreError(
                f"the schedules of group {self._group!r} could not be written: {error}"
            ) from error
        return changed

    def drift(self, views: Iterable[FeatureView]) -> list[Drift]:
        """Return the schedules that are missing, wrong, or of no published view.

        Raises:
            StoreError: AWS refused.
        """
        try:
            wanted = {item.name: item for item in map(expected, views)}
            return list(self._drift(self._found(), wanted))
        except ClientError as error:
            raise StoreError(
                f"the schedules of group {self._group!r} could not be read: {error}"
            ) from error

    def _found(self) -> set[str]:
        return {
            item["Name"]
            for page in self._client.get_paginator("list_schedules").paginate(GroupName=self._group)
            for item in page["Schedules"]
        }

    def _delete(self, name: str) -> None:
        # Another who applies may have deleted it as well.
        with suppress(self._client.exceptions.ResourceNotFoundException):
            self._client.delete_schedule(Name=name, GroupName=self._group)

    def _drift(self, found: set[str], wanted: dict[str, Schedule]) -> Iterator[Drift]:
        for name in sorted(found - wanted.keys()):
            yield Drift(name, "no published view has it")
        for name, schedule in wanted.items():
            if name not in found:
                yield Drift(name, f"view {schedule.view} has none")
            elif problem := self._problem(schedule):
                yield Drift(name, problem)

    def _problem(self, schedule: Schedule) -> str | None:
        try:
            there = self._client.get_schedule(Name=schedule.name, GroupName=self._group)
        except self._client.exceptions.ResourceNotFoundException:
            return f"view {schedule.view} has none"  # it was deleted just now
        if there["State"] != "ENABLED":
            return f"it is {there['State'].lower()}"
        if there["ScheduleExpression"] != schedule.expression:
            return f"it is {there['ScheduleExpression']}, not {schedule.expression}"
        if schedule.period is not None:
            start = to_microseconds(there["StartDate"], "StartDate")
            if start % schedule.period:
                return f"it starts at {there['StartDate'].isoformat()}, which is no cut of the view"
        target = there["Target"]
        if {key: target.get(key) for key in ("Arn", "RoleArn", "Input")} != {
            "Arn": self.jobs.state_machine,
            "RoleArn": self.jobs.scheduler_role,
            "Input": schedule.input,
        }:
            return "it starts something else than this store's state machine for the view"
        return None

    def _put(self, schedule: Schedule, now: int) -> None:
        request: dict[str, Any] = {
            "Name": schedule.name,
            "GroupName": self._group,
            "ScheduleExpression": schedule.expression,
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "State": "ENABLED",
            "Description": f"Cuts of view {schedule.view}",
            "Target": {
                "Arn": self.jobs.state_machine,
                "RoleArn": self.jobs.scheduler_role,
                "Input": schedule.input,
                "RetryPolicy": _RETRY,
                "DeadLetterConfig": {"Arn": self._queue_arn},
            },
        }
        if schedule.period is not None:
            first = floor_to(now, schedule.period) + schedule.period
            request["StartDate"] = to_datetime(first)
        try:
            self._client.create_schedule(**request)
        except self._client.exceptions.ConflictException:
            self._client.update_schedule(**request)

    @property
    def _queue_arn(self) -> str:
        # The ARN is derived from the state machine's: SQS tells it only to readers of the queue.
        _, partition, _, region, account, *_ = self.jobs.state_machine.split(":")
        name = self.jobs.failed_queue.rpartition("/")[2]
        return f"arn:{partition}:sqs:{region}:{account}:{name}"

    @property
    def _group(self) -> str:
        return self.jobs.schedule_group

    @property
    def _client(self) -> Any:
        return self.aws.client("scheduler")


def _expression(every: int) -> tuple[str, int | None]:
    minutes, rest = divmod(every, MINUTE)
    if rest:
        # Scheduler uses whole minutes; a run that finds nothing due does nothing.
        return "rate(1 minutes)", MINUTE
    if minutes < _HOUR_MINUTES and _HOUR_MINUTES % minutes == 0:
        return f"cron(0/{minutes} * * * ? *)", None
    hours, rest = divmod(minutes, _HOUR_MINUTES)
    if not rest and hours < _DAY_MINUTES // _HOUR_MINUTES and 24 % hours == 0:
        return f"cron(0 0/{hours} * * ? *)", None
    if minutes == _DAY_MINUTES:
        return "cron(0 0 * * ? *)", None
    return f"rate({minutes} minutes)", every


def _name(view: FeatureView) -> str:
    name = f"{view.name}.{view.version}"
    if len(name) <= _MAX_NAME:
        return name
    digest = sha256(view.name.encode()).hexdigest()[:8]
    return f"{view.name[:40]}.{digest}.{view.version}"
