"""The query for history: for each label, every selected feature as of its instant. Pure.

Stages, each a few named steps of one WITH query:

1. the spine: labels with their row number, instant, entity numbers and request fields;
2. for each source and entity, the log's rows of the entities asked for, duplicates dropped;
3. for each view its points, its events, and its features at the points
   (`totals` for sums, `picks` for picked values and latest rows);
4. on-demand features over the joined rows, then the output columns.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlglot import exp

from skewless.compiler.bound import Bound, Feature, Request, RequestTime, features_of
from skewless.definitions import types
from skewless.definitions.duration import ZERO
from skewless.offline.query import identifiers, sql
from skewless.offline.query.collected import Collects
from skewless.offline.query.decays import Decays
from skewless.offline.query.events import (
    ENTITY,
    HAPPENED,
    KNOWN,
    Log,
    Relation,
    as_of,
    deduplicated,
    view_events,
)
from skewless.offline.query.finisher import Finisher
from skewless.offline.query.keyed import Keyed, keys_of, without_maps
from skewless.offline.query.latest import add_latest
from skewless.offline.query.mode import Mode
from skewless.offline.query.picks import Picks
from skewless.offline.query.reach import Reach, columns_of
from skewless.offline.query.render import Renderer
from skewless.offline.query.script import Script
from skewless.offline.query.stages import stored_steps
from skewless.offline.query.statuses import THERE, add_status
from skewless.offline.query.totals import Totals
from skewless.offline.query.window import POINT
from skewless.offline.query.windowed import Windowed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from skewless.compiler.plan import OnDemandPlan, RolePlan, SelectionPlan, ViewPlan
    from skewless.definitions.entity import Entity
    from skewless.definitions.source import Source
    from skewless.offline.query.dialect import Dialect
    from skewless.offline.query.sql import Sql

ROW, INSTANT, WATERMARK = "skewless_row", "skewless_instant", "skewless_watermark"


@dataclass(frozen=True, slots=True)
class Spine:
    """The prepared labels.

    Attributes:
        table: columns `skewless_row`, `skewless_instant` (microseconds), for replay
            `skewless_watermark`, and as `identifiers` calls them a number for each distinct key of
            each entity, the key columns and the request fields; all physical.
        first, last: the least and greatest instant.
    """

    table: exp.Table
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class History:
    """A request for history.

    Attributes:
        relations: where each source's rows are, by the source's name.
        lateness: for each source, no event became known later than this after it happened.
        with_status: whether to tell for each view if it knows the entity; all events are read.
    """

    plan: SelectionPlan
    mode: Mode
    dialect: Dialect
    spine: Spine
    relations: Mapping[str, Relation]
    lateness: Mapping[str, int]
    with_status: bool = False

    @property
    def reach(self) -> Reach:
        """The events that count."""
        return Reach(self.mode, self.spine.first, self.spine.last, reads_all=self.with_status)

    def script(self) -> Script:
        """Return the query in steps.

        Its columns are `skewless_row` and the selected features, physical, under the names that
        `identifiers` gives them. The engine never sees the users' names. A feature that may
        overflow has a second column, which says whether it does; then it is null.
        """
        return _Compiler(self).compile()


class _Compiler:
    """Builds one query, step by step."""

    def __init__(self, request: History) -> None:
        self.request = request
        self.reach = request.reach
        self.plan = request.plan
        self.dialect = request.dialect
        self.steps = sql.Steps()
        self.overflows: dict[Feature, str] = {}
        self.failures: dict[Feature, str] = {}
        self.windowed: dict[str, Windowed] = {}
        self.ranked: dict[str, tuple[str, str]] = {}
        self.cheap: set[str] = set()
        self.aliases = {plan: identifiers.steps_of(plan.view) for plan in request.plan.views}

    def compile(self) -> Script:
        self.steps.add("spine", sql.select(sql.star()).from_(self.request.spine.table.copy()))
        logs = self._add_logs()
        for plan in self.plan.views:
            alias = self.aliases[plan]
            self._add_points(plan, alias)
            self._add_events(plan, alias, logs[plan.view.source, plan.view.entity])
            if plan.view.is_aggregated:
                self._add_aggregates(plan, alias)
            else:
                self.ranked |= add_latest(plan, self.dialect, self.steps, alias, self._lag(plan))
            if self.request.with_status:
                every = self._events(plan, logs[plan.view.source, plan.view.entity], None)
                add_status(plan, self.steps, alias, every)
        script = Script(self.steps, self._output())
        if self.dialect.computes_steps_anew:
            stored = stored_steps(script, self.request.spine.table, self.dialect)
            return replace(script, checkpoints=stored)
        checkpoints = self._checkpoints(logs)
        return replace(script, checkpoints=checkpoints, windowed=self.windowed, ranked=self.ranked)

    def _checkpoints(self, logs: Mapping[tuple[Source, Entity], str]) -> tuple[str, ...]:
        """Return the steps worth storing. For a single view, one plan over its features is best."""
        plans = self.plan.views
        readers: dict[str, list[ViewPlan]] = {}
        for plan in plans:
            readers.setdefault(logs[plan.view.source, plan.view.entity], []).append(plan)
        shared = [
            name
            for name, some in readers.items()
            if len(some) > 1 and (name not in self.cheap or any(p.view.is_aggregated for p in some))
        ]
        stored = ["spine", *shared] if len(plans) > 1 else []
        for plan in plans:
            alias = self.aliases[plan]
            stored += [step for step in self.windowed if step == f"{alias}_partials"]
            for winner, (candidates, points) in self.ranked.items():
                if winner == f"{alias}_winner":
                    stored += [points, candidates, winner]
            if plan.view.is_aggregated and len(plans) > 1:
                stored.append(f"{alias}_features")
        return tuple(stored)

    def _add_logs(self) -> dict[tuple[Source, Entity], str]:
        groups: dict[tuple[Source, Entity], list[ViewPlan]] = {}
        for plan in self.plan.views:
            groups.setdefault((plan.view.source, plan.view.entity), []).append(plan)
        return {
            (source, entity): self._add_log(source, entity, plans)
            for (source, entity), plans in groups.items()
        }

    def _add_log(self, source: Source, entity: Entity, plans: list[ViewPlan]) -> str:
        columns = columns_of(source, plans)
        relation = self.request.relations[source.name]
        log = Log(source, relation, self.dialect, columns, self.reach.span(plans))
        asked = self._add_asked(entity)
        name = identifiers.rows_of_entity(source, entity)
        scanned = log.rows()
        if relation.is_physical and not relation.is_empty and len(plans) == 1:
            # All of the table's columns: to name them would take longer than not to read some.
            scanned = sql.select(sql.star()).from_(log.table, copy=False)
        rows = self.steps.add(f"{name}__scanned", scanned, is_cheap=self.dialect.joins_asof)
        joined = self._of_asked(entity, rows, asked)
        logged = self.steps.add(f"{name}__asked", joined, is_cheap=self.dialect.joins_asof)
        once = deduplicated(self.steps, logged, log, [sql.column(ENTITY)])
        if once == logged:
            self.cheap.add(logged)
        return once

    def _add_asked(self, entity: Entity) -> str | None:
        """Add the distinct keys of labels with their numbers; None if there are no keys."""
        if not entity.keys:
            return None
        roles = {
            identifiers.number_of(role): role
            for role in self.plan.roles
            if role.plan.view.entity == entity
        }
        return self.steps.add(
            f"{identifiers.number(entity)}__asked",
            sql.union(
                sql.select(
                    sql.aliased(sql.column(number), ENTITY),
                    *(
                        sql.renamed(identifiers.given(column), identifiers.given(key))
                        for key, column in role.columns.items()
                    ),
                )
                .distinct()
                .from_(sql.table("spine"))
                for number, role in roles.items()
            ),
        )

    @staticmethod
    def _of_asked(entity: Entity, rows: str, asked: str | None) -> exp.Select:
        """Select the rows of the entities that labels ask for, with their numbers."""
        if asked is None:
            # All rows are of one entity: to join them with a table of one row would be in vain.
            number = sql.aliased(_no_number(), ENTITY)
            return sql.select(number, sql.star()).from_(sql.table(rows))
        same = sql.both(
            *(
                sql.equal(
                    sql.column(identifiers.column(key), "log"),
                    sql.column(identifiers.given(key), "asked"),
                )
                for key in entity.keys
            )
        )
        return (
            sql.select(
                sql.column(ENTITY, "asked"),
                exp.Column(this=exp.Star(), table=sql.name("log")),
            )
            .from_(sql.table(rows, alias="log"))
            .join(sql.table(asked, alias="asked"), on=same)
        )

    def _add_points(self, plan: ViewPlan, alias: str) -> None:
        moment = self._as_of(plan, None)
        numbers = {identifiers.number_of(role): role for role in self._roles_of(plan)}
        if not plan.view.entity.keys:
            numbers = dict(list(numbers.items())[:1])
        points = (
            sql.select(
                sql.aliased(_number(role, None), "entity"),
                sql.aliased(moment, "as_of"),
                sql.aliased(self._horizon(plan, None), "horizon"),
            )
            .distinct()
            .from_(sql.table("spine"))
            for role in numbers.values()
        )
        self.steps.add(f"{alias}_points", sql.union(points))

    def _roles_of(self, plan: ViewPlan) -> list[RolePlan]:
        return [role for role in self.plan.roles if role.plan is plan]

    def _lag(self, plan: ViewPlan) -> str | None:
        """Return a step that says after which time at the earliest events become known."""
        source = plan.view.source
        if self.request.mode is Mode.EVENT_TIME or source.delay == ZERO:
            return None
        delay = sql.subtract(sql.column(KNOWN), sql.column(HAPPENED))
        least = sql.aliased(sql.aggregate(exp.Min, delay), "lag")
        name = identifiers.rows_of_entity(source, plan.view.entity)
        rows = sql.select(least).from_(sql.table(f"{name}__scanned"))
        return self.steps.add(f"{name}__lag", rows)

    def _as_of(self, plan: ViewPlan, table: str | None) -> Sql:
        instant = sql.column(INSTANT, table)
        return instant if self.request.mode is Mode.EVENT_TIME else as_of(plan, instant)

    def _horizon(self, plan: ViewPlan, table: str | None) -> Sql:
        """Return the bound of ingest times: T, or a replay's watermark."""
        moment = self._as_of(plan, table)
        if self.request.mode is Mode.REPLAY:
            return sql.call("least", moment, sql.column(WATERMARK, table))
        return moment

    def _add_events(self, plan: ViewPlan, alias: str, log: str) -> None:
        events = self._events(plan, log, self.reach.start(plan))
        is_cheap = self.dialect.joins_asof and not plan.view.is_aggregated
        self.steps.add(f"{alias}_events", events, is_cheap=is_cheap)

    def _events(self, plan: ViewPlan, log: str, start: int | None) -> exp.Select:
        identity = [sql.aliased(sql.column(ENTITY), "entity")]
        leaks = self.request.mode is Mode.EVENT_TIME
        return view_events(plan, self.dialect, log, identity, start, ignores_ingest=leaks)

    def _add_aggregates(self, plan: ViewPlan, alias: str) -> None:
        """Add the features of a view; first the maps of those that have several values."""
        keyed = [Keyed(plan, key, self.steps, alias) for key in keys_of(plan)]
        maps: dict[str, Keyed] = {}
        for each in keyed:
            each.add()
            self._add_features(each.pairs, each.alias, {})
            maps[each.maps()] = each
        self._add_features(without_maps(plan), alias, maps)

    def _add_features(self, plan: ViewPlan, alias: str, maps: Mapping[str, Keyed]) -> None:
        totals = Totals(plan, self.dialect, self.steps, alias)
        lateness = self.request.lateness.get(plan.view.source.name)
        if self.request.mode is Mode.EVENT_TIME:
            lateness = 0
        is_replay = self.request.mode is Mode.REPLAY
        partials = totals.add(lateness=lateness, is_replay=is_replay)
        picks = Picks(plan, self.dialect, self.steps, alias)
        picked = picks.add(partials)
        self.windowed[partials] = Windowed.of(totals, picks, partials)
        collects = Collects(plan, self.dialect, self.steps, alias)
        picked |= collects.add()
        decays = Decays(plan, self.dialect, self.steps, alias)
        decays.add()
        finisher = Finisher(self.dialect, totals, picks, decays)
        found = {step: dict(each.values(step)) for step, each in maps.items()}
        joins = {**picks.joins, **collects.joins, **decays.joins, **{step: step for step in found}}
        sums = self._joined(partials, joins).select(
            *(sql.column(name, "partial") for name in POINT),
            *finisher.columns(plan),
            *(sql.aliased(value, identifiers.feature(name)) for name, value in picked.items()),
            *(
                sql.aliased(value, identifiers.overflow(name))
                for name, value in {**finisher.overflows(plan), **collects.overflows()}.items()
            ),
            *(sql.aliased(value, name) for each in found.values() for name, value in each.items()),
        )
        self.steps.add(f"{alias}_sums", sums)
        hoisted = finisher.hoisted(plan)
        exact = f"{alias}_sums"
        if hoisted:
            query = sql.select(sql.star(), *hoisted).from_(sql.table(exact))
            exact = self.steps.add(f"{alias}_exact", query)
        features = [
            sql.aliased(finisher.feature(plan, aggregate), identifiers.feature(aggregate.name))
            for aggregate in plan.aggregates
        ]
        others = [identifiers.overflow(name) for name in overflowing(plan)]
        others += [name for each in found.values() for name in each]
        query = sql.select(
            *(sql.column(name) for name in POINT), *features, *map(sql.column, others)
        )
        self.steps.add(f"{alias}_features", query.from_(sql.table(exact)))

    def _joined(self, partials: str, joins: Mapping[str, str]) -> exp.Select:
        query = exp.select().from_(sql.table(partials, alias="partial"))
        for alias, step in joins.items():
            on = sql.both(
                *(sql.equal(sql.column(name, alias), sql.column(name, "partial")) for name in POINT)
            )
            query = query.join(sql.table(step, alias=alias), on=on, join_type="left", copy=False)
        return query

    def _output(self) -> exp.Select:
        """Join all views' features to the spine's rows, with the on-demand features if any."""
        joined = exp.select().from_(sql.table("spine"))
        columns: dict[str, Sql] = {}
        for role in self.plan.roles:
            joined = self._beside(role, joined, columns)
        if self.plan.in_sql:
            every = exp.Column(this=exp.Star(), table=sql.name("spine"))
            rows = joined.select(every, *_named(columns), copy=False)
            step = self._add_on_demand(self.steps.add("joined", rows))
            outputs = [sql.column(name) for name in self._outputs()]
            return sql.select(sql.column(ROW), *outputs).from_(sql.table(step), copy=False)
        wanted = {name: columns[name] for name in self._outputs()}
        return joined.select(sql.column(ROW, "spine"), *_named(wanted), copy=False)

    def _beside(self, role: RolePlan, joined: exp.Select, columns: dict[str, Sql]) -> exp.Select:
        """Join the steps of a role's view, and add what they have to the columns."""
        steps, own = self.aliases[role.plan], identifiers.steps_of(role.read)
        side = f"{own}_features"
        table = _as(f"{steps}_features", side)
        joined = joined.join(table, on=self._at_point(role, side), copy=False)
        if self.request.with_status:
            there = f"{own}_status"
            table = _as(f"{steps}_status", there)
            joined = joined.join(table, on=self._at_point(role, there), copy=False)
            columns[identifiers.there(role.read)] = sql.column(THERE, there)
        for feature in role.read.feature_types:
            name = identifiers.selected(role.read, feature)
            columns[name] = sql.column(identifiers.feature(feature), side)
        for feature in overflowing(role.plan):
            name = identifiers.selected_overflow(role.read, feature)
            self.overflows[role.feature(feature)] = name
            columns[name] = sql.column(identifiers.overflow(feature), side)
        for feature in failing(role.plan):
            name = identifiers.selected_failure(role.read, feature)
            self.failures[role.feature(feature)] = name
            columns[name] = sql.column(identifiers.failure(feature), side)
        return joined

    def _add_on_demand(self, step: str) -> str:
        columns = self._joined_columns()
        for on_demand in self.plan.in_sql:
            view = on_demand.view
            renderer = Renderer(self.dialect, columns, self._wide())
            added = [
                column
                for name, typed in on_demand.features
                for column in self._computed(on_demand, name, typed.bound, renderer)
            ]
            query = sql.select(sql.star(), *added).from_(sql.table(step))
            step = self.steps.add(f"{identifiers.steps_of(view)}_added", query)
            for name, _ in on_demand.features:
                key = Feature(view.name, view.version, name)
                columns[key] = sql.column(identifiers.selected(view, name))
        return step

    def _wide(self) -> frozenset[Bound]:
        """Return the features of more than 64 bits: sums of Decimals, and maps of them."""
        return frozenset(
            role.feature(name)
            for role in self.plan.roles
            for name, kind in role.read.feature_types.items()
            if types.is_wide(kind)
        )

    def _at_point(self, role: RolePlan, side: str) -> Sql:
        """Say that a row of a view's step is at the point of a row of the spine."""
        plan, number = role.plan, _number(role, "spine")
        return sql.both(
            sql.equal(sql.column("entity", side), number),
            sql.equal(sql.column("as_of", side), self._as_of(plan, "spine")),
            sql.equal(sql.column("horizon", side), self._horizon(plan, "spine")),
        )

    def _computed(
        self, plan: OnDemandPlan, name: str, bound: Bound, renderer: Renderer
    ) -> Iterator[Sql]:
        """Write an on-demand feature, and whether a feature that it reads overflows."""
        view, value = plan.view, renderer.render(bound)
        reads = plan.reads if plan.arguments else features_of(bound)
        inputs = sorted(self.overflows[item] for item in reads & {*self.overflows})
        if inputs:
            overflow = exp.Paren(this=exp.or_(*map(sql.column, inputs)))
            # A null that replaces an overflowing value must not be computed with.
            value = sql.when(exp.Not(this=overflow), value)
            flag = identifiers.selected_overflow(view, name)
            self.overflows[Feature(view.name, view.version, name)] = flag
            yield sql.aliased(overflow, flag)
        yield sql.aliased(value, identifiers.selected(view, name))

    def _joined_columns(self) -> dict[Bound, Sql]:
        columns: dict[Bound, Sql] = {
            Request(name): sql.column(identifiers.given(name)) for name, _ in self.plan.request
        }
        columns[RequestTime()] = sql.column(INSTANT)
        for role in self.plan.roles:
            for name in role.read.feature_types:
                columns[role.feature(name)] = sql.column(identifiers.selected(role.read, name))
        return columns

    def _outputs(self) -> list[str]:
        """Return the names of the wanted features, then of statuses, then of overflows."""
        wanted = self._wanted()
        outputs = list(wanted.values())
        if self.request.with_status:
            outputs += [identifiers.there(role.read) for role in self.plan.roles]
        flags = [self.overflows[feature] for feature in wanted if feature in self.overflows]
        failures = [self.failures[feature] for feature in wanted if feature in self.failures]
        return [*outputs, *flags, *failures]

    def _wanted(self) -> dict[Feature, str]:
        """Return names of the selected features, and of those that others are made of after SQL."""
        late = {feature for plan in self.plan.after_sql for feature in plan.made}
        found = {
            Feature(item.view.name, item.view.version, item.feature): identifiers.selected(
                item.view, item.feature
            )
            for item in self.plan.selected
        }
        reads = frozenset[Feature]().union(*(plan.reads for plan in self.plan.after_sql))
        for role in self.plan.roles:
            for name in role.read.feature_types:
                if role.feature(name) in reads:
                    found[role.feature(name)] = identifiers.selected(role.read, name)
        for plan in self.plan.in_sql:
            for feature in plan.made:
                if feature in reads:
                    found[feature] = identifiers.selected(plan.view, feature.name)
        return {feature: name for feature, name in found.items() if feature not in late}


def _named(columns: Mapping[str, Sql]) -> list[Sql]:
    return [sql.aliased(value, name) for name, value in columns.items()]


def _number(role: RolePlan, table: str | None) -> Sql:
    """Write the number of a row's key; of no entity, all rows have one."""
    if not role.columns:
        return _no_number()
    return sql.column(identifiers.number_of(role), table)


def _no_number() -> Sql:
    return sql.cast(sql.integer(0), "BIGINT")


def _as(step: str, alias: str) -> exp.Table:
    return sql.table(step) if step == alias else sql.table(step, alias=alias)


def overflowing(plan: ViewPlan) -> list[str]:
    """Return the features of a view that may overflow."""
    return [item.name for item in plan.aggregates if plan.may_overflow(item)]


def failing(plan: ViewPlan) -> list[str]:
    """Return the maps of a view of which a value may overflow."""
    return [item.name for item in plan.aggregates if item.by is not None and plan.is_failure(item)]
