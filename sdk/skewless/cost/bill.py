"""The bill: units, bytes and dollars of a month, by view, service and source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from skewless.cost.load import ViewLoad, event_bytes, line_read_units
from skewless.cost.prices import Prices
from skewless.errors import InputError
from skewless.registry.identity import Identity
from skewless.registry.published import Published
from skewless.registry.selection import planned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skewless.compiler.plan import SelectionPlan
    from skewless.cost.traffic import Traffic
    from skewless.definitions.collection import Definitions

DAYS = 30
_GB, _TB, _MILLION = 1e9, 1e12, 1e6
# In the source's line: a producer enters and leaves, and compares its clock before.
_INGEST_WRITES, _INGEST_READS = 2, 1


@dataclass(frozen=True, slots=True)
class Item:
    """A line of the bill.

    Attributes:
        what: what is used.
        by: the view, service or source, with its version.
        quantity: how much a month.
        unit: of what.
        dollars: what it costs.
    """

    what: str
    by: str
    quantity: float
    unit: str
    dollars: float


@dataclass(frozen=True, slots=True)
class Bill:
    """A month of 30 average days, once there is as much history as windows look back.

    Attributes:
        items: what is paid for.
        item_bytes: by view, the bytes of an entity's online item.
        row_read_units: by what is read, the read units of one row.
    """

    items: tuple[Item, ...]
    item_bytes: dict[str, float]
    row_read_units: dict[str, float]

    @property
    def dollars(self) -> float:
        """The sum."""
        return sum(item.dollars for item in self.items)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "dollars_a_month": self.dollars,
            "items": [
                {
                    "what": item.what,
                    "by": item.by,
                    "quantity": item.quantity,
                    "unit": item.unit,
                    "dollars": item.dollars,
                }
                for item in self.items
            ],
            "item_bytes": self.item_bytes,
            "read_units_a_row": self.row_read_units,
        }


def predict(published: Published, traffic: Traffic, prices: Prices | None = None) -> Bill:
    """Predict what a month costs.

    Args:
        published: the definitions.
        traffic: an average day.
        prices: those of us-east-1 if None.

    Returns:
        DynamoDB's units and storage, the log's storage, and what Athena scans for cuts. Lambda,
        Step Functions, requests to S3, logs, metrics and training sets come on top.

    Raises:
        InputError: the traffic names what is not published, or leaves out what is.
        UnknownNameError: nothing has the name of what is predicted.
    """
    _check_names(published, traffic)
    prices = prices or Prices()
    loads = {
        plan.fingerprint: ViewLoad.of(plan, traffic)
        for plan in map(published.plan, published.definitions.views)
    }
    forecast = _Forecast(published, traffic, prices, loads)
    reads = {name: forecast.units_of_row(name) for name in traffic.predictions}
    return Bill(
        tuple(forecast.items()),
        {load.plan.name: load.item_bytes for load in loads.values()},
        reads,
    )


def predict_change(
    published: Published, wanted: Definitions, traffic: Traffic, prices: Prices | None = None
) -> tuple[Bill, Bill]:
    """Predict a month of what is published, and of it with these definitions added.

    Args:
        published: before.
        wanted: what is to be published; nothing is removed.
        traffic: an average day afterwards. What is not published yet has none before.
        prices: those of us-east-1 if None.

    Raises:
        InputError, UnknownNameError: as `predict` does.
    """
    named = {Identity.of(item): item for item in (*published.definitions, *wanted)}
    after = Published.of(named.values(), published.marks)
    return (
        predict(published, traffic.within(published), prices),
        predict(after, traffic, prices),
    )


@dataclass(frozen=True, slots=True)
class _Forecast:
    published: Published
    traffic: Traffic
    prices: Prices
    loads: dict[str, ViewLoad]

    def items(self) -> Iterator[Item]:
        live = {plan.fingerprint for plan in map(self.published.plan, self.published.live_views)}
        for fingerprint, load in self.loads.items():
            if fingerprint in live:
                yield from self._of_view(load)
        for source in self.published.definitions.sources:
            if source.table is None and self.traffic.events.get(source.name):
                yield from self._of_source(source.name)
        for name, rows in self.traffic.predictions.items():
            yield self._reads("rows read", name, rows * self.units_of_row(name))
            yield self._reads("watermarks and lines read", name, self._units_of_readers(name, rows))

    def units_of_row(self, features: str) -> float:
        """Return the read units of one row."""
        plan = self._planned(features)
        # A row may name an entity for each role of a view.
        return sum(self.loads[role.plan.fingerprint].row_read_units for role in plan.roles)

    def _of_view(self, load: ViewLoad) -> Iterator[Item]:
        name, prices = load.plan.name, self.prices
        yield self._writes("entities written by cuts", name, load.cut_write_units)
        if load.is_stream:
            yield self._writes("day items written", name, load.applying_write_units)
            yield self._reads("day items read before writes", name, load.applying_read_units)
        stored = load.stored_bytes / _GB
        yield Item("online items", name, stored, "GB", stored * prices.online_storage)
        scanned = DAYS * load.scanned_bytes / _TB
        yield Item("scanned for cuts", name, scanned, "TB", scanned * prices.scanned)

    def _of_source(self, name: str) -> Iterator[Item]:
        traffic = self.traffic
        calls = traffic.events[name] / traffic.events_per_ingest
        yield self._writes("line written by ingests", name, calls * _INGEST_WRITES)
        yield self._reads("line read by ingests", name, calls * _INGEST_READS)
        source = self.published.source(name)
        each = event_bytes(source, traffic.example(source))
        stored = DAYS * traffic.events[name] * each / _GB
        yield Item("log, of a month", name, stored, "GB", stored * self.prices.log_storage)

    def _units_of_readers(self, features: str, rows: float) -> float:
        readers = self.traffic.readers
        loads = [self.loads[view.fingerprint] for view in self._planned(features).views]
        sources = {load.plan.view.source.name for load in loads if load.is_stream}
        of_cuts = sum(load.reader_read_units(rows / readers) for load in loads)
        return readers * (of_cuts + len(sources) * line_read_units(rows / readers))

    def _planned(self, features: str) -> SelectionPlan:
        return planned(self.published, features)

    def _reads(self, what: str, by: str, daily: float) -> Item:
        units = DAYS * daily
        return Item(what, by, units, "read units", units / _MILLION * self.prices.read_units)

    def _writes(self, what: str, by: str, daily: float) -> Item:
        units = DAYS * daily
        return Item(what, by, units, "write units", units / _MILLION * self.prices.write_units)


def _check_names(published: Published, traffic: Traffic) -> None:
    known = {
        "entity": ({item.name for item in published.definitions.entities}, traffic.entities),
        "source": (
            {item.name for item in published.definitions.sources},
            {**traffic.events, **traffic.examples},
        ),
    }
    for kind, (names, given) in known.items():
        for name in given:
            if name not in names:
                there = ", ".join(sorted(names)) or "none"
                raise InputError(f"the traffic names the {kind} {name!r}; there are: {there}")
