"""Verification: the same rows by history and by serving, compared as bits.

Each served value says as of which T it is. If a stream is ahead of the instant asked for, both
sides use its T. Rows whose due cut is not there are counted as stale, not as equal.
"""

from __future__ import annotations

import decimal
import random
import struct
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Protocol

from skewless.compiler import instants as cuts
from skewless.compiler.keys import encode_key, physical_key
from skewless.compiler.plan import plan_selection
from skewless.compiler.status import FAILED, STALE
from skewless.definitions import types
from skewless.definitions.dates import to_date, to_days
from skewless.definitions.expression import to_datetime, to_microseconds
from skewless.definitions.names import versioned
from skewless.definitions.service import FeatureService
from skewless.definitions.types import is_whole
from skewless.errors import InputError, ParityError, shown
from skewless.online.incoming import receive
from skewless.registry.selection import planned, resolve

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from skewless.compiler.plan import RolePlan, SelectionPlan
    from skewless.definitions.entity import Entity
    from skewless.definitions.types import ValueType
    from skewless.definitions.view import FeatureView
    from skewless.offline.training.training_set import TrainingSet
    from skewless.online.answer import Answer, ViewStatus
    from skewless.registry.published import Published

    Row = Mapping[str, Any]

_INSTANT = "skewless_instant"
_MOST_SHOWN = 5
_MOST_FAILURES = 100  # named in a report
_SEED = "7"  # samples are the same from run to run on the same log


class HistoryStore(Protocol):
    """A store's definitions and history."""

    @property
    def published(self) -> Published:
        """The published definitions."""
        ...

    def logged_keys(
        self, view: FeatureView, /, *, sample: int | None, seed: str, engine: str | None
    ) -> pa.Table:
        """Return keys of a view's entity in the log."""
        ...

    def get_historical_features(
        self,
        entity_df: Any,
        features: object,
        /,
        *,
        timestamp: str,
        engine: str | None,
        errors: str,
    ) -> TrainingSet:
        """Join labels with their features, as serving would have given them."""
        ...


class Store(HistoryStore, Protocol):
    """What verification needs of a store: its definitions, history and serving."""

    def get_online_features(
        self, features: object, entity_rows: Sequence[Row], /, *, now: datetime
    ) -> Answer:
        """Read feature vectors."""
        ...


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that came out differently."""

    feature: str
    row: Row
    as_of: datetime
    history: Any
    served: Any

    def __str__(self) -> str:
        return (
            f"{self.feature!r} of {dict(self.row)} as of {self.as_of.isoformat()}: "
            f"history {self.history!r}, served {self.served!r}"
        )


@dataclass(frozen=True, slots=True)
class Failure:
    """A row of which a view is served as failed."""

    view: str
    row: Row
    reason: str | None


@dataclass(frozen=True, slots=True)
class FeatureParity:
    """How one feature compared."""

    feature: str
    view: str
    compared: int
    equal: int
    different: int


@dataclass(frozen=True, slots=True)
class Report:
    """What verification found.

    Attributes:
        features: by output column.
        differences: the values that differ.
        stale: rows that could not be compared, since a due cut was not there.
        read_units: DynamoDB's capacity for the served side.
        failed: rows of which a view is served as failed; their other values are compared.
        failures: the first of them.
    """

    features: tuple[FeatureParity, ...]
    differences: tuple[Difference, ...]
    rows: int
    stale: int
    read_units: float
    failed: int = 0
    failures: tuple[Failure, ...] = ()

    @property
    def compared(self) -> int:
        """How many values were compared."""
        return sum(item.compared for item in self.features)

    @property
    def is_equal(self) -> bool:
        """Whether something was compared, and nothing differs."""
        return self.compared > 0 and not self.differences

    def __str__(self) -> str:
        """Return what was found, and the first differences."""
        first = self.differences[:_MOST_SHOWN]
        rest = len(self.differences) - len(first)
        more = [f"  and {rest:,} more in report.differences"] if rest else []
        return "\n".join([repr(self), *(f"  {item}" for item in first), *more])

    def __repr__(self) -> str:
        found = f"{len(self.differences):,} differ" if self.differences else "all equal"
        stale = f", {self.stale:,} rows stale and not compared" if self.stale else ""
        values = f"{self.compared:,} values of {self.rows:,} rows compared"
        failed = f", {self.failed:,} rows with failed views" if self.failed else ""
        return f"Report({values}{f': {found}' if self.compared else ''}{stale}{failed})"

    def raise_if_different(self) -> None:
        """Raise what differs.

        Raises:
            ParityError: a value differs, or none could be compared.
        """
        if self.differences:
            raise ParityError(
                f"{len(self.differences)} of {self.compared} values differ; the first is "
                f"{self.differences[0]}"
            )
        if not self.compared:
            raise ParityError(
                f"nothing could be compared: of {self.rows} rows {self.stale} were stale, and "
                f"{self.failed} have failed views; materialize first"
            )

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain data."""
        return {
            "compared": self.compared,
            "equal": sum(item.equal for item in self.features),
            "different": len(self.differences),
            "rows": self.rows,
            "stale": self.stale,
            "failed": self.failed,
            "failures": [asdict(item) for item in self.failures],
            "read_units": self.read_units,
            "features": [asdict(item) for item in self.features],
            "differences": [asdict(item) for item in self.differences],
        }


def verify(
    store: Store,
    features: object,
    entity_rows: Any,
    sample: int,
    moments: Sequence[datetime],
    engine: str | None,
) -> Report:
    """Compare given rows, or drawn ones; see `FeatureStore.verify`."""
    if not is_whole(sample) or sample < 1:
        raise InputError(f"sample is {shown(sample)}; it is a whole number from 1")
    plan = planned(store.published, features)
    if entity_rows is None:
        rows: Sequence[Row] = draw_rows(store, plan, sample, engine=engine)
    else:
        rows = receive(entity_rows, {**plan.keys, **dict(plan.request)}).rows
    if not rows:
        raise InputError(
            "there is nothing to compare: the log is empty. Load events, or give entity_rows"
        )
    return compare(store, features, rows, moments, engine)


def compare(
    store: Store,
    features: object,
    rows: Sequence[Row],
    moments: Sequence[datetime],
    engine: str | None = None,
) -> Report:
    """Compare the features of rows by history and by serving, at each of the moments."""
    found = resolve(store.published, features)
    plan = plan_selection(found, planned=store.published.plan)
    chosen: Any = found
    if not isinstance(found, FeatureService):
        chosen = [view[name] for view, name in found]
    tallies = {item.output: [0, 0] for item in plan.selected}
    differences: list[Difference] = []
    failed: list[list[Failure]] = []
    stale, units = 0, 0.0
    for moment in moments:
        answer, instant = _served(store, chosen, rows, moment)
        units += answer.read_units
        kept = [index for index in range(len(rows)) if _is_at(plan, answer.status[index], instant)]
        stale += len(rows) - len(kept)
        if not kept:
            continue
        failed += [_failures(rows[index], answer.status[index]) for index in kept]
        at = {_INSTANT: to_datetime(instant)}
        labels = [{**_labelled(rows[index], plan), **at} for index in kept]
        history = store.get_historical_features(
            labels, chosen, timestamp=_INSTANT, engine=engine, errors="null"
        ).table
        for item in plan.selected:
            expected = history[item.output].to_pylist()
            for index, value in zip(kept, expected, strict=True):
                if item.output in answer.overflowed[index]:
                    continue  # served as failed; history may have it
                served = answer.rows[index][item.output]
                is_equal = bits(value) == bits(served)
                tallies[item.output][not is_equal] += 1
                if not is_equal:
                    differences.append(
                        Difference(item.output, rows[index], at[_INSTANT], value, served)
                    )
    parities = tuple(
        FeatureParity(
            item.output,
            versioned(item.view.name, item.view.version),
            equal + different,
            equal,
            different,
        )
        for item in plan.selected
        for equal, different in [tallies[item.output]]
    )
    return Report(
        parities,
        tuple(differences),
        len(rows) * len(moments),
        stale,
        units,
        sum(map(bool, failed)),
        tuple(failure for some in failed for failure in some)[:_MOST_FAILURES],
    )


def bits(value: Any) -> Any:
    """Return a key that is equal exactly if two values are the same bits of the same type."""
    match value:
        case float():
            return struct.pack("<d", value)
        case bool() | int() | str() | bytes() | None:
            return type(value).__name__, value
        case decimal.Decimal():
            return value.as_tuple()
        case datetime():
            return "instant", to_microseconds(value, "a value")
        case date():
            return "date", to_days(value)
        case dict():
            return tuple((bits(key), bits(item)) for key, item in value.items())
        case _:
            return tuple(bits(item) for item in value)


def draw_rows(
    store: Store,
    plan: SelectionPlan,
    sample: int,
    *,
    seed: str = _SEED,
    engine: str | None = None,
) -> list[Row]:
    """Draw keys from the log, one key that it does not hold, and values for request fields.

    No rows if the log is empty.
    """
    chance = random.Random(seed)  # noqa: S311 - a sample, not a secret
    views: dict[str, FeatureView] = {}
    for item in plan.views:
        views.setdefault(item.view.entity.name, item.view)
    keys: dict[str, list[dict[str, Any]]] = {
        name: [{}]
        if not view.entity.keys
        else [
            key
            for key in store.logged_keys(view, sample=sample, seed=seed, engine=engine).to_pylist()
            if _has_an_address(view.entity, key)
        ]
        for name, view in views.items()
    }
    if not any(keys.values()):
        return []
    # A row holds a key for each role of an entity: the next one of the log in each.
    places: dict[tuple[str, ...], RolePlan] = {}
    for role in plan.roles:
        places.setdefault((role.plan.view.entity.name, *role.columns.values()), role)
    rows: list[Row] = []
    for number in range(sample):
        row: dict[str, Any] = {}
        taken: Counter[str] = Counter()
        for (name, *_), role in places.items():
            found = keys[name]
            kinds = role.plan.view.entity.keys
            at, unknown = number + taken[name], {k: _value(t, chance) for k, t in kinds.items()}
            taken[name] += 1
            key = found[at % len(found)] if found and number else unknown
            row.update({role.columns[own]: value for own, value in key.items()})
        row.update({name: _value(type_, chance) for name, type_ in plan.request})
        rows.append(row)
    return rows


def _served(store: Store, chosen: Any, rows: Sequence[Row], moment: datetime) -> tuple[Answer, int]:
    """Serve all rows at one T: a stream may be ahead of the instant that was asked for."""
    instant = to_microseconds(moment, "instants")
    answer = store.get_online_features(chosen, rows, now=moment)
    served = [found.as_of for status in answer.status for found in status.values()]
    ahead = max((to_microseconds(item, "as_of") for item in served), default=instant)
    if ahead <= instant:
        return answer, instant
    return store.get_online_features(chosen, rows, now=to_datetime(ahead)), ahead


def _is_at(plan: SelectionPlan, status: Mapping[str, ViewStatus], instant: int) -> bool:
    for role, label in zip(plan.roles, plan.labels, strict=True):
        found = status[label]
        expected = cuts.as_of(role.plan.view.refresh, instant)
        if found.status == STALE or to_microseconds(found.as_of, "as_of") != expected:
            return False
    return True


def _failures(row: Row, status: Mapping[str, ViewStatus]) -> list[Failure]:
    """Return the views of a row that are served as failed, and why."""
    return [
        Failure(view, row, found.reason) for view, found in status.items() if found.status == FAILED
    ]


def _has_an_address(entity: Entity, key: Row) -> bool:
    """Say whether a key can be read online: one that is too long cannot."""
    try:
        encode_key(physical_key(entity, key), tuple(entity.keys.values()))
    except InputError:
        return False
    return True


def _labelled(row: Row, plan: SelectionPlan) -> dict[str, Any]:
    wanted = (*plan.keys, *dict(plan.request))
    return {name: row[name] for name in wanted}


def _value(type_: ValueType, chance: random.Random) -> Any:
    """Make up a value for a request field, or a key that is in no log."""
    match type_:
        case types.Bool:
            return chance.random() < 0.5  # noqa: PLR2004 - a fair coin
        case types.Int64:
            return chance.randrange(-(2**40), 2**40)
        case types.Float64:
            return chance.uniform(-1e6, 1e6)
        case types.Decimal(precision=precision, scale=scale):
            return decimal.Decimal(chance.randrange(10**precision)).scaleb(-scale)
        case types.Timestamp:
            return to_datetime(chance.randrange(2**50))
        case types.Date:
            return to_date(chance.randrange(2**15))
        case types.Bytes:
            return chance.randbytes(8)
        case _:
            return f"unknown-{chance.randrange(2**32):x}"
