"""What an action takes: seconds, processor time, memory. Standard library: peers import it too."""

from __future__ import annotations

import gc
import resource
import sys
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self


class Meter:
    """Measures the body of a `with` statement.

    Attributes:
        sample: `seconds`, `cpu_seconds` of this process and of children that ended, `peak_mb` of
            this process since it began, and `base_mb`, which it held before the body.
    """

    def __init__(self) -> None:
        self.sample: dict[str, float] = {}

    def __enter__(self) -> Self:
        gc.collect()
        self._base = peak_mb()
        self._cpu = _cpu_seconds()
        self._started = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        seconds = time.perf_counter() - self._started
        self.sample = {
            "seconds": seconds,
            "cpu_seconds": _cpu_seconds() - self._cpu,
            "peak_mb": peak_mb(),
            "base_mb": self._base,
        }


def repeated(action: Callable[[], Any], times: int) -> dict[str, float]:
    """Return the sample of one call: the median's seconds, and the mean's processor time."""
    seconds = []
    with Meter() as meter:
        for _ in range(times):
            started = time.perf_counter()
            action()
            seconds.append(time.perf_counter() - started)
    cpu = meter.sample["cpu_seconds"] / times
    return {**meter.sample, "seconds": median(seconds), "cpu_seconds": cpu}


def peak_mb() -> float:
    """Return the most memory that this process has held, in megabytes."""
    status = Path("/proc/self/status")
    if status.exists():
        # Not getrusage: on Linux its maximum begins with what the parent held when it forked.
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) * 1024 / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return (peak if sys.platform == "darwin" else peak * 1024) / 1e6


def _cpu_seconds() -> float:
    own, children = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
