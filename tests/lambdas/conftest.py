from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from lambdas import runtime
from skewless import FeatureStore
from skewless.aws import Aws
from tests.lambdas.steps import Steps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_NUMBERS = itertools.count()


class MovableClock:
    """Stands where it is put, for the store and for the functions."""

    def __init__(self) -> None:
        self.now = datetime(2024, 3, 5, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def store(clock: MovableClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[FeatureStore]:
    """A store that the functions in this process are of."""
    made = FeatureStore.local(f"jobs-{next(_NUMBERS)}", clock=clock)
    monkeypatch.setenv("SKEWLESS_STORE", made.name)
    monkeypatch.setenv("SKEWLESS_RESOURCES", json.dumps(made.resources.document()))
    monkeypatch.setattr(runtime, "aws", Aws(made.aws.session, made.aws.endpoint))
    monkeypatch.setattr(runtime, "now", lambda: round(clock.now.timestamp() * 1_000_000))
    made_once: list[Callable[[], None]] = [
        cached.cache_clear
        for cached in (
            runtime.resources,
            runtime.online_table,
            runtime.rewrites,
            runtime.view_plan,
        )
    ]
    for clear in made_once:
        clear()
    yield made
    for clear in made_once:
        clear()


@pytest.fixture
def steps(store: FeatureStore) -> Steps:
    return Steps(store)
