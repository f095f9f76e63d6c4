"""Wait states that name an instant: they end when the local AWS's clock says so.

Stock moto subtracts the machine's local time from the instant, which is UTC, and cuts off what is
less than a second.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.timestamp import Timestamp

if TYPE_CHECKING:
    from collections.abc import Callable

_LOOK_SECONDS = 0.1
"""How often the clock is asked: it may be a test's, and jump."""


def apply(clock: Callable[[], datetime]) -> None:
    """Let Wait states go by this clock."""

    def wait(self: Any, env: Any) -> None:
        self.string.eval(env=env)
        text = env.stack.pop()
        if not isinstance(text, str) or not self._is_valid_timestamp_pattern(text):
            raise FailureEventException(self._create_failure_event(env, text))
        due_at = datetime.fromisoformat(text)
        while env.is_running() and (left := (due_at - clock()).total_seconds()) > 0:
            env.program_state_event.wait(min(left, _LOOK_SECONDS))

    state: Any = Timestamp
    state._eval_body = wait
