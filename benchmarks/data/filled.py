"""A store that knows the events which a generator wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.host import STORE
from skewless import FeatureService

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from skewless import FeatureStore, FeatureView


def fill(store: FeatureStore, views: Sequence[FeatureView], folder: Path) -> None:
    """Publish views as one service, and load `events_<number>.parquet` for each."""
    store.apply([FeatureService(STORE, features=views)])
    for number, view in enumerate(views):
        store.backfill(view.source, str(folder / f"events_{number}.parquet"))
