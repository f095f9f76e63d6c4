from __future__ import annotations

import uuid

import pytest

from skewless import FeatureStore
from tests.ops.builders import MovableClock


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def store(clock: MovableClock) -> FeatureStore:
    """A new store, empty."""
    return FeatureStore.local(f"ops-{uuid.uuid4().hex[:10]}", clock=clock)
