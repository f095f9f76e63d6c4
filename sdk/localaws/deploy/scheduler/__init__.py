"""EventBridge Scheduler fires: stock moto only stores schedules.

Once a second a thread fires the schedules that are due by the local AWS's clock. `schedules` knows
when one is due, `expression` and `cron` read its expression, `target` makes the call.
"""

from __future__ import annotations

import threading
import traceback
from typing import TYPE_CHECKING, Any

from moto.scheduler.models import scheduler_backends

from localaws.deploy.scheduler import schedules
from localaws.deploy.scheduler.target import Call

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

__all__ = ["Call", "Scheduler"]

_LOOK_SECONDS = 0.5


class Scheduler:
    """Fires the local AWS's schedules."""

    def __init__(self, endpoint: str, clock: Callable[[], datetime]) -> None:
        self._endpoint = endpoint
        self._clock = clock
        self._lock = threading.Lock()
        self._is_stopped = threading.Event()
        schedules.apply(clock)

    def start(self) -> None:
        """Begin to look."""
        threading.Thread(target=self._look, name="scheduler", daemon=True).start()

    def stop(self) -> None:
        """Look no more."""
        self._is_stopped.set()

    def tick(self, now: datetime) -> list[Call]:
        """Fire what has become due since the last look; the calls that were made.

        Of several instants that were missed, a schedule fires for the last one only.
        """
        with self._lock:
            made = []
            for backend, group, schedule in list(_all()):
                call = _due_call(schedule, now)
                if call is not None:
                    call.make(self._endpoint, backend.region_name)
                    made.append(call)
                if schedule.action_after_completion == "DELETE" and schedules.is_over(
                    schedule, now
                ):
                    group.schedules.pop(schedule.name, None)
            return made

    def _look(self) -> None:
        while not self._is_stopped.wait(_LOOK_SECONDS):
            try:
                self.tick(self._clock())
            except Exception:  # noqa: BLE001 one schedule's failure must not end all others
                traceback.print_exc()


def _all() -> Iterator[tuple[Any, Any, Any]]:
    for regions in list(scheduler_backends.values()):
        for backend in list(regions.values()):
            for group in list(backend.schedule_groups.values()):
                for schedule in list(group.schedules.values()):
                    yield backend, group, schedule


def _due_call(schedule: Any, now: datetime) -> Call | None:
    due_at = schedules.due(schedule, now)
    schedule.seen_at = max(schedule.seen_at, now)
    if due_at is None or schedule.state != "ENABLED":
        return None
    return Call.of(schedule, due_at)
