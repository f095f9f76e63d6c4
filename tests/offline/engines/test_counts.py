"""Rows and entities of a while are counted in the log, alike by both engines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from skewless import Entity
from skewless.offline.engines.athena import AthenaEngine
from skewless.offline.engines.counts import Counts, logged_counts
from skewless.offline.engines.duckdb_engine import DuckDbEngine
from skewless.offline.query.events import Span
from skewless.types import Int64, String
from tests.offline.events import DAY, HOUR, MICROS, NOON, a_source, append, rows

if TYPE_CHECKING:
    from skewless.aws import Aws, Resources
    from skewless.offline.engines.engine import Engine
    from skewless.offline.lake.log import EventLog

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")

PAIR = Entity("pair", keys={"x": Int64, "y": String})
EVER = Span(None, None)
HOUR_MICROS = DAY // 24


@pytest.fixture(params=["athena", "duckdb"])
def engine(request: pytest.FixtureRequest, aws: Aws, resources: Resources, log: EventLog) -> Engine:
    return AthenaEngine(aws, resources) if request.param == "athena" else DuckDbEngine(log)


def test_rows_count_each_and_complete_keys_once(log: EventLog, engine: Engine) -> None:
    source = a_source({"x": Int64, "y": String})
    log.create(source)
    append(log, source, rows(source, x=[1, 1, 2, None, 1], y=["a", "a", "a", "a", "b"]))
    assert logged_counts(source, PAIR, EVER, engine) == Counts(5, 3)


def test_an_empty_log_counts_nothing(log: EventLog, engine: Engine) -> None:
    source = a_source({"x": Int64, "y": String})
    log.create(source)
    assert logged_counts(source, PAIR, EVER, engine) == Counts(0, 0)


def test_a_span_has_its_first_instant_and_not_its_last(log: EventLog, engine: Engine) -> None:
    source = a_source({"x": Int64, "y": String})
    log.create(source)
    for hour in range(4):
        append(log, source, rows(source, x=[hour], y=["a"]), ingest_time=NOON + hour * HOUR)
    span = Span(MICROS + HOUR_MICROS, MICROS + 3 * HOUR_MICROS)
    assert logged_counts(source, PAIR, span, engine) == Counts(2, 2)
