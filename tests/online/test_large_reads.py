"""A read of many entities is no snapshot: a cut may be committed while it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from skewless import Every, agg
from skewless.compiler.plan import plan_view
from skewless.definitions.collection import Definitions
from skewless.definitions.expression import to_datetime
from skewless.online.address import BATCH, WATERMARK, entity_partition, view_partition
from skewless.online.batch_get import MAX_KEYS, BatchRead
from skewless.online.codec import encode
from skewless.online.reader import OnlineReader
from skewless.online.record import BatchItem, Watermark
from skewless.online.state import add_events, empty_state
from skewless.registry.published import Published
from skewless.registry.selection import planned
from tests.online.builders import HOUR, MINUTE, TODAY, a_view

if TYPE_CHECKING:
    from collections.abc import Iterable

    from skewless.online.address import Address
    from skewless.online.store import OnlineStore

VIEW = a_view(features={"n": agg.count(window="1h")}, refresh=Every("1h"))
PLAN = plan_view(VIEW)
BEFORE, CUT = TODAY - HOUR, TODAY
ENTITIES = [f"{number}" for number in range(MAX_KEYS + 50)]


class CutInBetween:
    """A table whose first event of each entity is cut after the first 100 keys were read."""

    def __init__(self) -> None:
        event = {"carrier": "AA", "at": CUT - MINUTE}
        state = encode(PLAN, add_events(PLAN, empty_state(PLAN), [event]))
        watermark = (view_partition(PLAN), WATERMARK)
        self._before: dict[Address, Any] = {watermark: Watermark(BEFORE, None, CUT)}
        self._after: dict[Address, Any] = {
            (entity_partition(PLAN, (name,)), BATCH): BatchItem(state, CUT, b"", BEFORE)
            for name in ENTITIES
        }
        self._after[watermark] = Watermark(CUT, BEFORE, CUT)

    def commit(self) -> None:
        self._before = self._after

    def batch_get(self, addresses: Iterable[Address]) -> BatchRead:
        items = {}
        for number, address in enumerate(addresses):
            there = self._before if number < MAX_KEYS else self._after
            if address in there:
                items[address] = there[address]
        return BatchRead(items, {}, 1.0)


def test_all_entities_are_as_of_the_watermark_however_long_the_read_takes() -> None:
    published = Published(Definitions.collect([VIEW]))
    table = cast("OnlineStore", CutInBetween())
    reader = OnlineReader(planned(published, "delays"), table, now=lambda: CUT + MINUTE)
    answer = reader.read([{"carrier": name} for name in ENTITIES])
    assert {status["delays"].as_of for status in answer.status} == {to_datetime(BEFORE)}
    assert answer.to_dict() == {"n": [0] * len(ENTITIES)}


def test_a_cut_that_another_thread_learns_of_is_not_that_of_items_read_before() -> None:
    published = Published(Definitions.collect([VIEW]))
    table = CutInBetween()

    class Slow:
        """Answers with what was there before; meanwhile another thread reads what comes after."""

        def batch_get(self, addresses: Iterable[Address]) -> BatchRead:
            found = table.batch_get(list(addresses)[:1])
            table.commit()
            reader._table = cast("OnlineStore", table)
            assert reader.read([{"carrier": "0"}]).to_dict() == {"n": [1]}
            return found

    reader = OnlineReader(
        planned(published, "delays"), cast("OnlineStore", Slow()), now=lambda: CUT + MINUTE
    )
    answer = reader.read([{"carrier": "0"}])
    assert answer.status[0]["delays"].as_of == to_datetime(BEFORE)
    assert answer.to_dict() == {"n": [0]}
    assert reader.read([{"carrier": "0"}]).to_dict() == {"n": [1]}
