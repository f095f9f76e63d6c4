"""What the first cuts of a plan's new views take, by the size of the logs that they read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil
from typing import TYPE_CHECKING, Any

from skewless.compiler.instants import DAY
from skewless.compiler.plan import plan_view
from skewless.cost.load import LEAST_SCANNED, TODAY, event_bytes, scanned_bytes
from skewless.cost.prices import Prices
from skewless.cost.traffic import Traffic
from skewless.cost.typical import TypicalEntity
from skewless.definitions.names import versioned
from skewless.definitions.refresh import Stream
from skewless.definitions.view import FeatureView
from skewless.errors import InputError
from skewless.online.item_size import write_units
from skewless.registry.change import Action
from skewless.registry.fill import Fill, LogSize
from skewless.registry.identity import Identity
from skewless.registry.parts import parts_of
from skewless.registry.refills import filled_again, with_guards

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from skewless.compiler.plan import ViewPlan
    from skewless.definitions.source import Source
    from skewless.registry.change import Change
    from skewless.registry.plan import Plan

    Sizes = Callable[[Source], LogSize]

_MILLION, _TB = 1e6, 1e12
# So many events fill the tiles of most windows: more would change no item's size much.
_MOST_EVENTS = 2_000


def with_fills(
    plan: Plan, sizes: Sizes, now: int, traffic: Traffic | None = None, *, only_again: bool = False
) -> Plan:
    """Return the plan with what the first cut of each new view takes.

    Args:
        plan: which is not refused.
        sizes: how large a source's table is; each source is asked for once.
        now: microseconds.
        traffic: who knows how many entities there are, and what an event looks like.
        only_again: leave out views that fill nothing a second time, and do not ask for their logs.
    """
    wanted = {Identity.of(item): item for item in plan.definitions.views}
    known: dict[str, LogSize] = {}
    changes: list[Change] = []
    for change in plan.changes:
        view = wanted.get(change.identity)
        if change.action is Action.CREATE and view is not None:
            again = filled_again(change, view, plan.published.views)
            if again or not only_again:
                name = view.source.name
                size = known[name] = known[name] if name in known else sizes(view.source)
                fill = fill_of(view, size, now, traffic)
                there = parts_of(plan.published.views, view.name, view.version.major)
                beside = ", ".join(versioned(part.name, part.version) for part in there)
                changes.append(replace(change, fill=replace(fill, again=again, beside=beside)))
                continue
        changes.append(change)
    return replace(plan, changes=with_guards(changes))


def fill_of(
    view: FeatureView,
    size: LogSize,
    now: int,
    traffic: Traffic | None = None,
    prices: Prices | None = None,
) -> Fill:
    """Say what the first cut of a view takes.

    Args:
        view: one part.
        size: of its source's table.
        now: microseconds.
        traffic: who knows how many entities there are, and what an event looks like.
        prices: those of us-east-1 if None.

    Raises:
        InputError: the traffic's example of the source does not fit it.
    """
    fill = Fill(
        source=view.source.name,
        log_rows=size.rows,
        log_bytes=size.bytes,
        why_unknown=size.why_unknown,
        features=len(view.feature_types),
    )
    if size.rows is None or size.bytes is None:
        return fill
    if not size.rows:
        return replace(
            fill,
            items=0,
            is_told=True,
            item_bytes=0,
            write_units=0,
            scanned_bytes=0,
            dollars=0.0,
        )
    entities = 1 if not view.entity.keys else (traffic or _NOBODY).entities.get(view.entity.name)
    items = size.rows if not entities else min(ceil(entities), size.rows)
    first = _FirstCut(plan_view(view), size, items, now, (traffic or _NOBODY).example(view.source))
    prices = prices or Prices()
    written = first.write_units / _MILLION * prices.write_units
    scanned = first.scanned_bytes / _TB * prices.scanned
    return replace(
        fill,
        items=first.items + first.day_items,
        is_told=bool(entities),
        item_bytes=first.item_bytes,
        write_units=first.write_units,
        scanned_bytes=first.scanned_bytes,
        dollars=written + scanned,
    )


_NOBODY = Traffic({}, {})


@dataclass(frozen=True)
class _FirstCut:
    plan: ViewPlan
    size: LogSize
    items: int
    now: int
    example: Mapping[str, Any]

    @property
    def rows(self) -> int:
        return self.size.rows or 0

    @cached_property
    def span(self) -> int:
        """How long the log is. Where nobody knows, all of it may be within the windows."""
        since = self.size.since
        if since is None:
            return max(self.plan.longest_window or DAY, DAY)
        return max(self.now - since, DAY)

    @cached_property
    def typical(self) -> TypicalEntity:
        """An entity whose last event comes right before the cut."""
        gap = max(self.span * self.items // self.rows, self.span // _MOST_EVENTS, 1)
        phase = (TODAY - 1) % gap
        try:
            return TypicalEntity(self.plan, self.example, gap, phase)
        except InputError:
            # The view's condition leaves the example out: take the view without it, of all rows.
            return TypicalEntity(
                plan_view(_unconditional(self.plan.view)), self.example, gap, phase
            )

    @cached_property
    def item_bytes(self) -> int:
        (write,) = self.typical.writes_of_cuts([TODAY])
        return write.after

    @cached_property
    def day_items(self) -> int:
        """The items of the day, which the first cut of a stream writes as well."""
        if not isinstance(self.plan.view.refresh, Stream) or self.plan.view.source.table:
            return 0
        return min(ceil(self.rows * DAY / self.span), self.items)

    @cached_property
    def day_bytes(self) -> int:
        day = TODAY - DAY
        events = max(len(self.typical.moments(day, TODAY)), 1)
        return [*self.typical.writes_of_day(day, events)][-1].after

    @property
    def write_units(self) -> int:
        found = self.items * write_units(0, self.item_bytes)
        if self.day_items:
            found += self.day_items * write_units(0, self.day_bytes)
        return found

    @property
    def scanned_bytes(self) -> int:
        """Bytes of the columns that are read. Each column takes its share of the files."""
        each = scanned_bytes(self.plan, self.example)
        whole = event_bytes(self.plan.view.source, self.example)
        share = (self.size.bytes or 0) * each / whole
        found = max(ceil(share), LEAST_SCANNED)
        if self.day_items:
            found += max(ceil(share * DAY / self.span), LEAST_SCANNED)
        return found


def _unconditional(view: FeatureView) -> FeatureView:
    return FeatureView(
        view.name,
        entity=view.entity,
        source=view.source,
        features=view.aggregations or view.columns,
        refresh=view.refresh,
        ttl=view.ttl,
        version=view.version,
    )
