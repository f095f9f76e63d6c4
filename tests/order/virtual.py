"""What actors get in place of true time, threads and chance; all others keep the true ones."""

from __future__ import annotations

import random
import sys
import time
import uuid
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from tests.order.scheduler import KilledError, current

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_sleep, _monotonic, _time, _uuid4 = time.sleep, time.monotonic, time.time, uuid.uuid4
_submit, _connect, _unraisable = ThreadPoolExecutor.submit, duckdb.connect, sys.unraisablehook


@contextmanager
def virtual(seed: str) -> Iterator[None]:
    """Let actors be a function of a seed."""
    state = random.getstate()
    random.seed(seed)  # by it the product draws its pauses
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "sleep", _sleep_virtually)
        patch.setattr(time, "monotonic", _virtual_time)
        patch.setattr(time, "time", _virtual_clock)
        patch.setattr(uuid, "uuid4", _drawn_names(seed))
        patch.setattr(ThreadPoolExecutor, "submit", _submit_at_once)
        patch.setattr(duckdb, "connect", _connect_with_one_thread)
        patch.setattr(cached_property, "__get__", _cached_without_lock)
        patch.setattr(sys, "unraisablehook", _unless_killed)
        try:
            yield
        finally:
            random.setstate(state)


def _sleep_virtually(seconds: float) -> None:
    if (found := current()) is None:
        _sleep(seconds)
    else:
        found[0].sleep(found[1], seconds)


def _virtual_time() -> float:
    return _monotonic() if (found := current()) is None else found[0].now


def _virtual_clock() -> float:
    return _time() if (found := current()) is None else found[0].start + found[0].now


def _drawn_names(seed: str) -> Callable[[], uuid.UUID]:
    drawn = random.Random(seed)  # noqa: S311 - a run is drawn

    def uuid4() -> uuid.UUID:
        if current() is None:
            return _uuid4()
        return uuid.UUID(int=drawn.getrandbits(128), version=4)

    return uuid4


def _submit_at_once(pool: Any, work: Any, /, *args: Any, **options: Any) -> Future[Any]:
    """Do in this thread what a pool would do in another: an actor's calls have one order."""
    if current() is None:
        return _submit(pool, work, *args, **options)
    future: Future[Any] = Future()
    try:
        future.set_result(work(*args, **options))
    except BaseException as error:  # noqa: BLE001 - it is raised where the result is asked for
        future.set_exception(error)
    return future


def _connect_with_one_thread(*args: Any, **options: Any) -> Any:
    """Give DuckDB one thread, which is the caller's own: what it scans is read in one order."""
    if current() is not None:
        options["config"] = {**options.get("config", {}), "threads": 1}
    return _connect(*args, **options)


def _cached_without_lock(self: Any, instance: Any, _owner: Any = None) -> Any:
    """Be a `cached_property` as from Python 3.12 on; before, all instances share a lock.

    Two processes share none: one that stands still in a call must not hold up the other.
    """
    if instance is None:
        return self
    if self.attrname not in vars(instance):
        vars(instance)[self.attrname] = self.func(instance)
    return vars(instance)[self.attrname]


def _unless_killed(found: Any) -> None:
    """Say nothing of a dead process's file that is closed when nobody refers to it any more."""
    if not isinstance(found.exc_value, KilledError):
        _unraisable(found)
