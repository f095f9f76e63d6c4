"""The online reader: feature vectors for now, by one round trip to DynamoDB.

Addresses of all views and rows → one batch → fold by view and entity → on-demand → users' values.
"""

from __future__ import annotations

import time
from collections import Counter
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from skewless.compiler.bound import Feature, Request, RequestTime
from skewless.compiler.keys import KeyReader
from skewless.compiler.on_demand import OnDemand
from skewless.compiler.physical import from_physical, is_converted, to_physical
from skewless.compiler.status import FAILED
from skewless.definitions.expression import to_datetime
from skewless.definitions.frozen import FrozenMapping
from skewless.definitions.names import versioned
from skewless.definitions.on_demand import OnDemandView
from skewless.errors import InputError
from skewless.online.address import WATERMARK, line_address, view_partition
from skewless.online.answer import Answer, ViewStatus
from skewless.online.incoming import receive
from skewless.online.lines import Lines, is_slow
from skewless.online.server_time import beyond_bound
from skewless.online.view_reader import Found, view_reader

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from skewless.compiler.plan import RolePlan, SelectionPlan
    from skewless.definitions.service import SelectedFeature
    from skewless.definitions.version import Version
    from skewless.definitions.view import FeatureView
    from skewless.online.address import Address
    from skewless.online.batch_get import Record
    from skewless.online.line import LineCloser
    from skewless.online.store import OnlineStore
    from skewless.online.view_reader import Reading

    Row = Mapping[str, Any]


class OnlineReader:
    """Reads the features of one selection.

    Args:
        selection: the compiled selection.
        table: the online table.
        now: tells the time in microseconds.
        closer: closes the lines of sources at what is served; None to go by the clock's bound.
        checks_clock: says whether `now` is the machine's own clock, to be compared with DynamoDB's.
    """

    def __init__(
        self,
        selection: SelectionPlan,
        table: OnlineStore,
        *,
        now: Callable[[], int],
        closer: LineCloser | None = None,
        checks_clock: Callable[[], bool] = lambda: False,
    ) -> None:
        self._selection = selection
        self._table = table
        self._now = now
        self._readers = [view_reader(plan) for plan in selection.views]
        self._lines = Lines((plan.view for plan in selection.views), closer)
        self._checks_clock = checks_clock
        self._labels = selection.labels
        self._features = [
            [(name, role.feature(name)) for name in role.read.feature_types]
            for role in selection.roles
        ]
        self._request = [(name, type_, Request(name)) for name, type_ in selection.request]
        self._on_demand = OnDemand(selection.on_demand)
        self._on_demand_labels = _on_demand_labels(selection)
        self._roles = selection.roles
        self._outputs = _outputs(selection.selected, selection.roles)
        self._converted = [
            (item.output, item.type) for item in selection.selected if is_converted(item.type)
        ]
        # A row's key is spelled once for all views that take it from the same columns.
        keys = {
            _place(role): KeyReader(role.plan.view.entity, role.columns) for role in self._roles
        }
        self._keys = list(keys.values())
        self._prefixes = [
            (f"{view_partition(role.plan)}#", list(keys).index(_place(role)))
            for role in self._roles
        ]
        plans = list(selection.views)
        self._readers_of = [plans.index(role.plan) for role in self._roles]
        self._selected = selection.selected
        self._types = FrozenMapping({item.output: item.type for item in selection.selected})
        self._names = tuple(self._types)
        self._inputs = FrozenMapping({**selection.keys, **dict(selection.request)})

    @property
    def views(self) -> list[FeatureView]:
        """The views that are read."""
        return [plan.view for plan in self._selection.views]

    def read(self, given: Any, now_us: int | None = None) -> Answer:
        """Return the features of each row.

        Args:
            given: entity keys and request fields, as dicts or in a frame.
            now_us: the instant, in microseconds, if not the clock's.

        Raises:
            InputError: a key or request field is not there or does not fit; it says in which row.
            OnlineStoreError: DynamoDB did not answer in time.
        """
        sent = receive(given, self._inputs)
        rows = sent.rows
        now = self._now() if now_us is None else now_us
        requests = self._requests(rows, now)
        partitions = self._partitions(rows)
        wanted = self._wanted(partitions)
        found, item_bytes, read_units = self._fetch(wanted, now, is_supposed=now_us is not None)
        by_view = [
            reader.read(mine, view)
            for reader, mine, view in zip(self._readers, wanted, found, strict=True)
        ]
        readings = [by_view[place] for place in self._readers_of]
        answers, statuses, overflowed, failed = [], [], [], []
        for *own, request in zip(*partitions, requests, strict=True):
            mine = [known[partition] for known, partition in zip(readings, own, strict=True)]
            over, why = self._overflowing(mine), dict[Feature, str]()
            answers.append(self._row(mine, request, over, why))
            statuses.append(self._status(mine, why, now))
            overflowed.append(self._outputs_of(over))
            failed.append(self._outputs_of(why))
        return Answer(
            self._names,
            answers,
            statuses,
            read_units,
            item_bytes,
            self._types,
            self._inputs,
            overflowed,
            sent,
            failed,
        )

    def _wanted(self, partitions: list[list[str]]) -> list[list[str]]:
        """Return the partitions to read by view, each once, in whatever roles it stands."""
        found: list[dict[str, None]] = [{} for _ in self._readers]
        for place, mine in zip(self._readers_of, partitions, strict=True):
            found[place].update(dict.fromkeys(mine))
        return list(map(list, found))

    def _fetch(
        self, partitions: list[list[str]], now: int, *, is_supposed: bool
    ) -> tuple[list[Found], int, float]:
        items: dict[Address, Record | None] = {}
        sizes: dict[Address, int] = {}
        read_units = 0.0
        pairs = list(zip(self._readers, partitions, strict=True))
        lines = self._lines.known(now, is_supposed=is_supposed)
        wanted = [
            address
            for reader, mine in pairs
            if mine
            for address in reader.first(mine, now, lines.get(reader.plan.view.source.name))
        ]
        # Items may be newer than the watermark that they are read by, and never older. A large read
        # takes longer than a cut waits before its commit, so watermarks are among the first keys.
        wanted.sort(key=lambda address: address[1] != WATERMARK)
        known = [reader.known for reader in self._readers]
        found: list[Found] = []
        asked = self._lines.to_ask(now, is_supposed=is_supposed) if wanted else []
        while wanted:
            started = time.monotonic()
            batch = self._table.batch_get([*wanted, *map(line_address, asked)])
            items.update(dict.fromkeys(wanted))
            items.update(batch.items)
            sizes.update(batch.sizes)
            read_units += batch.read_units
            if asked:
                lines |= self._lines.learn(asked, items, now, started, is_supposed=is_supposed)
                asked = []
                if is_slow(started):
                    continue
            if not found:
                checks = lines and not is_supposed and self._checks_clock()
                off = max(0, beyond_bound(batch.date, now, now)) if checks else 0
                found = [
                    Found(items, reader.learn(items, before), now, lines.get(source), off)
                    for reader, before in zip(self._readers, known, strict=True)
                    for source in [reader.plan.view.source.name]
                ]
            wanted = [
                address
                for (reader, mine), view in zip(pairs, found, strict=True)
                for address in reader.further(mine, view)
            ]
        found = found or [Found(items, None, now) for _ in pairs]
        return found, sum(sizes.values()), read_units

    def _requests(self, rows: Sequence[Row], now: int) -> list[dict[Any, Any]]:
        """Return the instant and the request fields of each row, in physical values."""
        if not self._request:
            return [{RequestTime(): now} for _ in rows]
        found = []
        for index, row in enumerate(rows):
            values: dict[Any, Any] = {RequestTime(): now}
            for name, type_, request in self._request:
                if name not in row:
                    raise InputError(f"row {index} lacks the request field {name!r} ({type_})")
                with _In(index):
                    values[request] = to_physical(row[name], type_, f"request {name!r}")
            found.append(values)
        return found

    def _partitions(self, rows: Sequence[Row]) -> list[list[str]]:
        """Return the partition of each row's entity, by role."""
        texts: list[list[str]] = []
        for keys in self._keys:
            found: list[str] = []
            try:
                for row in rows:
                    found.append(keys.text(row))  # noqa: PERF401 - the error says how many were
            except InputError as error:
                raise type(error)(f"row {len(found)}: {error}") from error
            texts.append(found)
        return [[prefix + text for text in texts[place]] for prefix, place in self._prefixes]

    def _row(
        self,
        readings: list[Reading],
        request: dict[Any, Any],
        overflowed: set[Feature],
        failed: dict[Feature, str],
    ) -> dict[str, Any]:
        """Return a row's values; on-demand features that cannot be told are added to the last two.

        Args:
            readings: of the views, by role.
            request: the row's instant and request fields; features are added.
            overflowed: the features that overflow.
            failed: why features failed.
        """
        values: list[Mapping[Any, Any]] = [reading.values for reading in readings]
        if self._on_demand:
            for found, features in zip(values, self._features, strict=True):
                request.update((feature, found[name]) for name, feature in features)
            self._on_demand.add(request, overflowed, failed)
            values.append(request)
        row: dict[str, Any] = {}
        for names, place, pick in self._outputs:
            row.update(zip(names, pick(values[place]), strict=True))
        for name, type_ in self._converted:
            row[name] = from_physical(row[name], type_)
        return row

    def _overflowing(self, readings: list[Reading]) -> set[Feature]:
        """Return the features whose value overflows."""
        return {
            role.feature(name)
            for role, reading in zip(self._roles, readings, strict=True)
            for name in reading.failed
        }

    def _outputs_of(self, features: Collection[Feature]) -> tuple[str, ...]:
        """Return the output columns that are some of the features."""
        if not features:
            return ()
        return tuple(
            item.output
            for item in self._selected
            if Feature(item.view.name, item.view.version, item.feature) in features
        )

    def _status(
        self, readings: list[Reading], failed: Mapping[Feature, str], now: int
    ) -> dict[str, ViewStatus]:
        """Return a row's statuses: of all views that are read, and of functions that failed."""
        found = {
            label: reading.status for label, reading in zip(self._labels, readings, strict=True)
        }
        for feature, why in failed.items():
            label = self._on_demand_labels[feature.view, feature.version]
            found[label] = ViewStatus(to_datetime(now), FAILED, why)
        return found


class _In:
    """Names the row in an InputError that is raised inside."""

    __slots__ = ("_index",)

    def __init__(self, index: int) -> None:
        self._index = index

    def __enter__(self) -> None:
        pass

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, InputError):
            raise type(error)(f"row {self._index}: {error}") from error


def _place(role: RolePlan) -> tuple[str, ...]:
    """Return by what a row's key for a role is known: the entity, and the columns."""
    return (role.plan.view.entity.name, *role.columns.values())


def _on_demand_labels(selection: SelectionPlan) -> dict[tuple[str, Version], str]:
    """Return what on-demand views are called in a status: the name if it is of one view only."""
    views = [plan.view for plan in selection.on_demand]
    taken = Counter([*selection.labels, *(view.name for view in views)])
    return {
        (view.name, view.version): view.name
        if taken[view.name] == 1
        else versioned(view.name, view.version)
        for view in views
    }


def _outputs(
    selected: Sequence[SelectedFeature], roles: Sequence[RolePlan]
) -> list[tuple[tuple[str, ...], int, Callable[[Mapping[Any, Any]], Sequence[Any]]]]:
    """Return outputs in order, as runs of one role: their names, which role, and what picks them.

    What on-demand views make comes after the roles.
    """
    views = [role.read for role in roles]

    def place(item: SelectedFeature) -> int:
        return len(views) if isinstance(item.view, OnDemandView) else views.index(item.view)

    found = []
    for at, run in groupby(selected, key=place):
        items = list(run)
        wanted: list[Any] = [
            Feature(item.view.name, item.view.version, item.feature)
            if at == len(views)
            else item.feature
            for item in items
        ]
        pick: Any = itemgetter(*wanted) if len(wanted) > 1 else _alone(wanted[0])
        found.append((tuple(item.output for item in items), at, pick))
    return found


def _alone(wanted: Any) -> Callable[[Mapping[Any, Any]], Sequence[Any]]:
    return lambda values: (values[wanted],)
