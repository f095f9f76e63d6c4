"""Features from totals, as SQL, by the recipe that `compiler` has for each aggregate. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from skewless.compiler.bound import Apply, Bound, Column, Constant, Primitive, parts_of
from skewless.compiler.finish import DECAYED_COUNT, DECAYED_SUM, INSTANT
from skewless.compiler.partials import Partial
from skewless.definitions import types
from skewless.definitions.expression import INT64_MAX, INT64_MIN
from skewless.offline.query import identifiers, sql
from skewless.offline.query.render import Renderer
from skewless.offline.query.totals import squares, squares_fit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skewless.compiler.plan import AggregatePlan, ViewPlan
    from skewless.definitions.types import ValueType
    from skewless.offline.query.decays import Decays
    from skewless.offline.query.dialect import Dialect
    from skewless.offline.query.picks import Picks
    from skewless.offline.query.sql import Sql
    from skewless.offline.query.totals import Totals


_WIDE: frozenset[Bound] = frozenset({Column("S"), Column("Q"), DECAYED_SUM, DECAYED_COUNT})


class Finisher:
    """Writes the finalization of each aggregate over the columns of `Totals`."""

    def __init__(self, dialect: Dialect, totals: Totals, picks: Picks, decays: Decays) -> None:
        self.dialect = dialect
        self.totals = totals
        self.picks = picks
        self.decays = decays

    def columns(self, plan: ViewPlan) -> list[Sql]:
        """Return the partials that finalization reads, sums of squares put together."""
        found: dict[str, Sql] = {}
        for aggregate in plan.aggregates:
            for extreme in aggregate.extremes:
                name = self.totals.column(aggregate, extreme.value)
                found[name] = self.picks.value(aggregate, extreme)
            for bound, value in self.decays.values(aggregate).items():
                found[self._decayed(aggregate, bound)] = value
            for bound in _sums_read(aggregate):
                partial = bound.name
                name = self.totals.column(aggregate, partial)
                if partial == "Q":
                    high, low = (
                        sql.column(self.totals.column(aggregate, digit), "partial")
                        for digit in ("Qhigh", "Qlow")
                    )
                    found[name] = squares(self.dialect, high, low)
                else:
                    found[name] = sql.column(name, "partial")
        return [sql.aliased(value, name) for name, value in found.items()]

    def overflows(self, plan: ViewPlan) -> dict[str, Sql]:
        """Return, for each feature that may overflow, whether it does."""
        return {
            aggregate.name: self._overflow(plan, aggregate)
            for aggregate in plan.aggregates
            if plan.may_overflow(aggregate) and aggregate.collected is None
        }

    def _overflow(self, plan: ViewPlan, aggregate: AggregatePlan) -> Sql:
        def partial(name: str) -> Sql:
            return sql.column(self.totals.column(aggregate, name), "partial")

        conditions: list[Sql] = []
        if plan.measures[aggregate.measure].may_be_uncountable:
            conditions.append(sql.less(sql.integer(0), partial("o")))
        if Partial.SQUARES in aggregate.reads:
            fits = squares_fit(self.dialect, partial("Qhigh"), partial("Qlow"))
            conditions.append(exp.Not(this=exp.Paren(this=fits)))
        elif aggregate.is_narrow:
            exact = self.dialect.exact
            least, greatest = exact(sql.integer(INT64_MIN)), exact(sql.integer(INT64_MAX))
            total = exact(partial("S"))
            conditions += [sql.less(total, least), sql.less(greatest, total)]
        return exp.Paren(this=exp.or_(*conditions))

    def hoisted(self, plan: ViewPlan) -> list[Sql]:
        """Return wide integers that become doubles: read often, so computed once."""
        found: dict[str, Sql] = {}
        for aggregate in plan.aggregates:
            renderer = self._renderer(aggregate, hoists=False)
            counted = sql.less(sql.integer(0), renderer.render(Column("n")))
            for bound, name in self._hoists(aggregate):
                # A product of overflowing values would fail the whole query.
                fits = exp.Not(this=sql.column(identifiers.overflow(aggregate.name)))
                found[name] = sql.when(sql.both(counted, fits), renderer.render(bound))
        return [sql.aliased(value, name) for name, value in found.items()]

    def feature(self, plan: ViewPlan, aggregate: AggregatePlan) -> Sql:
        """Return the feature's value, its default put in place of null; null if it overflows."""
        value = self._value(aggregate)
        if not plan.may_overflow(aggregate):
            return value
        overflows = sql.column(identifiers.overflow(aggregate.name))
        return sql.when(exp.Not(this=overflows), value)

    def _value(self, aggregate: AggregatePlan) -> Sql:
        if aggregate.finish is None:
            value: Sql = sql.column(identifiers.feature(aggregate.name))
        else:
            value = self._renderer(aggregate, hoists=True).render(aggregate.finish)
            value = _narrowed(value, aggregate.type)
        if aggregate.default is None:
            return value
        default = Constant(aggregate.default, aggregate.type)
        return sql.coalesce(value, Renderer(self.dialect, {}).render(default))

    def _renderer(self, aggregate: AggregatePlan, *, hoists: bool) -> Renderer:
        columns: dict[Bound, Sql] = {
            bound: sql.column(self.totals.column(aggregate, bound.name))
            for bound in {*_reads(aggregate.finish), Column("n")}
        }
        columns[INSTANT] = sql.column("as_of")
        for decayed in self.decays.values(aggregate):
            columns[decayed] = sql.column(self._decayed(aggregate, decayed))
        wide: set[Bound] = {*_WIDE}
        if hoists:
            for bound, name in self._hoists(aggregate):
                columns[bound] = sql.column(name)
                wide.add(bound)
        return Renderer(self.dialect, columns, frozenset(wide))

    def _decayed(self, aggregate: AggregatePlan, bound: Column) -> str:
        return f"{bound.name}_{self.totals.plan.aggregates.index(aggregate)}"

    def _hoists(self, aggregate: AggregatePlan) -> Iterator[tuple[Bound, str]]:
        plain = Renderer(self.dialect, {}, _WIDE)
        seen: dict[Bound, None] = {}
        for part in parts_of(aggregate.finish):
            if isinstance(part, Apply) and part.primitive is Primitive.TO_DOUBLE:
                argument = part.arguments[0]
                if isinstance(argument, Apply) and plain.is_wide(argument):
                    seen[argument] = None
        for number, bound in enumerate(seen):
            yield bound, self.totals.column(aggregate, "CR"[number])


def _narrowed(value: Sql, type_: ValueType) -> Sql:
    """Give an exact integer its type in the output: an engine's sum may be wider."""
    match type_:
        case types.Int64:
            return sql.cast(value, "BIGINT")
        case types.Decimal():
            return sql.cast(value, "DECIMAL(38, 0)")
        case _:
            return value


def _sums_read(aggregate: AggregatePlan) -> list[Column]:
    extremes = {Column(partial.value) for partial in aggregate.extremes}
    others = {*extremes, INSTANT, DECAYED_SUM, DECAYED_COUNT}
    return [each for each in _reads(aggregate.finish) if each not in others]


def _reads(bound: Bound | None) -> list[Column]:
    return list(dict.fromkeys(part for part in parts_of(bound) if isinstance(part, Column)))
