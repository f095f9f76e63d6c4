"""Keys in the log: the same by both engines, all of them or a sample."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from skewless import Entity, FeatureView, agg
from skewless.offline.engines.athena import AthenaEngine
from skewless.offline.engines.duckdb_engine import DuckDbEngine
from skewless.offline.engines.keys import logged_keys
from skewless.types import Bool, Bytes, Int64, String, Timestamp
from tests.offline.events import NOON, a_source, append, rows

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from skewless.aws import Aws, Resources
    from skewless.definitions.types import ValueType
    from skewless.offline.engines.engine import Engine
    from skewless.offline.lake.log import EventLog

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")

KINDS: dict[str, ValueType] = {
    "name": String,
    "number": Int64,
    "flag": Bool,
    "seen": Timestamp,
    "raw": Bytes,
}
KEYS: list[dict[str, Any]] = [
    {
        "name": name,
        "number": number,
        "flag": number > 0,
        "seen": NOON + timedelta(microseconds=number % 1000),
        "raw": name.encode("utf-16"),
    }
    for number in (-(2**63), 0, 7)
    for name in ("", "a|b", "ü", "'")
]


@pytest.fixture(params=["athena", "duckdb"])
def engine(request: pytest.FixtureRequest, aws: Aws, resources: Resources, log: EventLog) -> Engine:
    return AthenaEngine(aws, resources) if request.param == "athena" else DuckDbEngine(log)


@pytest.fixture
def view(log: EventLog) -> FeatureView:
    source = a_source(dict(KINDS))
    log.create(source)
    return FeatureView(
        "view",
        entity=Entity("thing", keys=KINDS),
        source=source,
        refresh="stream",
        features={"count": agg.count(window="1d")},
    )


@pytest.fixture
def filled(view: FeatureView, log: EventLog) -> FeatureView:
    incomplete = [{**KEYS[0], name: None} for name in KINDS]
    logged = [*KEYS, *KEYS[::-1], *incomplete]
    columns = {name: [row[name] for row in logged] for name in KINDS}
    append(log, view.source, rows(view.source, **columns))
    return view


def as_set(found: pa.Table) -> set[tuple[Any, ...]]:
    return {tuple(row.values()) for row in found.to_pylist()}


def test_every_complete_key_is_there_once(filled: FeatureView, engine: Engine) -> None:
    found = logged_keys(filled, engine)
    assert found.num_rows == len(KEYS)
    assert as_set(found) == {tuple(key.values()) for key in KEYS}


def test_event_ids_need_not_be_read_for_keys(log: EventLog, engine: Engine) -> None:
    source = a_source({"x": Int64, "id": String}, event_id="id")
    log.create(source)
    append(log, source, rows(source, x=[1, 2, 2], id=["a", "b", "b"]))
    view = FeatureView(
        "view",
        entity=Entity("thing", keys={"x": Int64}),
        source=source,
        refresh="stream",
        features={"count": agg.count(window="1d")},
    )
    assert as_set(logged_keys(view, engine)) == {(1,), (2,)}


def test_an_empty_log_has_no_keys_of_the_same_types(view: FeatureView, engine: Engine) -> None:
    found = logged_keys(view, engine)
    assert found.to_pylist() == []
    assert found.schema.names == list(KINDS)


def test_a_sample_is_the_same_by_both_engines_and_again(
    filled: FeatureView, aws: Aws, resources: Resources, log: EventLog
) -> None:
    engines: list[Engine] = [AthenaEngine(aws, resources), DuckDbEngine(log)]
    draw: Callable[[Engine], pa.Table] = lambda engine: logged_keys(filled, engine, sample=5)  # noqa: E731
    by_athena, by_duckdb = map(draw, engines)
    assert by_athena.num_rows == 5
    assert by_athena.equals(by_duckdb)
    assert draw(engines[1]).equals(by_duckdb)


def test_another_seed_draws_another_sample(filled: FeatureView, log: EventLog) -> None:
    engine = DuckDbEngine(log)
    samples = {
        tuple(sorted(map(str, logged_keys(filled, engine, sample=5, seed=seed).to_pylist())))
        for seed in "abcd"
    }
    assert len(samples) > 1
