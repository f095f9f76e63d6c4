"""The example's whole service, in one statement: training sets by Trino and by DuckDB are equal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from skewless import FeatureStore
from skewless.demo.example import Example
from skewless.demo.tape import Clock, Tape
from tests.conformance.trino_engine import TrinoEngine
from tests.examples.test_flights import UNTIL, a_few

if TYPE_CHECKING:
    from skewless.aws import Aws, Resources
    from skewless.offline.engines.athena import LateLogs
    from tests.conformance.trino_client import Trino

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")


def test_a_training_set_of_the_flights_example_by_trino_is_that_by_duckdb(
    trino: Trino, monkeypatch: pytest.MonkeyPatch
) -> None:
    def engine(aws: Aws, resources: Resources, *, logs: LateLogs) -> TrinoEngine:
        return TrinoEngine(trino, aws, resources, logs)

    monkeypatch.setattr("skewless.workbench.AthenaEngine", engine)
    example = Example.load()
    tape = a_few(Tape.read(example.data, example.definitions))
    store = FeatureStore.local("conformance-flights", clock=Clock(UNTIL + pd.Timedelta(days=1)))
    store.apply(example.definitions)
    for source, events in tape.events.items():
        store.backfill(source, events)
    labels = tape.departures.sample(200, random_state=0)
    by_trino, by_duckdb = (
        store.get_historical_features(labels, example.train.SERVICE, engine=name)
        for name in ("athena", "duckdb")
    )
    assert by_trino.manifest["digest"] == by_duckdb.manifest["digest"]
    assert by_trino.manifest["rows"] == 200
    features = by_trino.to_arrow().select(by_trino.to_arrow().column_names[-33:])
    assert all(column.null_count < 200 for column in features.columns)
