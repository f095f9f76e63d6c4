from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewless import agg, col
from skewless.compiler.plan import plan_view
from skewless.errors import OnlineStoreError
from skewless.online import call
from skewless.online.address import entity_partition
from skewless.online.codec import decode, encode
from skewless.online.fold import Folder
from skewless.online.record import StreamItem
from skewless.online.state import add_events, empty_state
from skewless.online.stream import LoggedEvent, apply_events, rebuild_day
from tests.online.builders import (
    DAY,
    HOUR,
    MINUTE,
    TODAY,
    a_latest_view,
    a_source,
    a_view,
    an_event,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from skewless.compiler.plan import ViewPlan
    from skewless.online.stream import StreamEvent
    from skewless.online.table import OnlineTable

PLAN = plan_view(a_view())
WITH_IDS = plan_view(a_view(source=a_source(event_id="id"), where=~col("is_deleted")))


class FakeTable:
    """Stream items in memory, at the reader's and writer's own seam."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, int], StreamItem] = {}
        self.before_put: Callable[[], Any] | None = None

    def get_stream(self, key: str, day: int) -> StreamItem | None:
        return self.items.get((key, day // DAY))

    def put_stream(self, key: str, day: int, item: StreamItem) -> float | None:
        if self.before_put is not None:
            step, self.before_put = self.before_put, None
            step()
        there = self.items.get((key, day // DAY))
        if (0 if there is None else there.version) != item.version:
            return None
        self.items[key, day // DAY] = item._replace(version=item.version + 1)
        return 1.0


@pytest.fixture
def fake() -> Any:
    return FakeTable()


def at(sequence: int, ingest_time: int, carrier: str = "UA", **values: Any) -> StreamEvent:
    event = {**an_event(ingest_time - 1), "carrier": carrier, **values}
    return sequence, (carrier,), ingest_time, event


def the_item(fake: Any, plan: ViewPlan = PLAN, day: int = TODAY, carrier: str = "UA") -> StreamItem:
    found = fake.get_stream(entity_partition(plan, (carrier,)), day)
    assert isinstance(found, StreamItem)
    return found


def rows(fake: Any, plan: ViewPlan = PLAN, day: int = TODAY) -> Any:
    data = the_item(fake, plan, day).state
    return Folder(plan).fold([data], TODAY + HOUR - MINUTE)[0]["n_1h"]


def test_events_go_to_the_item_of_their_entity_and_ingest_day(fake: Any) -> None:
    late = an_event(TODAY - 3 * DAY)
    apply_events(
        fake,
        PLAN,
        "0",
        [at(1, TODAY), at(2, TODAY + 5, "AA"), (3, ("UA",), TODAY + DAY, late), at(4, TODAY + 9)],
    )
    assert sorted(fake.items) == [
        (entity_partition(PLAN, ("AA",)), TODAY // DAY),
        (entity_partition(PLAN, ("UA",)), TODAY // DAY),
        (entity_partition(PLAN, ("UA",)), TODAY // DAY + 1),
    ]
    item = the_item(fake)
    assert item.ingest_time == TODAY + 9
    assert item.sequences == {"0": 4}
    assert rows(fake) == 2


def test_a_redelivery_changes_nothing(fake: Any) -> None:
    events = [at(n, TODAY + n) for n in range(1, 6)]
    apply_events(fake, PLAN, "0", events[:3])
    once = the_item(fake)
    assert apply_events(fake, PLAN, "0", events[:3]).writes == 0
    assert the_item(fake) == once
    assert apply_events(fake, PLAN, "0", events).events == 2
    assert rows(fake) == 5


def test_shards_have_sequences_of_their_own(fake: Any) -> None:
    apply_events(fake, PLAN, "0", [at(10, TODAY)])
    apply_events(fake, PLAN, "1", [at(3, TODAY + 1)])
    assert the_item(fake).sequences == {"0": 10, "1": 3}
    assert rows(fake) == 2


def test_a_lost_race_is_read_again(fake: Any) -> None:
    fake.before_put = lambda: apply_events(fake, PLAN, "1", [at(1, TODAY + 3)])
    applied = apply_events(fake, PLAN, "0", [at(1, TODAY)])
    assert applied.lost_races == 1
    assert the_item(fake).sequences == {"0": 1, "1": 1}
    assert rows(fake) == 2


def test_two_writers_of_one_batch_apply_it_once(fake: Any) -> None:
    fake.before_put = lambda: apply_events(fake, PLAN, "0", [at(1, TODAY)])
    assert apply_events(fake, PLAN, "0", [at(1, TODAY)]).writes == 0
    assert rows(fake) == 1


def test_a_race_that_never_ends_is_an_error(fake: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call.Deadline, "pause", lambda _: False)
    fake.put_stream = lambda *_: None
    with pytest.raises(OnlineStoreError, match="others kept writing"):
        apply_events(fake, PLAN, "0", [at(1, TODAY)])


def test_events_that_the_view_does_not_want_are_not_written(fake: Any) -> None:
    plan = plan_view(a_view(where=~col("is_deleted")))
    applied = apply_events(fake, plan, "0", [at(1, TODAY, is_deleted=True)])
    assert applied.writes == 0
    assert not fake.items


@pytest.mark.parametrize(
    ("ingested", "kept"),
    [
        ([0, 15 * MINUTE], 1),
        ([0, 15 * MINUTE + 1], 2),
        ([0, 10 * MINUTE, 20 * MINUTE], 1),  # a repeat renews the id
        ([0, 0], 1),
    ],
)
def test_an_id_repeated_within_fifteen_minutes_counts_once(
    fake: Any, ingested: list[int], kept: int
) -> None:
    for sequence, after in enumerate(ingested):
        apply_events(fake, WITH_IDS, "0", [at(sequence, TODAY + after, id="x")])
    assert rows(fake, WITH_IDS) == kept


def test_ids_are_told_apart_and_null_is_no_id(fake: Any) -> None:
    ids = ["x", "y", None, None, "x"]
    events = [at(n, TODAY + n, id=id_) for n, id_ in enumerate(ids)]
    assert apply_events(fake, WITH_IDS, "0", events).repeats == 1
    assert rows(fake, WITH_IDS) == 4


def test_an_id_is_new_again_after_midnight(fake: Any) -> None:
    apply_events(fake, WITH_IDS, "0", [at(1, TODAY - 1, id="x"), at(2, TODAY, id="x")])
    assert len(fake.items) == 2


def test_repeats_are_dropped_before_the_condition(fake: Any) -> None:
    first = at(1, TODAY, id="x", is_deleted=True)
    apply_events(fake, WITH_IDS, "0", [first])
    apply_events(fake, WITH_IDS, "0", [at(2, TODAY + 1, id="x")])
    assert rows(fake, WITH_IDS) == 0


def test_ids_too_old_to_be_repeated_are_forgotten(fake: Any) -> None:
    for n in range(50):
        apply_events(fake, WITH_IDS, "0", [at(n, TODAY + n * MINUTE, id=f"id-{n:04}")])
    assert len(the_item(fake, WITH_IDS).recent) < 16 * 12 + 50


def test_tiles_that_no_window_will_reach_are_not_kept(fake: Any) -> None:
    apply_events(fake, PLAN, "0", [(1, ("UA",), TODAY, an_event(TODAY - 30 * DAY, seats=5))])
    state = decode(PLAN, the_item(fake).state)
    assert state == empty_state(PLAN)._replace(is_seen=True)  # type: ignore[call-arg]


@given(
    sizes=st.lists(st.integers(1, 4), min_size=1, max_size=5),
    redelivered=st.lists(st.integers(0, 4), max_size=4),
)
def test_batches_in_any_grouping_with_redeliveries_give_the_state_of_all_events(
    sizes: list[int], redelivered: list[int]
) -> None:
    fake: Any = FakeTable()
    batches, sequence = [], 0
    for size in sizes:
        batch = [at(sequence + n, TODAY + sequence + n, seats=sequence + n) for n in range(size)]
        sequence += size
        batches.append(batch)
    for index, batch in enumerate(batches):
        apply_events(fake, PLAN, "0", batch)
        for back in redelivered:
            apply_events(fake, PLAN, "0", batches[max(0, index - back)])
    every = [event for batch in batches for *_, event in batch]
    assert the_item(fake).state == encode(PLAN, add_events(PLAN, empty_state(PLAN), every))


def test_a_latest_view_streams_as_well(fake: Any) -> None:
    plan = plan_view(a_latest_view())
    events = [at(2, TODAY + 2, seats=2, gate="b"), at(1, TODAY + 1, seats=1, gate="a")]
    apply_events(fake, plan, "0", events)
    values, *_ = Folder(plan).fold([the_item(fake, plan).state], TODAY + 3)
    assert values == {"seats": 2, "gate": "b"}


def logged(*events: StreamEvent) -> list[LoggedEvent]:
    return [LoggedEvent("0", sequence, time, event) for sequence, _, time, event in events]


def test_a_day_rebuilt_from_the_log_is_the_day_as_streamed(fake: Any) -> None:
    events = [at(n, TODAY + n, id=f"{n % 2}") for n in range(6)]
    apply_events(fake, WITH_IDS, "0", events)
    streamed = the_item(fake, WITH_IDS)
    applied = rebuild_day(fake, WITH_IDS, ("UA",), TODAY + HOUR, lambda: logged(*events))
    assert applied.repeats == 4
    assert the_item(fake, WITH_IDS) == streamed._replace(version=streamed.version + 1)
    assert apply_events(fake, WITH_IDS, "0", events).writes == 0


def test_a_rebuild_that_lost_a_race_reads_the_log_again(fake: Any) -> None:
    log = [at(1, TODAY + 1)]

    def stream_one() -> None:
        log.append(at(2, TODAY + 2))
        apply_events(fake, PLAN, "0", log[-1:])

    fake.before_put = stream_one
    assert rebuild_day(fake, PLAN, ("UA",), TODAY, lambda: logged(*log)).lost_races == 1
    assert rows(fake) == 2


def test_a_rebuild_refuses_a_log_that_lags_behind_the_item(fake: Any) -> None:
    events = [at(1, TODAY + 1), at(2, TODAY + 2)]
    apply_events(fake, PLAN, "0", events)
    with pytest.raises(OnlineStoreError, match=r"log ends before sequence 2 of shard '0'"):
        rebuild_day(fake, PLAN, ("UA",), TODAY, lambda: logged(events[0]))


def test_a_rebuild_of_nothing_writes_nothing(fake: Any) -> None:
    assert rebuild_day(fake, PLAN, ("UA",), TODAY, list).writes == 0


def test_events_are_applied_once_in_dynamodb(table: OnlineTable) -> None:
    plan = plan_view(a_view(features={"n": agg.count(window="1h")}))
    events = [at(10**50 + n, TODAY + n, carrier=f"C{n % 3}") for n in range(9)]
    assert apply_events(table, plan, "shard", events, concurrency=1).writes == 3
    assert apply_events(table, plan, "shard", events, concurrency=1).writes == 0
    item = table.get_stream(entity_partition(plan, ("C0",)), TODAY)
    assert item is not None
    assert Folder(plan).fold([item.state], TODAY + 10)[:2] == ({"n": 3}, True)
