"""Decayed sums over windows: every event times the weight of its tile, in exact integers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from skewless.compiler.finish import DECAYED_COUNT, DECAYED_SUM
from skewless.offline.query import sql
from skewless.offline.query.window import POINT, events_inside, window_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skewless.compiler.bound import Column
    from skewless.compiler.plan import AggregatePlan, ViewPlan
    from skewless.offline.query.dialect import Dialect
    from skewless.offline.query.sql import Sql, Steps
    from skewless.offline.query.window import Window


class Decays:
    """Adds the steps for one aggregated view's decayed sums, and tells how to join them."""

    def __init__(self, plan: ViewPlan, dialect: Dialect, steps: Steps, alias: str) -> None:
        self.plan = plan
        self.dialect = dialect
        self.steps = steps
        self.alias = alias
        self.joins: dict[str, str] = {}

    def add(self) -> None:
        """Add a step for each decayed aggregate, with at most one row for a point."""
        for item in self.plan.aggregates:
            window = window_of(self.plan, item)
            if item.weights and window is not None:
                step = self._step(item)
                self.joins[step] = self.steps.add(step, self._sums(item, window))

    def values(self, item: AggregatePlan) -> Mapping[Column, Sql]:
        """Return an aggregate's decayed sums, by what its recipe calls them."""
        if not item.weights:
            return {}
        nothing = self.dialect.exact(sql.integer(0))
        return {
            bound: sql.coalesce(sql.column(bound.name, self._step(item)), nothing.copy())
            for bound in (DECAYED_SUM, DECAYED_COUNT)
        }

    def _step(self, item: AggregatePlan) -> str:
        return f"{self.alias}_decay{self.plan.aggregates.index(item)}"

    def _sums(self, item: AggregatePlan, window: Window) -> exp.Select:
        as_of, happened = sql.column("as_of", "point"), sql.column("happened", "event")
        age = sql.subtract(sql.floor_to(as_of, window.hop), sql.floor_to(happened, window.hop))
        weight = self.dialect.exact(sql.column("weight", "decay"))
        units: Sql = sql.integer(0)
        if self.plan.measures[item.measure].units is not None:
            units = sql.column(f"u{item.measure}", "event")
        weighted = sql.multiply(weight.copy(), self.dialect.exact(units))
        return (
            events_inside(self.alias, item.measure, window)
            .select(
                sql.aliased(sql.aggregate(exp.Sum, weighted), DECAYED_SUM.name),
                sql.aliased(sql.aggregate(exp.Sum, weight), DECAYED_COUNT.name),
            )
            .join(_weights(item, window.hop), on=sql.equal(age, sql.column("age", "decay")))
            .group_by(*(sql.column(name, "point") for name in POINT))
        )


def _weights(item: AggregatePlan, hop: int) -> exp.Values:
    rows = [
        exp.Tuple(expressions=[sql.integer(tiles * hop), sql.integer(weight)])
        for tiles, weight in enumerate(item.weights)
    ]
    columns = [sql.name("age"), sql.name("weight")]
    return exp.Values(
        expressions=rows, alias=exp.TableAlias(this=sql.name("decay"), columns=columns)
    )
