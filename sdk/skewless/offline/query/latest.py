"""The latest row of each entity as of each point, for latest-value views.

No left edge is needed: the latest event known before T is the answer. An engine that has ASOF joins
finds it at once where it was known in time; a running maximum over the entity's events finds it for
the other points. For other engines see `carried`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from skewless.offline.query import identifiers, sql
from skewless.offline.query.carried import add_carried
from skewless.offline.query.row_order import sort_keys
from skewless.offline.query.window import POINT

if TYPE_CHECKING:
    from skewless.compiler.plan import ViewPlan
    from skewless.offline.query.dialect import Dialect
    from skewless.offline.query.sql import Sql, Steps


def add_latest(
    plan: ViewPlan, dialect: Dialect, steps: Steps, alias: str, lag: str | None
) -> dict[str, tuple[str, str]]:
    """Add `<alias>_winner` and `<alias>_features` of a latest-value view: columns, or nulls.

    Args:
        plan: the view.
        dialect: the engine.
        steps: where the steps are added; the view's points and events are there.
        alias: how the view's steps begin.
        lag: a step of one row with the time `lag`, after which at the earliest an event becomes
            known; None if that is at once.

    Returns:
        The step that breaks ties, with the two steps that `Script.ranked` tells of; nothing where
        no step is only for ties.
    """
    if not dialect.joins_asof:
        add_carried(plan, dialect, steps, alias)
        _add_features(plan, steps, alias)
        return {}
    _add_reached(steps, alias, lag)
    _add_running(steps, alias)
    _add_winner(plan, dialect, steps, alias, _add_found(steps, alias))
    _add_features(plan, steps, alias)
    return {f"{alias}_winner": (f"{alias}_candidates", f"{alias}_points")}


def _add_running(steps: Steps, alias: str) -> None:
    """Add the time of the latest event that was known before each late point."""
    null = sql.cast(exp.Null(), "BIGINT")
    known = sql.select(
        sql.column("entity"),
        sql.aliased(sql.column("known"), "at"),
        sql.aliased(sql.integer(1), "kind"),
        sql.aliased(null, "as_of"),
        sql.aliased(null, "horizon"),
        sql.column("happened"),
    ).from_(sql.table(f"{alias}_late_events"))
    asks = sql.select(
        sql.column("entity"),
        sql.aliased(sql.column("horizon"), "at"),
        sql.aliased(sql.integer(0), "kind"),
        sql.column("as_of"),
        sql.column("horizon"),
        sql.aliased(null, "happened"),
    ).from_(sql.table(f"{alias}_late"))
    steps.add(f"{alias}_axis", sql.union_all([known, asks]))
    latest = sql.over(
        sql.aggregate(exp.Max, sql.column("happened")),
        [sql.column("entity")],
        [sql.column("at"), sql.column("kind")],
        running=True,
    )
    steps.add(
        f"{alias}_running",
        sql.select(
            *(sql.column(name) for name in POINT),
            sql.column("kind"),
            sql.aliased(latest, "latest"),
        ).from_(sql.table(f"{alias}_axis")),
    )


def _add_reached(steps: Steps, alias: str, lag: str | None) -> None:
    """Add each point's latest event, and the points where it had not become known.

    An event that is known before T happened before T - `lag`. So the latest event before T - `lag`
    is the right one if it was known. If not, an earlier one is right, and the running maximum over
    the entity's events tells which.
    """
    point = [sql.column(name, "point") for name in POINT]
    bound: Sql = sql.column("horizon", "point")
    bounded = sql.select(*point).from_(sql.table(f"{alias}_points", alias="point"))
    if lag is not None:
        bounded = bounded.join(sql.table(lag, alias="lag"), join_type="cross", copy=False)
        bound = sql.subtract(bound, sql.coalesce(sql.column("lag", "lag"), sql.integer(0)))
    steps.add(f"{alias}_bounded", bounded.select(sql.aliased(bound, "bound"), copy=False))
    before = sql.both(
        sql.equal(sql.column("entity", "point"), sql.column("entity", "event")),
        sql.less(sql.column("happened", "event"), sql.column("bound", "point")),
    )
    steps.add(
        f"{alias}_reached",
        sql.select(
            *point,
            sql.aliased(sql.column("happened", "event"), "latest"),
            sql.column("known", "event"),
        )
        .from_(sql.table(f"{alias}_bounded", alias="point"))
        .join(sql.table(f"{alias}_events", alias="event"), on=before, join_type="asof left"),
    )
    steps.add(
        f"{alias}_late",
        sql.select(*(sql.column(name) for name in POINT))
        .from_(sql.table(f"{alias}_reached"))
        .where(_is_late()),
    )
    same = sql.equal(sql.column("entity", "event"), sql.column("entity", "point"))
    steps.add(
        f"{alias}_late_events",
        sql.select(*(sql.column(name, "event") for name in ("entity", "known", "happened")))
        .from_(sql.table(f"{alias}_events", alias="event"))
        .join(sql.table(f"{alias}_late", alias="point"), on=same, join_type="semi"),
    )


def _is_late() -> Sql:
    """Say whether the latest event had not become known; null where there is no event."""
    return sql.less_equal(sql.column("horizon"), sql.column("known"))


def _add_found(steps: Steps, alias: str) -> str:
    """Add the time of each point's winner: of most points as reached, of the others as running."""
    columns = [*(sql.column(name) for name in POINT), sql.column("latest")]
    in_time = exp.Not(this=sql.coalesce(_is_late(), exp.false()))
    reached = sql.select(*columns).from_(sql.table(f"{alias}_reached")).where(in_time)
    asked = sql.equal(sql.column("kind"), sql.integer(0))
    running = sql.select(*columns).from_(sql.table(f"{alias}_running")).where(asked)
    return steps.add(f"{alias}_found", sql.union_all([reached, running]))


def _add_winner(plan: ViewPlan, dialect: Dialect, steps: Steps, alias: str, found: str) -> None:
    names = _names(plan)
    conditions = [
        sql.equal(sql.column("entity", "event"), sql.column("entity", "point")),
        sql.equal(sql.column("happened", "event"), sql.column("latest", "point")),
        sql.less(sql.column("known", "event"), sql.column("horizon", "point")),
    ]
    if plan.view.ttl is not None:
        alive = sql.subtract(sql.column("as_of", "point"), sql.integer(plan.view.ttl.microseconds))
        conditions.append(sql.less_equal(alive, sql.column("happened", "event")))
    kept = ("tie", *names, "deleted")
    candidates = (
        sql.select(
            *(sql.column(name, "point") for name in POINT),
            *(sql.column(name, "event") for name in kept),
        )
        .from_(sql.table(found, alias="point"), copy=False)
        .join(
            sql.table(f"{alias}_events", alias="event"),
            on=sql.both(*conditions),
            join_type="left",
            copy=False,
        )
    )
    steps.add(f"{alias}_candidates", candidates)
    rank = sql.over(
        sql.call("row_number"),
        [sql.column(name) for name in POINT],
        [sql.descending(each) for each in sort_keys(plan, dialect, kept)],
    )
    ranked = sql.select(sql.star(), sql.aliased(rank, "rank"))
    ranked = ranked.from_(sql.table(f"{alias}_candidates"), copy=False)
    first = sql.select(sql.star()).from_(sql.nested(ranked, "ranked"), copy=False)
    first = first.where(sql.equal(sql.column("rank"), sql.integer(1)), copy=False)
    steps.add(f"{alias}_winner", first)


def _add_features(plan: ViewPlan, steps: Steps, alias: str) -> None:
    is_there = exp.Not(this=sql.column("deleted"))
    features = [
        sql.aliased(
            sql.when(is_there, sql.column(name))
            if plan.view.source.has_tombstones
            else sql.column(name),
            identifiers.feature(feature),
        )
        for name, (feature, _) in zip(_names(plan), plan.columns, strict=True)
    ]
    steps.add(
        f"{alias}_features",
        sql.select(*(sql.column(name) for name in POINT), *features).from_(
            sql.table(f"{alias}_winner"), copy=False
        ),
    )


def _names(plan: ViewPlan) -> list[str]:
    return [f"c{index}" for index in range(len(plan.columns))]
