"""Labels of no frame: the keys that the features' own sources have seen, at regular instants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
from sqlglot import exp

from skewless.definitions import types
from skewless.definitions.clock import as_microseconds
from skewless.definitions.duration import Duration
from skewless.definitions.expression import to_datetime
from skewless.errors import InputError
from skewless.offline.frames.logical import feature_type, logical
from skewless.offline.query import identifiers, sql
from skewless.offline.query.events import HAPPENED, KNOWN, Log, Span
from skewless.offline.query.mode import Mode
from skewless.offline.query.script import Script

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skewless.compiler.plan import SelectionPlan
    from skewless.definitions.source import Source
    from skewless.definitions.types import ValueType
    from skewless.offline.engines.engine import Engine, Session

pc: Any = pyarrow.compute
_FIRST = "skewless_first"


@dataclass(frozen=True, slots=True)
class Instants:
    """Regular instants in microseconds: the first, one every so often, all before the end."""

    start: int
    end: int
    every: int

    @classmethod
    def of(cls, frame: Any, start: Any, end: Any, every: Any) -> Instants | None:
        """Return the instants that were asked for; None if there is a frame of labels.

        Raises:
            InputError: a frame and instants, or neither; or the instants are none.
        """
        given = {"start": start, "end": end, "every": every}
        if frame is not None:
            if extra := [f"{name}=" for name, value in given.items() if value is not None]:
                raise InputError(
                    f"{', '.join(extra)} goes without a frame of labels; the labels' own instants "
                    "stand in their column. Give None for the frame, or leave it out"
                )
            return None
        if missing := [f"{name}=" for name, value in given.items() if value is None]:
            raise InputError(
                f"there is no frame of labels, and {', '.join(missing)} is missing: give labels, "
                "or start=, end= and every= for the views' own keys at instants"
            )
        try:
            step = Duration.parse(every).microseconds
        except ValueError as error:
            raise InputError(f"every: {error}") from error
        found = cls(as_microseconds(start, "start"), as_microseconds(end, "end"), step)
        if not step:
            raise InputError(f"every is {every!r}; the instants would never end")
        if found.start >= found.end:
            raise InputError(f"start {start} is not before end {end}: there is no instant")
        return found

    def document(self) -> dict[str, str]:
        """Return it as a manifest has it; `of` reads it again."""
        return {
            "start": to_datetime(self.start).isoformat(),
            "end": to_datetime(self.end).isoformat(),
            "every": str(Duration(self.every)),
        }

    @property
    def all(self) -> range:
        """The instants."""
        return range(self.start, self.end, self.every)


def own_labels(
    plan: SelectionPlan,
    engine: Engine,
    instants: Instants,
    mode: Mode,
    timestamp: str,
    snapshots: Mapping[str, int | None],
) -> pa.Table:
    """Return labels: at each instant the keys that were seen before it, in their order.

    A key is seen when the first event that has it became known, or happened in event_time mode.

    Raises:
        InputError: features need more than keys, or no source has all keys, or none was seen.
    """
    keys = plan.keys
    _check(plan, mode, timestamp)
    moments = np.array(instants.all, np.int64)
    if not keys:
        return pa.table({timestamp: logical(pa.array(moments), types.Timestamp)})
    seen = _seen(plan, engine, mode, Span(None, int(moments[-1])), snapshots)
    first = seen[_FIRST].to_numpy()
    rows = [np.flatnonzero(first < moment) for moment in moments]
    taken = pa.array(np.concatenate(rows))
    if not len(taken):
        last = to_datetime(int(moments[-1])).isoformat()
        names = ", ".join(map(repr, keys))
        raise InputError(f"no key ({names}) was seen before {last}, the last instant")
    columns = {
        name: logical(seen[name].combine_chunks(), type_).take(taken)
        for name, type_ in keys.items()
    }
    at = pa.array(np.repeat(moments, [len(some) for some in rows]))
    return pa.table({**columns, timestamp: logical(at, types.Timestamp)})


def _check(plan: SelectionPlan, mode: Mode, timestamp: str) -> None:
    if plan.request:
        names = ", ".join(repr(name) for name, _ in plan.request)
        raise InputError(
            f"the features need request fields ({names}), which no log has: give a frame of labels "
            "with these columns, or leave the on-demand features out"
        )
    if mode is Mode.REPLAY:
        raise InputError("mode='replay' needs a frame of labels, which has the watermarks")
    if timestamp in plan.keys:
        raise InputError(f"timestamp={timestamp!r} is a key of the features; name another column")


def _seen(
    plan: SelectionPlan,
    engine: Engine,
    mode: Mode,
    span: Span,
    snapshots: Mapping[str, int | None],
) -> pa.Table:
    """Return the distinct keys, physical and sorted, with the instant of each one's first event."""
    keys = plan.keys
    sources = _with_all_keys(plan, keys)
    reach = Span(None, None) if mode is Mode.EVENT_TIME else span
    found = []
    with engine.session() as session:
        for source in sources:
            script = _script(source, keys, session, mode, reach, snapshots.get(source.name))
            found.append(_typed(session.run(script), keys))
    names = list(keys)
    grouped = pa.concat_tables(found).group_by(names).aggregate([(_FIRST, "min")])
    return grouped.rename_columns([*names, _FIRST]).sort_by([(name, "ascending") for name in names])


def _with_all_keys(plan: SelectionPlan, keys: Mapping[str, ValueType]) -> list[Source]:
    """Return the sources whose rows tell which keys go together."""
    sources = list(dict.fromkeys(item.view.source for item in plan.views))
    found = [
        source
        for source in sources
        if all(source.columns.get(name) == type_ for name, type_ in keys.items())
    ]
    if not found:
        read = ", ".join(repr(source.name) for source in sources)
        raise InputError(
            f"the features need the keys {', '.join(map(repr, keys))} in one row, and none of "
            f"their sources ({read}) has all of them, to tell which go together: give a frame of "
            "labels, or ask for the features of one entity"
        )
    return found


def _script(
    source: Source,
    keys: Mapping[str, ValueType],
    session: Session,
    mode: Mode,
    span: Span,
    snapshot: int | None,
) -> Script:
    relation = session.relation(source, list(keys), span, snapshot)
    log = Log(source, relation, session.dialect, tuple(keys), span)
    steps = sql.Steps()
    rows = steps.add("logged", log.rows())
    columns = [sql.column(identifiers.column(name)) for name in keys]
    first = sql.column(HAPPENED if mode is Mode.EVENT_TIME else KNOWN)
    least = sql.aliased(sql.aggregate(exp.Min, first), _FIRST)
    final = sql.select(*columns, least).from_(sql.table(rows))
    for column in (*columns, first):
        final = final.where(sql.is_not_null(column.copy()), copy=False)
    return Script(steps, final.group_by(*(column.copy() for column in columns)))


def _typed(found: pa.Table, keys: Mapping[str, ValueType]) -> pa.Table:
    """Return an engine's rows under the users' names, in types that do not differ by engine."""
    columns = {
        name: pc.cast(found[identifiers.column(name)], _physical_type(type_))
        for name, type_ in keys.items()
    }
    return pa.table({**columns, _FIRST: pc.cast(found[_FIRST], pa.int64())})


def _physical_type(type_: ValueType) -> pa.DataType:
    return pa.int64() if type_ in (types.Timestamp, types.Date) else feature_type(type_)
