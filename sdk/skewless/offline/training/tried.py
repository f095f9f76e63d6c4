"""Python functions on drawn examples, as training computes them and as serving does.

What a function means is the same text for both, so a difference would be a fault of ours, or of a
function that is not a function of its arguments. Publishing is the last moment to find either.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from skewless.compiler.on_demand import OnDemand
from skewless.compiler.plan import OnDemandPlan, plan_on_demand
from skewless.definitions import types
from skewless.errors import PublishError
from skewless.offline.frames.logical import physical_type, physical_values
from skewless.offline.query import sql
from skewless.offline.query.dialect import Dialect, EngineName
from skewless.offline.query.render import Renderer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from skewless.compiler.bound import Bound
    from skewless.definitions.on_demand import OnDemandView
    from skewless.definitions.types import ValueType

    Row = dict[Bound, Any]
    Outcome = tuple[str, ...]

_EXAMPLES = 200
_NONE = 0.15  # of the values
_SEED = "7"
_FLOATS = (0.0, 1.0, -1.0, 0.5, 2.675, 1e-320, 1e300, -1e300)
_WHOLES = (0, 1, -1, 2, 7, 24, 100, 2**53 + 1, 2**63 - 1, -(2**63))
_TEXTS = ("", "a", "Ab c", "12", "12.5", "2024-03-05T12:00:00", "a@b.org", "Zürich", "{}", "x,y")
_INSTANTS = (0, 4_102_444_800_000_000)  # of 1970 and 2100
_DAYS = (0, 47_482)


def try_functions(views: Iterable[OnDemandView]) -> None:
    """Run the functions of views on drawn examples on both paths.

    Raises:
        PublishError: the paths differ, or a function never returns what it should.
    """
    for view in views:
        if view.function is not None:
            _try(view)


def _try(view: OnDemandView) -> None:
    plan = plan_on_demand(view)
    chance = random.Random(_SEED)  # noqa: S311 - examples, not secrets
    rows = [
        {typed.bound: _value(typed.type, chance) for _, typed in plan.arguments}
        for _ in range(_EXAMPLES)
    ]
    called = OnDemandPlan(view, (), plan.arguments)
    served, reasons = _outcomes(plan, rows)
    by_call, why = _outcomes(called, rows)
    if plan.is_called:
        by_history = _outcomes(called, _through_arrow(plan, rows))[0]
    else:
        by_history, reasons = _by_sql(plan, rows), why
    for row, *found in zip(rows, served, by_call, by_history, strict=True):
        if len({*found}) > 1:
            given = {name: row[typed.bound] for name, typed in plan.arguments}
            raise PublishError(
                f"nothing was published. {view} is not the same in training and in serving for "
                f"{given!r}: {', '.join(map(str, found))}. If the function gives one result for "
                "the same arguments, this is a fault of skewless: please report it"
            )
    _check_results(view, reasons)


def _check_results(view: OnDemandView, reasons: Sequence[str | None]) -> None:
    """Refuse a function that returns something else than it should whenever it returns."""
    returned = [why for why in reasons if why is None or " raised " not in why]
    wrong = [why for why in returned if why is not None]
    if wrong and len(wrong) == len(returned):
        raise PublishError(
            f"nothing was published. The function of {view} never returned what its features "
            f"are, on {len(reasons)} drawn examples: {wrong[0]}"
        )


def _outcomes(plan: OnDemandPlan, rows: Sequence[Row]) -> tuple[list[Outcome], list[str | None]]:
    """Return what serving makes of each row, as text with all bits, and why it fails."""
    on_demand = OnDemand([plan])
    found: list[Outcome] = []
    reasons: list[str | None] = []
    for row in rows:
        environment: dict[Any, Any] = dict(row)
        failed: dict[Any, str] = {}
        on_demand.add(environment, set(), failed)
        found.append(tuple(repr(environment[feature]) for feature in plan.made))
        reasons.append(next(iter(failed.values()), None))
    return found, reasons


def _through_arrow(plan: OnDemandPlan, rows: Sequence[Row]) -> list[Row]:
    """Return rows as training reads them from what an engine returned."""
    columns = [
        physical_values(pa.array([row[typed.bound] for row in rows], kind), typed.type)
        for _, typed in plan.arguments
        for kind in [physical_type(typed.type)]
    ]
    bounds = [typed.bound for _, typed in plan.arguments]
    return [dict(zip(bounds, values, strict=True)) for values in zip(*columns, strict=True)]


def _by_sql(plan: OnDemandPlan, rows: Sequence[Row]) -> list[Outcome]:
    names = {typed.bound: f"a{number}" for number, (_, typed) in enumerate(plan.arguments)}
    table = pa.table(
        {
            names[typed.bound]: pa.array(
                [row[typed.bound] for row in rows], physical_type(typed.type)
            )
            for _, typed in plan.arguments
        }
        | {"row": pa.array(range(len(rows)))}
    )
    dialect = Dialect(EngineName.DUCKDB)
    columns = {bound: sql.column(name) for bound, name in names.items()}
    renderer = Renderer(dialect, columns)
    features = [
        sql.aliased(renderer.render(typed.bound), f"f{number}")
        for number, (_, typed) in enumerate(plan.features)
    ]
    query = sql.select(sql.column("row"), *features).from_(sql.table("given"))
    with duckdb.connect() as connection:
        connection.register("given", table)
        found = sorted(connection.execute(dialect.render(query)).fetchall())
    return [tuple(map(repr, values)) for _, *values in found]


def _value(type_: ValueType, chance: random.Random) -> Any:
    if chance.random() < _NONE:
        return None
    return _there(type_, chance)


def _there(type_: ValueType, chance: random.Random) -> Any:  # noqa: C901, PLR0911 - one for each type
    """Make up a physical value."""
    is_edge = chance.random() < 0.5  # noqa: PLR2004 - as often as not
    match type_:
        case types.Bool:
            return is_edge
        case types.Int64:
            return chance.choice(_WHOLES) if is_edge else chance.randrange(-1000, 1000)
        case types.Float64:
            return chance.choice(_FLOATS) if is_edge else chance.uniform(-1000.0, 1000.0)
        case types.String:
            return chance.choice(_TEXTS)
        case types.Timestamp:
            return chance.randrange(*_INSTANTS)
        case types.Date:
            return chance.randrange(*_DAYS)
        case types.Bytes:
            return chance.randbytes(chance.randrange(4))
        case types.Decimal(precision=precision):
            return chance.randrange(-(10**precision) + 1, 10**precision)
        case types.Array(element=element):
            return tuple(_there(element, chance) for _ in range(chance.randrange(5)))
        case types.Vector(size=size):
            return tuple(chance.uniform(-1.0, 1.0) for _ in range(size))
        case types.Map(key=key, value=value):
            pairs = ((_there(key, chance), _there(value, chance)) for _ in range(3))
            return dict(sorted(pairs))
    raise TypeError(f"there are no examples of {type_}")
