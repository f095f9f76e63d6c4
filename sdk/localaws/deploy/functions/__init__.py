"""A Lambda that runs: each function's real zip, under AWS's own runtime client, as processes.

From the call to the answer: `backend` takes moto's invocations, `fleet` decides which function may
run and as which role, `pool` keeps environments warm, `environment` is one process, `runtime_api`
its server, `outcome` its result; `report` and `logs` write what CloudWatch shows. `package`,
`installed` and `configuration` make the surroundings of a process.
"""

from __future__ import annotations

import atexit
from contextlib import contextmanager
from typing import TYPE_CHECKING

from localaws.deploy.functions import backend, managed_layer
from localaws.deploy.functions.configuration import Configuration
from localaws.deploy.functions.environment import Environment
from localaws.deploy.functions.fleet import Fleet
from localaws.deploy.functions.local_function import LocalFunction
from localaws.deploy.functions.outcome import ColdStart, Outcome
from localaws.deploy.functions.package import Package

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "ColdStart",
    "Configuration",
    "Environment",
    "Fleet",
    "LocalFunction",
    "Outcome",
    "Package",
    "apply",
    "environments",
    "limited",
    "stop",
]

_fleets: list[Fleet] = []


def apply(endpoint: str, is_allowed: Callable[[], bool]) -> Fleet:
    """Let moto's Lambda run functions, where the user allows it; return their processes.

    Args:
        endpoint: where functions reach AWS.
        is_allowed: whether functions may be made and run.
    """
    fleet = Fleet(endpoint, is_allowed)
    _fleets.append(fleet)
    backend.apply(fleet)
    managed_layer.apply()
    return fleet


@contextmanager
def limited(concurrency: int) -> Iterator[Fleet]:
    """Let an account run so many functions at once, as a new account of AWS may run few."""
    fleet = _fleets[-1]
    fleet.refused, fleet.concurrency = 0, concurrency
    try:
        yield fleet
    finally:
        fleet.concurrency = None


def environments(name: str) -> list[Environment]:
    """The running processes of a function, by its name: for tests that kill one."""
    return [environment for fleet in _fleets for environment in fleet.environments(name)]


@atexit.register
def stop() -> None:
    """End all functions' processes."""
    while _fleets:
        _fleets.pop().stop()
