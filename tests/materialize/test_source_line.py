"""The line of a source: no stamp before a closed cut, and a cut waits for who is inside."""

from __future__ import annotations

import itertools
import threading
import time
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest

from skewless.errors import ClockError, OnlineStoreError
from skewless.materialize.log_state import LogState
from skewless.materialize.source_line import SourceLine, batch_of
from skewless.online.line import LineCloser, line_item, to_line
from skewless.online.pace import AWS, LOCAL
from skewless.online.table import NO_SNAPSHOT
from tests.in_process import keyed_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from skewless.aws import Aws
    from skewless.online.pace import Pace

_NUMBERS = itertools.count()
NOW = 1_800_000_000_000_000
TABLE = "lines"


def at(*instants: int) -> Callable[[], int]:
    """A clock that says one after the other, and then the last one for ever."""
    left = list(instants)
    return lambda: left.pop(0) if len(left) > 1 else left[0]


@pytest.fixture(scope="module", autouse=True)
def _table(aws: Aws) -> Iterator[None]:
    with keyed_table(aws, TABLE):
        yield


@pytest.fixture
def source() -> str:
    return f"source_{next(_NUMBERS)}"


@pytest.fixture(params=[LOCAL, AWS], ids=["local", "aws"])
def pace(request: pytest.FixtureRequest) -> Pace:
    found: Pace = request.param
    return found


@pytest.fixture
def line(aws: Aws, source: str, pace: Pace) -> SourceLine:
    return SourceLine(aws, TABLE, source, pace)


@pytest.fixture
def on_aws(aws: Aws, source: str) -> SourceLine:
    return SourceLine(aws, TABLE, source, AWS)


@pytest.fixture
def exact(aws: Aws, source: str) -> SourceLine:
    return SourceLine(aws, TABLE, source, LOCAL)


@pytest.fixture
def closer(aws: Aws) -> LineCloser:
    return LineCloser(aws, TABLE)


def test_a_stamp_is_ahead_of_the_clock_by_the_lead(line: SourceLine, pace: Pace) -> None:
    with line.inside_of(at(NOW)) as place:
        assert place.stamp == NOW + pace.lead
        assert list(line.inside(place.stamp + 1).values()) == [place.stamp]
        assert line.inside(place.stamp) == {}
        place.leave()
    assert line.inside(place.stamp + 1) == {}


def test_a_stamp_before_a_closed_cut_becomes_the_cut(line: SourceLine, pace: Pace) -> None:
    cut = NOW + pace.lead + 500
    line.close("v@1#f", cut)
    with line.inside_of(at(NOW)) as place:
        assert place.stamp == cut
    with line.inside_of(at(NOW + 501)) as place:
        assert place.stamp == cut + 1


def test_history_keeps_its_stamps(line: SourceLine) -> None:
    line.close("v@1#f", 500)
    with line.with_history(1) as place:
        assert place.stamp == 1
        assert list(line.inside(2).values()) == [1]


def test_a_line_is_never_opened_again(line: SourceLine) -> None:
    cut = NOW + AWS.lead
    line.close("v@1#f", cut)
    line.close("w@1#f", cut - 100)
    with line.inside_of(at(1)) as place:
        assert place.stamp == cut


def test_stamps_of_a_producer_do_not_step_back_with_its_clock(line: SourceLine, pace: Pace) -> None:
    with line.inside_of(at(NOW), not_before=NOW + pace.lead + 9) as place:
        assert place.stamp == NOW + pace.lead + 9


def test_whoever_leaves_learns_of_all_views_that_were_cut(line: SourceLine) -> None:
    line.close("v@1#f", 500)
    with line.inside_of(at(NOW)) as place:
        line.close("w@1#f", 400)
        assert place.leave() == {"v@1#f", "w@1#f"}


def test_a_view_that_is_cut_meanwhile_is_written_before_anybody_is_out(line: SourceLine) -> None:
    line.close("v@1#f", 500)
    told: list[frozenset[str]] = []

    def write(views: frozenset[str]) -> None:
        assert line.inside(place.stamp + 1)
        told.append(views)
        if len(told) == 1:
            line.close("w@1#f", 400)

    with line.inside_of(at(NOW)) as place:
        place.leave(write)
    assert told == [{"v@1#f"}, {"v@1#f", "w@1#f"}]


def test_a_failed_batch_goes_out_as_well(line: SourceLine) -> None:
    with pytest.raises(KeyError), line.inside_of(at(NOW)) as place:
        raise KeyError
    assert line.inside(place.stamp + 1) == {}


def test_a_batch_that_may_be_in_the_log_stays_inside(line: SourceLine) -> None:
    with line.inside_of(at(NOW)) as place:
        place.commit()
    assert line.inside(place.stamp + 1)


def test_a_cut_waits_until_nobody_is_inside(line: SourceLine) -> None:
    entered, leaving = threading.Event(), threading.Event()

    def produce() -> None:
        with line.inside_of(at(NOW)):
            entered.set()
            leaving.wait()

    producer = threading.Thread(target=produce)
    producer.start()
    entered.wait()
    threading.Timer(0.3, leaving.set).start()
    line.wait(NOW + AWS.lead + 1, 30.0)
    assert leaving.is_set()
    producer.join()


def test_a_cut_does_not_wait_for_ever(line: SourceLine) -> None:
    with line.inside_of(at(NOW)) as place:
        line.wait(place.stamp + 1, 0.1)
        assert line.inside(place.stamp + 1)


def test_who_has_a_later_stamp_is_not_waited_for(line: SourceLine) -> None:
    with line.inside_of(at(NOW)) as place:
        before = time.monotonic()
        line.wait(place.stamp, 30.0)
        assert time.monotonic() - before < 30.0
        assert line.inside(place.stamp + 1)


def test_who_is_inside_for_minutes_is_taken_for_dead_and_not_waited_for(
    line: SourceLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with line.inside_of(at(NOW)) as slow:
        later = time.time() + line.pace.dying / 1e6 + 2
        monkeypatch.setattr("skewless.materialize.source_line.time.time", lambda: later)
        assert line.inside(slow.stamp + 1) == {}
        with line.inside_of(at(NOW + 1)) as place:
            assert place.horizon <= slow.stamp
            assert list(place.dead.values()) == [slow.stamp]
            line.forget(place.dead)
            assert list(line.producers().values()) == [place.stamp]
            with pytest.raises(OnlineStoreError, match=r"for dead.*none of the rows.*smaller"):
                slow.commit()


def test_who_takes_long_and_is_not_taken_for_dead_goes_on_as_alive(
    line: SourceLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with line.inside_of(at(NOW), "shard 7") as slow:
        now = time.time()
        monkeypatch.setattr("skewless.materialize.source_line.time.time", lambda: now + 100 * 300)
        slow.commit()
        ((name, stamp),) = line.producers().items()
        assert (batch_of(name), stamp, line.is_dead(name)) == ("shard 7", slow.stamp, False)
        slow.leave()
    assert line.producers() == {}


def test_nothing_before_the_horizon_is_still_to_come(line: SourceLine, pace: Pace) -> None:
    with line.inside_of(at(NOW)) as place:
        assert place.horizon == NOW - pace.lead
        with line.inside_of(at(NOW + 3 * pace.lead)) as other:
            assert other.horizon == place.stamp
        with line.inside_of(at(NOW + 1)) as other:
            assert other.horizon == min(place.stamp, NOW + 1 - pace.lead)


def slow(monkeypatch: pytest.MonkeyPatch, times: int) -> Callable[[], int]:
    """A clock; after it is looked at, ten seconds pass, so many times."""
    passed = [0.0]
    monkeypatch.setattr("skewless.materialize.source_line.time.monotonic", lambda: passed[0])

    def look() -> int:
        said = NOW + round(passed[0] * 1_000_000)
        if passed[0] < 10 * times:
            passed[0] += 10.0
        return said

    return look


def test_an_entry_that_takes_too_long_gets_another_stamp(
    on_aws: SourceLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with on_aws.inside_of(slow(monkeypatch, 3)) as place:
        assert place.stamp == NOW + 30_000_000 + AWS.lead


def test_a_line_that_is_always_too_slow_is_an_error_and_nobody_is_inside(
    on_aws: SourceLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        pytest.raises(OnlineStoreError, match="took longer than"),
        on_aws.inside_of(slow(monkeypatch, 1000)),
    ):
        pass
    assert on_aws.producers() == {}


@pytest.mark.parametrize(
    ("off", "word"), [(3600, "ahead of"), (-3600, "behind"), (3, "ahead of"), (-3, "behind")]
)
def test_a_clock_beyond_the_bound_gives_no_stamp(
    on_aws: SourceLine, monkeypatch: pytest.MonkeyPatch, off: int, word: str
) -> None:
    instant = datetime(2026, 11, 28, 12, tzinfo=UTC)
    answer_with_date(monkeypatch, on_aws, instant)
    clock = at(round(instant.timestamp() + off) * 1_000_000)
    with (
        pytest.raises(ClockError, match=f"more {word} AWS's"),
        on_aws.inside_of(clock, checks_clock=True),
    ):
        pass
    assert on_aws.inside(2 * NOW) == {}


@pytest.mark.parametrize("off", [-0.2, 0.0, 0.999, 1.2])
def test_a_clock_within_the_bound_does(
    on_aws: SourceLine, monkeypatch: pytest.MonkeyPatch, off: float
) -> None:
    instant = datetime(2026, 11, 28, 12, tzinfo=UTC)
    answer_with_date(monkeypatch, on_aws, instant)
    clock = at(round((instant.timestamp() + off) * 1_000_000))
    with on_aws.inside_of(clock, checks_clock=True) as place:
        assert place.stamp == clock() + AWS.lead


def answer_with_date(monkeypatch: pytest.MonkeyPatch, line: SourceLine, instant: datetime) -> None:
    found = line._item.answer()
    found["ResponseMetadata"]["HTTPHeaders"]["date"] = format_datetime(instant, usegmt=True)
    monkeypatch.setattr(line._item, "answer", lambda: found)


def seen(aws: Aws, source: str) -> Any:
    return to_line(line_item(aws, TABLE, source).read())


def test_no_stamp_falls_before_what_was_served(exact: SourceLine, closer: LineCloser) -> None:
    line = closer.look(exact._source, NOW + 50, is_closing=True)
    assert line.latest(NOW + 50) == NOW + 50
    with exact.inside_of(at(NOW)) as place:
        assert place.stamp == NOW + 50


def test_a_reader_whose_clock_is_behind_serves_as_of_the_last_stamp(
    exact: SourceLine, closer: LineCloser
) -> None:
    with exact.inside_of(at(NOW)) as place:
        place.leave()
    line = closer.look(exact._source, NOW - 50, is_closing=True)
    assert line.latest(NOW - 50) == NOW + 1
    with exact.inside_of(at(NOW)) as place:
        assert place.stamp == NOW + 1


def test_an_instant_that_is_supposed_closes_nothing(exact: SourceLine, closer: LineCloser) -> None:
    with exact.inside_of(at(NOW)) as place:
        place.leave()
    assert closer.look(exact._source, NOW + 50, is_closing=False).latest(NOW + 50) == NOW + 50
    with exact.inside_of(at(NOW)) as place:
        assert place.stamp == NOW


def test_a_reader_sees_who_is_inside(aws: Aws, line: SourceLine) -> None:
    with line.inside_of(at(NOW)) as place, line.with_history(5):
        found = seen(aws, line._source)
        assert found.inside == (place.stamp,)
        assert found.complete(place.stamp) == place.stamp
        assert found.complete(place.stamp + 1) is None  # a cut has it
        place.leave()
    assert seen(aws, line._source).inside == ()


def test_stamps_of_all_producers_rise_where_readers_close_lines(
    aws: Aws, exact: SourceLine
) -> None:
    with exact.inside_of(at(NOW)) as place:
        place.leave()
    other = SourceLine(aws, TABLE, exact._source, LOCAL)
    with other.inside_of(at(NOW - 3_000_000)) as place:
        assert place.stamp == NOW


def a_state(*claims: str) -> LogState:
    snapshots = [
        {"snapshot-id": 10 + n, "sequence-number": n, "summary": {"skewless.claims": text}}
        for n, text in enumerate(claims, start=1)
    ]
    return LogState({"snapshots": snapshots, "current-snapshot-id": 10 + len(claims)})


def test_what_came_late_is_told_by_its_shard() -> None:
    state = a_state('[["a",0,1,null,5]]', '[["b",0,1,null,50],["c",0,1,null,7]]', "[]")
    assert state.current == 13
    assert state.late(11, 10).shards == ("c",)
    assert state.late(11, 60).shards == ("b", "c")
    assert state.late(NO_SNAPSHOT, 10).shards == ("a", "c")
    assert state.late(13, 60).shards == ()


def test_a_snapshot_that_is_gone_tells_nothing() -> None:
    assert a_state("[]").late(99, 10).is_unknown


def test_commits_of_others_are_passed_over() -> None:
    metadata = {
        "snapshots": [
            {"snapshot-id": 1, "sequence-number": 1, "summary": {"operation": "replace"}}
        ],
        "current-snapshot-id": 1,
    }
    assert LogState(metadata).late(NO_SNAPSHOT, 10).shards == ()
    assert LogState({"current-snapshot-id": -1}).current == NO_SNAPSHOT
