"""Operations at once, without threads: one runs in the middle of another, at a call to AWS."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.order.scheduler import KilledError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from skewless import FeatureStore

_SERVICES = ("dynamodb", "s3", "glue")
# Each how many calls one is interrupted; `make soak-steps` takes every one.
STRIDE = int(os.environ.get("SKEWLESS_STRIDE", "8"))


@contextmanager
def at_call(store: FeatureStore, number: int, what: Callable[[], Any]) -> Iterator[list[str]]:
    """Do something right before the store's call to AWS of that number, counted from 0.

    Yields:
        The names of the calls that were made, growing.
    """
    calls: list[str] = []

    def step(model: Any, **_: Any) -> None:
        calls.append(model.name)
        if len(calls) == number + 1:
            what()

    events = [store.aws.client(service).meta.events for service in _SERVICES]
    for each in events:
        each.register("before-call", step, unique_id="interleaving")
    try:
        yield calls
    finally:
        for each in events:
            each.unregister("before-call", unique_id="interleaving")


def kill() -> None:
    """End the operation as a killed process would."""
    raise KilledError
