"""Moto's schedules, checked as AWS does and stamped by the local AWS's clock.

Stock moto stores whatever it is given: an expression that means nothing, a group that is not there
(status 500).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from moto.scheduler.exceptions import ValidationException
from moto.scheduler.models import EventBridgeSchedulerBackend, Schedule

from localaws.deploy.scheduler import expression

if TYPE_CHECKING:
    from collections.abc import Callable

_STARTS_BEFORE_NOW = timedelta(minutes=5)
_stock_init: Any = Schedule.__init__
_stock_update: Any = Schedule.update
_stock_create: Any = EventBridgeSchedulerBackend.create_schedule


def apply(clock: Callable[[], datetime]) -> None:
    """Patch moto; schedules are made and changed by this clock."""

    def created(self: Any, *arguments: Any, **named: Any) -> None:
        self.created_at = self.seen_at = clock()
        _stock_init(self, *arguments, **named)
        _check(self)

    def updated(self: Any, *arguments: Any, **named: Any) -> None:
        before = dict(self.__dict__)
        _stock_update(self, *arguments, **named)
        try:
            _check(self)
        except ValidationException:
            self.__dict__.update(before)
            raise
        self.seen_at = clock()

    def check_start(_: Any, start_date: Any) -> Any:
        if start_date is not None and instant(start_date) < clock() - _STARTS_BEFORE_NOW:
            message = "The StartDate you specify cannot be earlier than 5 minutes ago."
            raise ValidationException(message)
        return start_date

    def create(self: Any, *arguments: Any, **named: Any) -> Any:
        self.get_schedule_group(named.get("group_name"))
        return _stock_create(self, *arguments, **named)

    schedule: Any = Schedule
    schedule.__init__ = created
    schedule.update = updated
    schedule._validate_start_date = check_start
    backend: Any = EventBridgeSchedulerBackend
    backend.create_schedule = create


def instant(stored: Any) -> datetime:
    """An instant of a request: seconds since 1970, or text where a template gave it."""
    try:
        return datetime.fromtimestamp(float(stored), UTC)
    except ValueError:
        return datetime.fromisoformat(stored).astimezone(UTC)


def due(schedule: Any, now: datetime) -> datetime | None:
    """The last instant a schedule is due at, after it was last looked at; later ones are over."""
    start = instant(schedule.start_date) if schedule.start_date is not None else None
    end = instant(schedule.end_date) if schedule.end_date is not None else now
    after = schedule.seen_at
    if start is not None:
        # The start itself is due, if the expression says so.
        after = max(after, start - timedelta(microseconds=1))
    meant = expression.parse(schedule.schedule_expression, schedule.schedule_expression_timezone)
    return expression.latest_due(meant, after, min(now, end), start or schedule.created_at)


def is_over(schedule: Any, now: datetime) -> bool:
    """Whether a schedule will never be due again."""
    if schedule.end_date is not None and instant(schedule.end_date) <= now:
        return True
    meant = expression.parse(schedule.schedule_expression, schedule.schedule_expression_timezone)
    return isinstance(meant, expression.Once) and meant.due_at <= now


def _check(schedule: Any) -> None:
    try:
        expression.parse(schedule.schedule_expression, schedule.schedule_expression_timezone)
    except ValueError as error:
        raise ValidationException(str(error)) from error
