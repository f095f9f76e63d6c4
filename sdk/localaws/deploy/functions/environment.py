"""An execution environment: one process of a function, which works on one event at a time."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty
from typing import TYPE_CHECKING, assert_never

from localaws.deploy.functions import processes
from localaws.deploy.functions.outcome import Outcome, exited, timed_out
from localaws.deploy.functions.runtime_api import (
    Answered,
    Died,
    Event,
    InitFailed,
    News,
    Ready,
    RuntimeApi,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localaws.deploy.functions.configuration import Configuration

# Lambda gives loading ten seconds, and then, for slow starters, the time of the invocation.
_INIT_SECONDS = 10


class Environment:
    """A running process of a function.

    Tests may `kill` it in the middle of an invocation, which is then answered as Lambda does.
    """

    def __init__(self, configuration: Configuration, credentials: Mapping[str, str]) -> None:
        self.configuration = configuration
        self.is_busy = False
        now = datetime.now(UTC)
        self.log_stream = f"{now:%Y/%m/%d}/[{configuration.version}]{uuid.uuid4().hex}"
        self._scratch = Path(tempfile.mkdtemp(prefix=f"{configuration.name}-"))
        log = self._scratch / ".log"
        self._api = RuntimeApi()
        variables = configuration.environment(self._api.address, self._scratch, self.log_stream)
        with log.open("wb") as written:
            self._process = processes.start(
                configuration.handler,
                configuration.package.folder,
                {**variables, **credentials},
                written,
            )
        self._log = log.open("rb")
        self._started = time.monotonic()
        self._is_new = True
        self._is_ending = False
        threading.Thread(target=self._watch, name="function-end", daemon=True).start()

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether it can take an event."""
        return not self._is_ending and self._process.poll() is None

    def invoke(self, payload: bytes, request_id: str) -> Outcome:
        """Work on one event, to its end or to the end of its time."""
        self.is_busy = True
        try:
            return self._invoke(payload, request_id)
        finally:
            self.is_busy = False

    def kill(self) -> None:
        """End the process at once."""
        self._is_ending = True
        processes.kill(self._process)

    def _watch(self) -> None:
        return_code = self._process.wait()
        self._api.news.put(Died(return_code=return_code))
        # An answer that was sent just before the end must still be received.
        time.sleep(0.05)
        self._api.close()

    def _invoke(self, payload: bytes, request_id: str) -> Outcome:
        init_seconds = None
        if self._is_new:
            self._is_new = False
            news = self._next(_INIT_SECONDS + self.configuration.timeout_seconds)
            init_seconds = time.monotonic() - self._started
            if not isinstance(news, Ready):
                return self._outcome(news, request_id, 0.0, init_seconds)
        begun = time.monotonic()
        seconds = self.configuration.timeout_seconds
        self._api.events.put(
            Event(
                request_id=request_id,
                payload=payload,
                deadline_millis=int((time.time() + seconds) * 1000),
                arn=self.configuration.arn,
            )
        )
        answer = self._next(seconds)
        while isinstance(answer, Ready):
            answer = self._next(seconds - (time.monotonic() - begun))
        return self._outcome(answer, request_id, time.monotonic() - begun, init_seconds)

    def _next(self, seconds: float) -> News | None:
        try:
            return self._api.news.get(timeout=max(seconds, 0))
        except Empty:
            return None

    def _outcome(
        self, news: News | None, request_id: str, duration: float, init_seconds: float | None
    ) -> Outcome:
        peak = processes.peak_megabytes(self._process)
        is_error = True
        match news:
            case None:
                self.kill()
                payload = timed_out(request_id, self.configuration.timeout_seconds)
            case Answered():
                payload, is_error = news.payload, news.is_error
            case InitFailed():
                self.kill()
                payload = news.payload
            case Died():
                payload = exited(request_id, news.return_code)
            case Ready():
                raise AssertionError(news)
            case _:
                assert_never(news)
        return Outcome(
            request_id=request_id,
            payload=payload,
            is_error=is_error,
            duration_seconds=duration,
            peak_megabytes=peak,
            init_seconds=init_seconds,
            log=self._new_lines(),
        )

    def _new_lines(self) -> tuple[str, ...]:
        """What was printed since the last look; a line may hold several, parted by returns."""
        text = self._log.read().decode(errors="replace")
        return tuple(line.replace("\r", "\n") for line in text.split("\n") if line)

    def dispose(self) -> None:
        """End the process and forget its files."""
        self.kill()
        self._process.wait()
        self._log.close()
        shutil.rmtree(self._scratch, ignore_errors=True)
