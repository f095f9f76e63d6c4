"""The outcome of an invocation, and Lambda's own answers if the function cannot answer."""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ColdStart:
    """The cost of a new environment's first invocation."""

    init_seconds: float
    """From the start of the process until its handler was loaded."""

    duration_seconds: float
    peak_megabytes: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One invocation's answer, log and cost."""

    request_id: str
    payload: bytes
    is_error: bool
    duration_seconds: float
    peak_megabytes: float
    init_seconds: float | None = None
    """Of a new environment only."""

    log: tuple[str, ...] = ()

    @property
    def cold_start(self) -> ColdStart | None:
        """The report, if a new environment was started for it."""
        if self.init_seconds is None:
            return None
        return ColdStart(
            init_seconds=self.init_seconds,
            duration_seconds=self.duration_seconds,
            peak_megabytes=self.peak_megabytes,
        )


def timed_out(request_id: str, seconds: int) -> bytes:
    """The answer for a function that took too long."""
    return _error(
        "Sandbox.Timedout",
        f"RequestId: {request_id} Error: Task timed out after {seconds:.2f} seconds",
    )


def exited(request_id: str, return_code: int) -> bytes:
    """The answer for a function whose process ended."""
    if return_code < 0:
        reason = f"with error: signal: {signal.strsignal(-return_code) or -return_code}".lower()
    elif return_code:
        reason = f"with error: exit status {return_code}"
    else:
        reason = "without providing a reason"
    return _error("Runtime.ExitError", f"RequestId: {request_id} Error: Runtime exited {reason}")


def not_python(runtime: str) -> bytes:
    """The answer for a function that is not written in Python."""
    return _error(
        "Runtime.Unsupported",
        f"The local AWS runs Python functions only, not {runtime!r}. Deploy this function to AWS.",
    )


def too_long(limit_bytes: int) -> bytes:
    """The answer for a function whose own is too long."""
    return _error(
        "Function.ResponseSizeTooLarge",
        f"Response payload size exceeded maximum allowed payload size ({limit_bytes} bytes).",
    )


def _error(kind: str, message: str) -> bytes:
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()
