from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from skewless import FeatureStore
from tests.store.answering import filled

if TYPE_CHECKING:
    from collections.abc import Callable

_NUMBERS = itertools.count()
NOON = datetime(2024, 3, 5, 12, tzinfo=UTC)


class MovableClock:
    """Stands where it is put."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def new_store(clock: MovableClock) -> Callable[[], FeatureStore]:
    return lambda: FeatureStore.local(f"test-{next(_NUMBERS)}", clock=clock)


@pytest.fixture
def store(new_store: Callable[[], FeatureStore]) -> FeatureStore:
    return new_store()


@pytest.fixture(scope="session")
def answering() -> FeatureStore:
    """A store with a feature of every type; it stays as it is."""
    return filled()
