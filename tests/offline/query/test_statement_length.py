"""Services of many views keep within what Athena takes, by more tables between the statements."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import pytest
from sqlglot import exp

from examples.flights import definitions as flights
from skewless import (
    Entity,
    Every,
    FeatureView,
    OnDemandView,
    Source,
    agg,
    col,
    haversine,
    request,
)
from skewless.compiler.again import NOBODY
from skewless.compiler.plan import plan_selection, plan_view
from skewless.offline.query import sql
from skewless.offline.query.dialect import Dialect, EngineName
from skewless.offline.query.events import Relation
from skewless.offline.query.history import History, Spine
from skewless.offline.query.mode import Mode
from skewless.offline.query.stages import AROUND_A_STATEMENT, STATEMENT_BYTES
from skewless.offline.query.states import States
from skewless.types import Float64, String

if TYPE_CHECKING:
    from collections.abc import Callable

    from skewless.definitions.expression import Expr
    from skewless.offline.query.script import Script

ATHENA = Dialect(EngineName.ATHENA)
MARCH_1, MARCH_2 = 1_709_251_200_000_000, 1_709_337_600_000_000
VIEWS = (
    flights.carrier_delays,
    flights.airport_delays,
    flights.route_delays,
    flights.aircraft_delays,
    flights.airport_weather,
    flights.aircraft,
)


def renamed(view: FeatureView, number: int) -> FeatureView:
    """Return the view as another one, which is computed for itself."""
    found = copy.copy(view)
    object.__setattr__(found, "name", f"{view.name}_{number}")
    return found


def script_of(views: int) -> Script:
    some = [renamed(VIEWS[number % len(VIEWS)], number) for number in range(views)]
    selection = [(view, name) for view in some for name in view.feature_types]
    relations = {
        name: Relation(sql.table(name, "lake"), is_physical=False, is_log=True)
        for name in ("flights", "weather", "plane_registry")
    }
    spine = Spine(sql.table("labels", "lake"), MARCH_1, MARCH_2)
    plan = plan_selection(selection)
    return History(plan, Mode.AS_SERVED, ATHENA, spine, relations, {}).script()


def statements_of(script: Script) -> list[exp.Query]:
    """The statements as a session asks them, with tables in place of the stored steps."""
    stored = {name: sql.table(f"step_{name}", "lake") for name in script.checkpoints}
    return [
        sql.reading(query, stored) for query in (*dict(script.stages()).values(), script.last())
    ]


@pytest.mark.parametrize("views", [18, 30])
def test_statements_of_a_service_fit_whatever_its_number_of_views(views: int) -> None:
    sizes = [len(ATHENA.render(query).encode()) for query in statements_of(script_of(views))]
    assert max(sizes) <= STATEMENT_BYTES - AROUND_A_STATEMENT


@pytest.mark.parametrize(
    "make",
    [
        lambda x, number: (x * number) ** 0.5,
        lambda x, number: haversine(x, request("lon"), 52.5, number),
        lambda x, number: (x.ln() * number).sigmoid(),
    ],
    ids=["powers", "distances", "functions of functions"],
)
def test_sixty_features_of_elementary_functions_fit(make: Callable[[Expr, int], Expr]) -> None:
    view = flights.route_delays
    names = [name for name, kind in view.feature_types.items() if kind == Float64]
    features = {f"f{n}": make(view[names[n % len(names)]], n) for n in range(60)}
    computed = OnDemandView("computed", features=features, request={"lon": Float64})
    spine = Spine(sql.table("labels", "lake"), MARCH_1, MARCH_2)
    relations = {"flights": Relation(sql.table("flights", "lake"), is_physical=False, is_log=True)}
    plan = plan_selection([(computed, name) for name in features])
    script = History(plan, Mode.AS_SERVED, ATHENA, spine, relations, {}).script()
    sizes = [len(ATHENA.render(query).encode()) for query in statements_of(script)]
    assert max(sizes) <= STATEMENT_BYTES - AROUND_A_STATEMENT


def test_a_rounded_input_of_a_percentile_stands_for_its_buckets_bits_once() -> None:
    """Each bit would hold it, and it holds itself some ten times."""
    visits = Source("visits", schema={"card": String, "amount": Float64}, event_time="at")
    amount = (col("amount") / 3).round(2)
    view = FeatureView(
        "view",
        entity=Entity("card", keys={"card": String}),
        source=visits,
        refresh=Every("1d"),
        features={"half": agg.percentile(amount, 0.5, window="30d")},
    )
    log = Relation(sql.table("visits"), is_physical=False, is_log=True)
    states = States(plan_view(view), ATHENA, log, MARCH_1, None, again=NOBODY)
    assert len(ATHENA.render(states.script().query())) < 20_000


def test_no_statement_of_a_service_holds_a_step_that_it_does_not_read() -> None:
    for query in statements_of(script_of(6)):
        read = {table.name for table in query.find_all(exp.Table) if not table.db}
        assert [step.alias for step in query.ctes if step.alias not in read] == []
