"""The line of a source: no stamp before a closed cut, and a cut waits for who is inside."""

from __future__ import annotations

import itertools
import threading
import time
from typing import TYPE_CHECKING

import pytest

from skewless.materialize.log_state import LogState
from skewless.materialize.source_line import SourceLine
from skewless.online.table import NO_SNAPSHOT
from tests.in_process import keyed_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skewless.aws import Aws

_NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def table(aws: Aws) -> Iterator[str]:
    with keyed_table(aws, "lines"):
        yield "lines"


@pytest.fixture
def line(aws: Aws, table: str) -> SourceLine:
    return SourceLine(aws, table, f"source_{next(_NUMBERS)}")


def test_a_stamp_is_kept_where_no_cut_is_closed(line: SourceLine) -> None:
    with line.inside_of(100) as place:
        assert place.stamp == 100
        assert list(line.inside(101).values()) == [100]
        assert line.inside(100) == {}
    assert line.inside(101) == {}


def test_a_stamp_before_a_closed_cut_becomes_the_cut(line: SourceLine) -> None:
    line.close("v@1#f", 500)
    with line.inside_of(499) as place:
        assert place.stamp == 500
    with line.inside_of(500) as place:
        assert place.stamp == 500


def test_history_keeps_its_stamps(line: SourceLine) -> None:
    line.close("v@1#f", 500)
    with line.inside_of(1, is_history=True) as place:
        assert place.stamp == 1
        assert list(line.inside(2).values()) == [1]


def test_a_line_is_never_opened_again(line: SourceLine) -> None:
    line.close("v@1#f", 500)
    line.close("w@1#f", 400)
    with line.inside_of(1) as place:
        assert place.stamp == 500


def test_whoever_leaves_learns_of_all_views_that_were_cut(line: SourceLine) -> None:
    line.close("v@1#f", 500)
    with line.inside_of(600) as place:
        line.close("w@1#f", 400)
        assert place.leave() == {"v@1#f", "w@1#f"}


def test_a_failed_batch_goes_out_as_well(line: SourceLine) -> None:
    with pytest.raises(KeyError), line.inside_of(100):
        raise KeyError
    assert line.inside(101) == {}


def test_a_cut_waits_until_nobody_is_inside(line: SourceLine) -> None:
    entered, leaving = threading.Event(), threading.Event()

    def produce() -> None:
        with line.inside_of(100):
            entered.set()
            leaving.wait()

    producer = threading.Thread(target=produce)
    producer.start()
    entered.wait()
    threading.Timer(0.3, leaving.set).start()
    line.wait(101, 30.0)
    assert leaving.is_set()
    producer.join()


def test_who_stays_too_long_is_put_out(line: SourceLine) -> None:
    with line.inside_of(100):
        line.wait(101, 0.1)
        assert line.inside(101) == {}


def test_who_has_a_later_stamp_is_not_waited_for(line: SourceLine) -> None:
    with line.inside_of(200):
        before = time.monotonic()
        line.wait(200, 30.0)
        assert time.monotonic() - before < 30.0
        assert line.inside(201)


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
