"""Online items in memory, and readers over them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skewless import Every, FeatureService, agg
from skewless.compiler.plan import plan_selection, plan_view
from skewless.online.address import entity_partition, stream_sort, view_partition
from skewless.online.attribute import NEVER, size_of
from skewless.online.batch_get import BatchRead, to_record
from skewless.online.reader import OnlineReader
from tests.online.builders import DAY, TODAY, a_view, an_event, encoded

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from skewless.definitions.view import FeatureView
    from skewless.online.address import Address
    from skewless.online.answer import Answer

COUNTS = {"n": agg.count(window="30d", hop="1h"), "seats_sum": agg.sum("seats", window="30d")}
STREAMED = a_view(features=COUNTS)
NIGHTLY = a_view(features=COUNTS, refresh=Every("1d", delay="2h"))
UA = [{"carrier": "UA"}]


class FakeTable:
    """Online items in memory that remembers what it was asked for."""

    def __init__(self) -> None:
        self.items: dict[Address, dict[str, Any]] = {}
        self.asked: list[list[Address]] = []

    def batch_get(self, addresses: Iterable[Address]) -> BatchRead:
        wanted = list(addresses)
        self.asked.append(wanted)
        there = {address: self.items[address] for address in wanted if address in self.items}
        found = {address: to_record(address, item) for address, item in there.items()}
        sizes = {address: size_of(item) for address, item in there.items()}
        return BatchRead(found, sizes, 0.5 * len(wanted))

    def mark(self, view: FeatureView, cut: int, previous: int | None = None) -> None:
        address = (view_partition(plan_view(view)), "W")
        before = NEVER if previous is None else previous
        self.items[address] = {"cut": cut, "previous": before, "started": cut}

    def put(self, view: FeatureView, cut: int, rows: int, **previous: int) -> None:
        """Write B with so many events, and the state before: rows_before at cut_before."""
        plan = plan_view(view)
        item: dict[str, Any] = {"c": self.state(view, rows), "g": cut}
        if previous:
            item |= {"p": self.state(view, previous["rows_before"]), "pg": previous["cut_before"]}
        self.items[entity_partition(plan, ("UA",)), "B"] = item

    def stream(self, view: FeatureView, rows: int, ingest_time: int) -> None:
        address = (entity_partition(plan_view(view), ("UA",)), stream_sort(ingest_time))
        self.items[address] = {"d": self.state(view, rows), "i": ingest_time}

    @staticmethod
    def state(view: FeatureView, rows: int) -> bytes:
        plan = plan_view(view)
        return encoded(plan, *(an_event(TODAY - 10 * DAY + n, seats=1) for n in range(rows)))


def a_reader(fake: Any, *views: Any, now: int = TODAY) -> OnlineReader:
    plan = plan_selection(FeatureService("s", features=list(views)))
    return OnlineReader(plan, fake, now=lambda: now)


def the_count(answer: Answer) -> tuple[Any, str, datetime]:
    (row,) = answer.rows
    (status,) = answer.status[0].values()
    return row["n"], status.status, status.as_of
