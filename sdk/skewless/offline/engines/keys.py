"""Entities' keys in the log: all of them, or a sample that is the same by each engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from skewless.errors import InputError
from skewless.offline.frames.logical import feature_type, logical
from skewless.offline.query import identifiers, sql
from skewless.offline.query.events import Log, Span
from skewless.offline.query.script import Script

if TYPE_CHECKING:
    from skewless.definitions.view import FeatureView
    from skewless.offline.engines.engine import Engine, Session

_DIGEST = "skewless_digest"


def logged_keys(
    view: FeatureView, engine: Engine, *, sample: int | None = None, seed: str = ""
) -> pa.Table:
    """Return the distinct complete keys of a view's entity in its source's log.

    Args:
        view: whose entity and source.
        engine: reads the log.
        sample: how many at most, as if drawn at random; all if None.
        seed: the same seed draws the same keys, by each engine.

    Raises:
        InputError: the view is of no entity.
        QueryError: the engine failed.
    """
    keys = view.entity.keys
    if not keys:
        raise InputError(f"{view} is of no entity, and has no keys")
    with engine.session() as session:
        found = session.run(_script(view, session, sample, seed))
    if not found.num_rows:
        return pa.schema(
            [(name, feature_type(type_)) for name, type_ in keys.items()]
        ).empty_table()
    # Athena writes files in parallel, so the result lost its order.
    columns = {name: identifiers.column(name) for name in keys}
    ordered = found.sort_by([(name, "ascending") for name in (_DIGEST, *columns.values())])
    return pa.table(
        {
            name: logical(ordered[columns[name]].combine_chunks(), type_)
            for name, type_ in keys.items()
        }
    )


def _script(view: FeatureView, session: Session, sample: int | None, seed: str) -> Script:
    source, keys, ever = view.source, view.entity.keys, Span(None, None)
    relation = session.relation(source, list(keys), ever, None)
    log = Log(source, relation, session.dialect, tuple(keys), ever)
    steps = sql.Steps()
    rows = steps.add(
        "logged",
        sql.select(*(sql.aliased(log.physical(name), identifiers.column(name)) for name in keys))
        .distinct()
        .from_(log.table),
    )
    columns = [sql.column(identifiers.column(name)) for name in keys]
    digest = session.dialect.digest(list(zip(columns, keys.values(), strict=True)), seed)
    drawn = sql.select(*columns, sql.aliased(digest, _DIGEST)).from_(sql.table(rows))
    for column in columns:
        drawn = drawn.where(sql.is_not_null(column), copy=False)
    if sample is not None:
        # Break digest ties by key, so the sample is deterministic.
        order = [sql.ascending(column) for column in (sql.column(_DIGEST), *columns)]
        drawn = drawn.order_by(*order, copy=False).limit(sample, copy=False)
    return Script(steps, drawn)
