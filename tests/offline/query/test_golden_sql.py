"""Athena's SQL as it is written, for reviewers to read: a change of it is a change of a file.

`UPDATE_GOLDEN=1 pytest tests/offline/query/test_golden_sql.py` writes the files anew.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlglot

from skewless import Entity, Every, FeatureView, OnDemandView, Source, agg, col, request
from skewless.compiler.plan import plan_selection, plan_view
from skewless.offline.query import sql
from skewless.offline.query.dialect import Dialect, EngineName
from skewless.offline.query.events import Relation
from skewless.offline.query.history import History, Spine
from skewless.offline.query.mode import Mode
from skewless.offline.query.states import States
from skewless.types import Bool, Decimal, Float64, Int64, String, Timestamp

if TYPE_CHECKING:
    from sqlglot import exp

GOLDEN = Path(__file__).parent / "golden"
ATHENA = Dialect(EngineName.ATHENA)
MARCH_1, MARCH_2 = 1_709_251_200_000_000, 1_709_337_600_000_000

card = Entity("card", keys={"card": String})
payments = Source(
    "payments",
    schema={
        "card": String,
        "amount": Float64,
        "fee": Decimal(10, 2),
        "items": Int64,
        "is_refund": Bool,
        "payment": String,
        "rank": Int64,
    },
    event_time="paid_at",
    delay="5m",
    event_id="payment",
    tiebreak="rank",
)
cards = Source(
    "cards",
    schema={"card": String, "limit": Int64, "opened": Timestamp, "is_deleted": Bool},
    event_time="changed_at",
)
spending = FeatureView(
    "spending",
    entity=card,
    source=payments,
    refresh="stream",
    where=~col("is_refund"),
    features={
        "mean_1h": agg.mean("amount", window="1h"),
        "deviation_7d": agg.stddev_samp("amount", window="7d"),
        "fees": agg.sum("fee", window=None),
        "large_1h": agg.count(window="1h", where=col("amount") > 100),
        "largest_1h": agg.max("amount", window="1h"),
        "last_items": agg.last("items", window="1h", default=0),
    },
)
limits = FeatureView(
    "limits",
    entity=card,
    source=cards,
    refresh=Every("1d", delay="2h"),
    ttl="365d",
    features=["limit", "opened"],
)
use = OnDemandView(
    "use",
    request={"amount": Float64},
    features={"share": request("amount") / limits["limit"]},
)


def relation(name: str) -> Relation:
    return Relation(sql.table(name, "lake"), is_physical=False, is_log=True)


def history(*features: FeatureView | OnDemandView, mode: Mode = Mode.AS_SERVED) -> exp.Query:
    views = [(view, name) for view in features for name in view.feature_types]
    spine = Spine(sql.table("labels", "lake"), MARCH_1, MARCH_2)
    relations = {name: relation(name) for name in ("payments", "cards")}
    return History(plan_selection(views), mode, ATHENA, spine, relations, {}).script().query()


CASES = {
    "history_of_aggregates": lambda: history(spending),
    "history_of_latest_values_and_on_demand": lambda: history(limits, use),
    "history_in_event_time": lambda: history(limits, mode=Mode.EVENT_TIME),
    "states_of_aggregates": lambda: (
        States(plan_view(spending), ATHENA, relation("payments"), MARCH_2, MARCH_1).script().query()
    ),
    "states_of_latest_values": lambda: (
        States(plan_view(limits), ATHENA, relation("cards"), MARCH_2, None).script().query()
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_athena_is_asked_what_the_golden_file_says(name: str) -> None:
    text = ATHENA.render(CASES[name](), pretty=True) + "\n"
    path = GOLDEN / f"{name}.sql"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text)
    assert text == path.read_text()


@pytest.mark.parametrize("name", CASES)
def test_the_query_is_trino_sql(name: str) -> None:
    assert sqlglot.parse_one(ATHENA.render(CASES[name]()), read="trino") is not None
