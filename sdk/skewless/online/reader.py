"""The online reader: feature vectors for now, by one round trip to DynamoDB.

Addresses of all views and rows → one batch → fold by view and entity → on-demand → users' values.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from skewless.compiler.bound import Feature, Request, features_of
from skewless.compiler.interpret import compile_python
from skewless.compiler.keys import physical_key
from skewless.compiler.physical import from_physical, to_physical
from skewless.definitions.frozen import FrozenMapping
from skewless.definitions.view import FeatureView
from skewless.errors import InputError
from skewless.online.address import entity_partition, line_address
from skewless.online.answer import Answer
from skewless.online.incoming import receive
from skewless.online.lines import Lines, is_slow
from skewless.online.server_time import beyond_bound
from skewless.online.view_reader import Found, view_reader

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from skewless.compiler.plan import SelectionPlan
    from skewless.definitions.service import SelectedFeature
    from skewless.online.address import Address
    from skewless.online.answer import ViewStatus
    from skewless.online.batch_get import Record
    from skewless.online.line import LineCloser
    from skewless.online.store import OnlineStore
    from skewless.online.view_reader import Reading, ViewReader

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
            [(name, Feature(view.name, view.version, name)) for name in view.feature_types]
            for view in (plan.view for plan in selection.views)
        ]
        self._request = [(name, type_, Request(name)) for name, type_ in selection.request]
        self._on_demand = [
            (
                Feature(plan.view.name, plan.view.version, name),
                features_of(typed.bound),
                compile_python(typed.bound),
            )
            for plan in selection.on_demand
            for name, typed in plan.features
        ]
        self._outputs = [_output(item, self._readers) for item in selection.selected]
        self._selected = selection.selected
        self._types = FrozenMapping({item.output: item.type for item in selection.selected})
        self._inputs = FrozenMapping({**selection.keys, **dict(selection.request)})

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
        requests = [self._request_values(row, index) for index, row in enumerate(rows)]
        partitions = [_partitions(reader, rows) for reader in self._readers]
        found, item_bytes, read_units = self._fetch(partitions, now, is_supposed=now_us is not None)
        readings = [
            {partition: reader.read(partition, view) for partition in dict.fromkeys(mine)}
            for reader, mine, view in zip(self._readers, partitions, found, strict=True)
        ]
        answers, statuses, overflowed = [], [], []
        for index, request in enumerate(requests):
            mine = [readings[view][partitions[view][index]] for view in range(len(self._readers))]
            failed = self._failed(mine)
            answers.append(self._row(mine, request, failed))
            statuses.append(self._status(mine))
            overflowed.append(self._overflowed(failed))
        return Answer(
            tuple(self._types),
            answers,
            statuses,
            read_units,
            item_bytes,
            self._types,
            self._inputs,
            overflowed,
            sent,
        )

    def _fetch(
        self, partitions: list[list[str]], now: int, *, is_supposed: bool
    ) -> tuple[list[Found], int, float]:
        items: dict[Address, Record | None] = {}
        sizes: dict[Address, int] = {}
        read_units = 0.0
        distinct = [list(dict.fromkeys(mine)) for mine in partitions]
        pairs = list(zip(self._readers, distinct, strict=True))
        lines = self._lines.known(now, is_supposed=is_supposed)
        wanted = [
            address
            for reader, mine in pairs
            if mine
            for address in reader.first(mine, now, lines.get(reader.plan.view.source.name))
        ]
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
                    Found(items, reader.learn(items), now, lines.get(source), off)
                    for reader in self._readers
                    for source in [reader.plan.view.source.name]
                ]
            wanted = [
                address
                for (reader, mine), view in zip(pairs, found, strict=True)
                for address in reader.further(mine, view)
            ]
        found = found or [Found(items, None, now) for _ in pairs]
        return found, sum(sizes.values()), read_units

    def _request_values(self, row: Row, index: int) -> dict[Any, Any]:
        values = {}
        for name, type_, request in self._request:
            if name not in row:
                raise InputError(f"row {index} lacks the request field {name!r} ({type_})")
            with _In(index):
                values[request] = to_physical(row[name], type_, f"request {name!r}")
        return values

    def _row(
        self, readings: list[Reading], request: dict[Any, Any], failed: set[Feature]
    ) -> dict[str, Any]:
        """Return a row's values; on-demand features that failed are added to `failed`."""
        values = [reading.values for reading in readings]
        environment: dict[Any, Any] = {}
        if self._on_demand:
            environment = request
            for found, features in zip(values, self._features, strict=True):
                environment.update((feature, found[name]) for name, feature in features)
            for feature, inputs, evaluate in self._on_demand:
                if failed and not failed.isdisjoint(inputs):
                    # A null that replaces an overflowing value must not be computed with.
                    failed.add(feature)
                    environment[feature] = None
                else:
                    environment[feature] = evaluate(environment)
        row = {}
        for name, view, feature, type_ in self._outputs:
            value = environment[feature] if view is None else values[view][feature]
            row[name] = from_physical(value, type_)
        return row

    def _failed(self, readings: list[Reading]) -> set[Feature]:
        """Return the features whose value overflows."""
        return {
            Feature(reader.plan.view.name, reader.plan.view.version, name)
            for reader, reading in zip(self._readers, readings, strict=True)
            for name in reading.failed
        }

    def _overflowed(self, failed: set[Feature]) -> tuple[str, ...]:
        if not failed:
            return ()
        return tuple(
            item.output
            for item in self._selected
            if Feature(item.view.name, item.view.version, item.feature) in failed
        )

    def _status(self, readings: list[Reading]) -> dict[str, ViewStatus]:
        return {
            label: reading.status for label, reading in zip(self._labels, readings, strict=True)
        }


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


def _partitions(reader: ViewReader, rows: Sequence[Row]) -> list[str]:
    found = []
    for index, row in enumerate(rows):
        with _In(index):
            key = physical_key(reader.plan.view.entity, row)
            found.append(entity_partition(reader.plan, key))
    return found


def _output(item: SelectedFeature, readers: list[ViewReader]) -> tuple[str, int | None, Any, Any]:
    """Return an output's name, where its value is found, and its type."""
    if not isinstance(item.view, FeatureView):
        feature = Feature(item.view.name, item.view.version, item.feature)
        return item.output, None, feature, item.type
    views = [reader.plan.view for reader in readers]
    return item.output, views.index(item.view), item.feature, item.type
