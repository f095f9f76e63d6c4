"""The environments of one version of a function: as many as there are events, kept warm."""

from __future__ import annotations

import threading
import uuid
from typing import TYPE_CHECKING

from localaws.deploy.functions.environment import Environment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from localaws.deploy.functions.configuration import Configuration
    from localaws.deploy.functions.outcome import Outcome


class Pool:
    """Environments of equal configuration."""

    def __init__(
        self, configuration: Configuration, credentials: Callable[[], Mapping[str, str]]
    ) -> None:
        self.configuration = configuration
        self._credentials = credentials
        self._lock = threading.Lock()
        self._idle: list[Environment] = []
        self._all: list[Environment] = []
        self._is_closed = False

    def environments(self) -> list[Environment]:
        """Those whose processes run."""
        with self._lock:
            return [environment for environment in self._all if environment.is_alive]

    def invoke(self, payload: bytes) -> tuple[Outcome, Environment]:
        """Work on an event, in a warm environment if one is idle."""
        environment = self._take()
        outcome = environment.invoke(payload, str(uuid.uuid4()))
        self._put_back(environment)
        return outcome, environment

    def close(self) -> None:
        """End the idle environments now, and the others when they are done."""
        with self._lock:
            self._is_closed = True
            idle, self._idle = self._idle, []
            self._all = [environment for environment in self._all if environment not in idle]
        for environment in idle:
            environment.dispose()

    def kill(self) -> None:
        """End all environments now."""
        self.close()
        for environment in self.environments():
            environment.kill()

    def _take(self) -> Environment:
        with self._lock:
            while self._idle:
                environment = self._idle.pop()
                if environment.is_alive:
                    return environment
                self._all.remove(environment)
                environment.dispose()
        started = Environment(self.configuration, self._credentials())
        with self._lock:
            self._all.append(started)
        return started

    def _put_back(self, environment: Environment) -> None:
        with self._lock:
            if environment.is_alive and not self._is_closed:
                self._idle.append(environment)
                return
            self._all.remove(environment)
        environment.dispose()
