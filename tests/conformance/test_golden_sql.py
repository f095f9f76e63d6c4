"""The golden queries, by Trino and by the local Athena, on one lake: the oracle's bits."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from skewless.aws import Resources
from skewless.compiler.plan import plan_selection, plan_view
from skewless.offline.engines.athena import AthenaEngine
from skewless.offline.frames import columns
from skewless.offline.lake.log import EventLog
from skewless.offline.query import sql
from skewless.offline.query.history import ROW
from skewless.offline.query.identifiers import selected
from skewless.offline.query.script import Script
from skewless.online.fold import Folder
from tests import reference
from tests.conformance.in_trino import ATHENA
from tests.conformance.trino_engine import TrinoEngine
from tests.offline.query.test_golden_sql import (
    CASES,
    GOLDEN,
    MARCH_1,
    MARCH_2,
    cards,
    limits,
    payments,
    spending,
    use,
)
from tests.offline.user_lake import a_glue_table, put
from tests.parity.bits import bits
from tests.parity.in_duckdb import spine_table
from tests.parity.test_history import logical
from tests.parity.test_states import encoded_states
from tests.reference import DAY, Event

if TYPE_CHECKING:
    from skewless.aws import Aws
    from skewless.definitions.service import View
    from skewless.definitions.source import Source
    from skewless.definitions.view import FeatureView
    from skewless.offline.engines.engine import Engine
    from tests.conformance.trino_client import Trino

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")

HOUR = DAY // 24
GLUE_TYPES = {pa.int64(): "bigint", pa.float64(): "double", pa.string(): "string"}
PACKAGE = "org.apache.hadoop.hive.ql.io.parquet"
PARQUET: dict[str, Any] = {
    "OutputFormat": f"{PACKAGE}.MapredParquetOutputFormat",
    "SerdeInfo": {"SerializationLibrary": f"{PACKAGE}.serde.ParquetHiveSerDe"},
}
LAKE = "lake"
RESOURCES = Resources(
    store="lake",
    bucket=LAKE,
    database=LAKE,
    workgroup=LAKE,
    online_table="none",
    registry_table="none",
)
KEYS = [{"card": f"card {number}"} for number in range(6)]
UNSEEN = {"card": "never paid"}


Label = tuple[dict[str, Any], int]


def some_payments(draw: random.Random) -> list[Event]:
    """Draw payments of nine days: some late, some equal in time, some sent twice, some at edges."""
    found = []
    for number in range(160):
        at = MARCH_2 - draw.choice([draw.randrange(9 * DAY), HOUR * draw.randrange(30)])
        values = {
            **draw.choice([*KEYS, {"card": None}]),
            "amount": draw.choice([None, 0.1, -0.0, 1e-9, 100.0, draw.uniform(-1e6, 1e6)]),
            "fee": draw.choice(
                [None, reference.scaled_decimal(draw.randrange(-(10**9), 10**9), 2)]
            ),
            "items": draw.choice([None, 0, draw.randrange(-9, 9), 2**40]),
            "is_refund": draw.choice([None, False, False, True]),
            "payment": draw.choice([None, f"p{draw.randrange(80)}"]),
            "rank": draw.choice([None, 0, 1]),
        }
        late = draw.choice([0, 0, 1, 400_000_000, HOUR, 2 * DAY])
        found.append(Event({**values, "paid_at": at}, at, at + late, number))
    return found


def some_cards(draw: random.Random) -> list[Event]:
    found = []
    for number in range(60):
        at = MARCH_2 - draw.choice([draw.randrange(500 * DAY), HOUR * draw.randrange(48)])
        values = {
            **draw.choice(KEYS),
            "limit": draw.choice([None, draw.randrange(5000), -(2**63)]),
            "opened": draw.choice([None, -1, draw.randrange(MARCH_1)]),
            "is_deleted": draw.choice([None, False, False, True]),
        }
        late = draw.choice([0, 1, HOUR, 2 * DAY])
        found.append(Event({**values, "changed_at": at}, at, at + late, number))
    return found


def some_labels(draw: random.Random, events: list[Event]) -> list[tuple[dict[str, Any], int]]:
    """Draw labels at the instants that matter: of events, an hour and a microsecond beside."""
    times = [at for event in events for at in (event.event_time, event.ingest_time)]
    moves = [0, 1, -1, HOUR, HOUR - 1]
    near = [at + move for at in times for move in moves if MARCH_1 <= at + move <= MARCH_2]
    labels = []
    for _ in range(150):
        amount = draw.choice([None, 0.0, 0.3, draw.uniform(-1e3, 1e3)])
        labels.append(({**draw.choice([*KEYS, UNSEEN]), "amount": amount}, draw.choice(near)))
    return labels


DRAW = random.Random(20240302)  # noqa: S311 - the same lake every time
EVENTS = {"payments": some_payments(DRAW), "cards": some_cards(DRAW)}
LABELS = some_labels(DRAW, [*EVENTS["payments"], *EVENTS["cards"]])
FEATURES = [(view, name) for view in (spending, limits, use) for name in view.feature_types]


@pytest.fixture(scope="module")
def engines(aws: Aws, trino: Trino) -> list[Engine]:
    """The lake as the store makes it: Iceberg logs, and labels in Parquet."""
    aws.client("s3").create_bucket(Bucket=LAKE)
    aws.client("glue").create_database(DatabaseInput={"Name": LAKE})
    results = {"OutputLocation": f"s3://{LAKE}/athena/"}
    aws.client("athena").create_work_group(
        Name=LAKE, Configuration={"ResultConfiguration": results}
    )
    log = EventLog(aws, RESOURCES)
    for source in (payments, cards):
        log.create(source)
        append(log, source, EVENTS[source.name])
    labels = spine_table(plan_selection(FEATURES), LABELS, None)
    put(aws, LAKE, "labels/labels.parquet", labels)
    described = {field.name: GLUE_TYPES[field.type] for field in labels.schema}
    a_glue_table(aws, LAKE, described, name="labels", **PARQUET)
    return [AthenaEngine(aws, RESOURCES), TrinoEngine(trino, aws, RESOURCES)]


def append(log: EventLog, source: Source, events: list[Event]) -> None:
    content = {
        name: pa.array(
            [reference.normalise(type_, event.values[name]) for event in events],
            columns.arrow_type(type_),
        )
        for name, type_ in source.columns.items()
    }
    known = pa.array([event.ingest_time for event in events], pa.int64())
    log.append(source, pa.table(content), ingest_time=known, shard="s", first_sequence=0)


def answers(engines: list[Engine], name: str) -> list[pa.Table]:
    """Run a golden query on both engines."""
    query = CASES[name]()
    assert ATHENA.render(query, pretty=True) + "\n" == (GOLDEN / f"{name}.sql").read_text()
    found = []
    for engine in engines:
        with engine.session() as session:
            found.append(session.run(Script(sql.Steps(), query)))
    return found


def oracle(view: FeatureView, label: Label, *, is_leaky: bool) -> dict[str, Any]:
    key = {"card": label[0]["card"]}
    cut = label[1] if is_leaky else reference.as_of(view, label[1])
    events = EVENTS[view.source.name]
    values, _ = reference.view_value(view, events, key, cut, event_time_mode=is_leaky)
    return values


def expected(name: str, label: Label) -> dict[str, Any]:
    if name == "history_of_aggregates":
        return oracle(spending, label, is_leaky=False)
    values = oracle(limits, label, is_leaky=name == "history_in_event_time")
    if name == "history_in_event_time":
        return values
    features = {("limits", feature): value for feature, value in values.items()}
    return values | reference.on_demand_values(use, features, {"amount": label[0]["amount"]})


HISTORIES = [name for name in CASES if name.startswith("history")]
READS: dict[str, list[View]] = {
    "history_of_aggregates": [spending],
    "history_of_latest_values_and_on_demand": [limits, use],
    "history_in_event_time": [limits],
}
SELECTED = {
    name: plan_selection([(view, one) for view in views for one in view.feature_types]).selected
    for name, views in READS.items()
}
TYPES = {
    name: kind for view in (spending, limits, use) for name, kind in view.feature_types.items()
}


@pytest.mark.parametrize("name", HISTORIES)
def test_golden_history_by_trino_and_by_the_local_athena_is_the_oracle_bit_for_bit(
    engines: list[Engine], name: str
) -> None:
    for found in answers(engines, name):
        rows = found.sort_by(ROW).to_pylist()
        assert len(rows) == len(LABELS)
        for label, row in zip(LABELS, rows, strict=True):
            got = {
                item.output: bits(logical(row[selected(item.view, item.feature)], item.type))
                for item in SELECTED[name]
            }
            wanted = expected(name, label)
            assert got == {feature: bits(value) for feature, value in wanted.items()}, label


@pytest.mark.parametrize(
    ("name", "view"), [("states_of_aggregates", spending), ("states_of_latest_values", limits)]
)
def test_golden_states_by_trino_and_by_the_local_athena_serve_the_oracles_bits(
    engines: list[Engine], name: str, view: FeatureView
) -> None:
    plan = plan_view(view)
    by_trino, by_athena = (encoded_states(plan, found) for found in answers(engines, name))
    assert by_trino == by_athena
    assert len(by_trino) == len(KEYS)
    for key in KEYS:
        values, *_ = Folder(plan).fold([by_trino[key["card"],]], MARCH_2)
        wanted, _ = reference.view_value(view, EVENTS[view.source.name], key, MARCH_2)
        got = {feature: bits(logical(value, TYPES[feature])) for feature, value in values.items()}
        assert got == {feature: bits(value) for feature, value in wanted.items()}, key
