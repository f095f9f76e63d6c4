"""How often statements read a log on Athena, which charges for each time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlglot import exp

from localaws.core.athena.scan import scan_of
from localaws.core.athena.transpile import parse
from skewless import Entity, Every, FeatureView, Source, agg, col
from skewless.compiler.again import NOBODY, Again
from skewless.compiler.plan import plan_selection, plan_view
from skewless.offline.query import sql
from skewless.offline.query.dialect import Dialect, EngineName
from skewless.offline.query.events import Relation
from skewless.offline.query.history import History, Spine
from skewless.offline.query.mode import Mode
from skewless.offline.query.states import States
from skewless.types import Float64, String

ATHENA = Dialect(EngineName.ATHENA)
DAY = 86_400_000_000
LOG = Relation(sql.table("payments", "lake"), is_physical=False, is_log=True)
SOURCE = Source(
    "payments",
    schema={"card": String, "amount": Float64, "id": String},
    event_time="at",
    event_id="id",
)
CARD = Entity("card", keys={"card": String})
SUMS = FeatureView(
    "sums",
    entity=CARD,
    source=SOURCE,
    refresh="stream",
    where=col("amount") > 0,
    features={
        "total": agg.sum("amount", window="7d"),
        "greatest": agg.max("amount", window="1d"),
        "first": agg.first("amount", window="30d"),
        "last": agg.last("id", window=None),
    },
)
LATEST = FeatureView(
    "latest", entity=CARD, source=SOURCE, refresh=Every("1d"), features=["amount", "id"]
)


def scans(query: exp.Query) -> int:
    """How often a statement reads the log."""
    tables = parse(ATHENA.render(query)).find_all(exp.Table)
    return sum(scan_of(table).times for table in tables if table.db and table.name == "payments")


@pytest.mark.parametrize("view", [SUMS, LATEST], ids=lambda view: view.name)
@pytest.mark.parametrize("since", [None, 2 * DAY])
@pytest.mark.parametrize("again", [NOBODY, Again((("a",), ("b",)), is_everyone=False)])
def test_a_cut_reads_the_log_once(view: FeatureView, since: int | None, again: Again) -> None:
    states = States(plan_view(view), ATHENA, LOG, 3 * DAY, since, ("late",), again)
    assert scans(states.script().query()) == 1


def test_a_training_set_reads_a_log_once_however_many_views_stand_on_it() -> None:
    views = [(view, name) for view in (SUMS, LATEST) for name in view.feature_types]
    spine = Spine(sql.table("labels", "lake"), DAY, 2 * DAY)
    plan, logs = plan_selection(views), {"payments": LOG}
    request = History(plan, Mode.AS_SERVED, ATHENA, spine, logs, {}, with_status=True)
    script = request.script()
    assert sum(scans(step) for _, step in script.stages()) + scans(script.last()) == 1


@pytest.mark.parametrize("ttl", [None, "30d"])
def test_a_training_set_of_latest_values_stores_none_of_the_log(ttl: str | None) -> None:
    view = FeatureView(
        "rates", entity=CARD, source=SOURCE, refresh="stream", features=["amount", "id"], ttl=ttl
    )
    selected = [(view, name) for name in view.feature_types]
    spine = Spine(sql.table("labels", "lake"), DAY, 2 * DAY)
    request = History(
        plan_selection(selected), Mode.AS_SERVED, ATHENA, spine, {"payments": LOG}, {}
    )
    script = request.script()
    assert script.checkpoints == ()
    assert scans(script.last()) == 1
    # Whether the view knows an entity is told of the same winners, of which each point has one.
    script = replace(request, with_status=True).script()
    assert script.checkpoints == ("view__rates_v1_winner",)
    assert [scans(step) for _, step in script.stages()] == [1]
    assert scans(script.last()) == 0


@pytest.mark.parametrize(
    ("features", "lateness", "reads"),
    [
        ({"total": agg.sum("amount", window="7d")}, None, 2),
        ({"total": agg.sum("amount", window="7d")}, 8 * DAY, 2),
        ({"total": agg.sum("amount", window="7d")}, 7 * DAY, 1),
        ({"total": agg.sum("amount", window="7d")}, DAY, 1),
        ({"now": agg.count(window="1h"), "total": agg.sum("amount", window="7d")}, DAY, 2),
        ({"greatest": agg.max("amount", window="7d")}, None, 4),
        ({"greatest": agg.max("amount", window="7d")}, DAY, 3),
    ],
)
def test_events_that_come_in_time_are_read_once_less_often(
    features: dict[str, Any], lateness: int | None, reads: int
) -> None:
    source = replace(SOURCE, event_id=None)
    view = FeatureView("some", entity=CARD, source=source, refresh="stream", features=features)
    spine = Spine(sql.table("labels", "lake"), DAY, 2 * DAY)
    known = {} if lateness is None else {"payments": lateness}
    plan = plan_selection([(view, name) for name in features])
    script = History(plan, Mode.AS_SERVED, ATHENA, spine, {"payments": LOG}, known).script()
    whole = parse(ATHENA.render(script.query()))
    tables = (table for table in whole.find_all(exp.Table) if table.name == "payments")
    assert sum(scan_of(table).times for table in tables) == reads
    assert script.checkpoints == (() if reads == 1 else ("view__some_v1_events",))


def test_each_list_of_a_cut_reads_the_log_once_more() -> None:
    features = {
        "last_2": agg.last_n("amount", 2, window="7d"),
        "last_3": agg.last_n("amount", 3, window="7d"),
        "first_2": agg.first_n("amount", 2, window="7d"),
        "total": agg.sum("amount", window="7d"),
    }
    view = FeatureView("lists", entity=CARD, source=SOURCE, refresh="stream", features=features)
    states = States(plan_view(view), ATHENA, LOG, 3 * DAY, 2 * DAY)
    assert scans(states.script().query()) == 3
