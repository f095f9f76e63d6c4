"""Producers that come at once share a commit; one that dies or is slow repeats nothing."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from skewless.errors import RepeatedLoadError
from skewless.ingest.commit_queue import CommitQueue, _packed
from skewless.offline.lake.commits import Append, Claim, ShardTakenError, commit
from skewless.offline.lake.data_files import from_text, to_text
from tests.in_process import keyed_table
from tests.offline.events import NOON, a_source, rows, scanned

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from skewless.aws import Aws
    from skewless.offline.lake.commits import Outcome
    from skewless.offline.lake.day_table import DayTable
    from skewless.offline.lake.log import EventLog

SOURCE = a_source()
_NUMBERS = itertools.count()


@pytest.fixture
def events(log: EventLog) -> EventLog:
    log.create(SOURCE)
    return log


@pytest.fixture
def queue(aws: Aws, place: str) -> Iterator[CommitQueue]:
    with keyed_table(aws, place):
        yield CommitQueue(aws, place, SOURCE.name, silence_seconds=0.3)


def an_append(events: EventLog, x: int, claim: Claim | None = None) -> Append:
    """Write a file of one event, and do not commit it."""
    table = events.table(SOURCE).load()
    row = rows(SOURCE, x=[x])
    stored = {
        "x": row["x"],
        "at": row["at"].cast(pa.timestamp("us")),
        "ingest_time": pa.array([NOON.replace(tzinfo=None)], pa.timestamp("us")),
        "ingest_shard": pa.array([f"s{x}"]),
        "ingest_sequence": pa.array([0], pa.int64()),
    }
    content = pa.table({name: stored[name] for name in table.schema().as_arrow().names})
    files = tuple(events.table(SOURCE).write_files(table, content))
    return Append(f"append-{next(_NUMBERS)}", files, claim)


class Committer:
    """Commits to a log, and remembers what it was given at once."""

    def __init__(self, table: DayTable) -> None:
        self.table = table
        self.together: list[int] = []

    def __call__(self, appends: Sequence[Append]) -> Mapping[str, Outcome]:
        self.together.append(len(appends))
        return commit(self.table.load, appends)


def numbers(events: EventLog) -> list[int]:
    return sorted(row["x"] for row in scanned(events, SOURCE, "x"))


def test_those_who_come_at_once_share_commits(events: EventLog, queue: CommitQueue) -> None:
    committer = Committer(events.table(SOURCE))
    appends = [an_append(events, x) for x in range(12)]
    with ThreadPoolExecutor(12) as pool:
        snapshots = set(pool.map(lambda one: queue.commit(one, committer), appends))
    assert numbers(events) == list(range(12))
    assert len(snapshots) == len(events.table(SOURCE).load().snapshots()) < 12
    assert max(committer.together) > 1


def test_the_line_is_empty_afterwards(events: EventLog, queue: CommitQueue) -> None:
    committer = Committer(events.table(SOURCE))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda x: queue.commit(an_append(events, x), committer), range(4)))
    assert set(queue._item.read()) == {"pk", "sk"}


def test_a_leader_that_died_is_followed_by_another(events: EventLog, queue: CommitQueue) -> None:
    assert queue._lead("dead", None) is not None
    queue.commit(an_append(events, 1), Committer(events.table(SOURCE)))
    assert numbers(events) == [1]


def test_what_a_dead_producer_left_in_line_is_committed_once(
    events: EventLog, queue: CommitQueue
) -> None:
    left = an_append(events, 7)
    queue._item.update("SET #w = :w", {"w": f"w#{left.id}"}, {":w": _packed(left)})
    committer = Committer(events.table(SOURCE))
    queue.commit(an_append(events, 1), committer)
    queue.commit(an_append(events, 2), committer)
    assert numbers(events) == [1, 2, 7]
    assert committer.together == [2, 1]


def test_a_slow_leader_and_its_follower_commit_everything_once(
    events: EventLog, queue: CommitQueue
) -> None:
    committer = Committer(events.table(SOURCE))
    waiting = an_append(events, 1)

    def slowly(appends: Sequence[Append]) -> Mapping[str, Outcome]:
        # Taken for dead: another leads, and commits what waits. Then this one goes on.
        with ThreadPoolExecutor(1) as pool:
            pool.submit(queue.commit, waiting, committer).result()
        return committer([*appends, waiting])

    queue.commit(an_append(events, 0), slowly)
    assert numbers(events) == [0, 1]


def test_a_leader_that_fails_leaves_the_others_to_the_next(
    events: EventLog, queue: CommitQueue
) -> None:
    def failing(_: Sequence[Append]) -> Mapping[str, Outcome]:
        raise ConnectionError

    left = an_append(events, 7)
    queue._item.update("SET #w = :w", {"w": f"w#{left.id}"}, {":w": _packed(left)})
    with pytest.raises(ConnectionError):
        queue.commit(an_append(events, 0), failing)
    queue.commit(an_append(events, 1), Committer(events.table(SOURCE)))
    assert numbers(events) == [1, 7]


@pytest.mark.parametrize(
    ("claims", "error"),
    [
        ([Claim("a", 0, 1), Claim("a", 0, 1)], ShardTakenError),
        ([Claim("a", 0, 1, "same"), Claim("b", 0, 1, "same")], RepeatedLoadError),
    ],
)
def test_of_two_claims_one_is_refused_in_whichever_commit(
    events: EventLog, queue: CommitQueue, claims: list[Claim], error: type[Exception]
) -> None:
    committer = Committer(events.table(SOURCE))

    def tried(append: Append) -> Any:
        try:
            return queue.commit(append, committer)
        except error as caught:
            return caught

    appends = [an_append(events, x, claim) for x, claim in enumerate(claims)]
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(tried, appends))
    assert sorted(isinstance(outcome, error) for outcome in outcomes) == [False, True]
    assert len(numbers(events)) == 1


def test_files_are_the_same_as_text(events: EventLog) -> None:
    files = an_append(events, 3).files
    (again,) = from_text(to_text(files))
    (file,) = files
    for name in ("file_path", "record_count", "file_size_in_bytes", "partition", "lower_bounds"):
        assert getattr(again, name) == getattr(file, name)
    for name in ("column_sizes", "value_counts", "null_value_counts", "split_offsets"):
        assert getattr(again, name) == getattr(file, name)
