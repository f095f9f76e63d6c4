"""Write one object of a cut's exported result, in parts that fit in a function's time.

Boto3's half of the package: no Arrow, no SQL. Every write is conditional, so writing a part again
changes nothing. An entity that cannot be written is written as failed, alone. A line that does not
belong to the view is kept on S3 with the reason. The other lines are written, and the commit
refuses the cut.
"""

from __future__ import annotations

import gzip
import json
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from skewless.compiler.exported import LineReader
from skewless.materialize.entity_writer import CONCURRENCY, FAILED, EntityWriter
from skewless.materialize.source_line import SourceLine
from skewless.online.cut_batch import MOST
from skewless.online.stream import LoggedEvent, rebuild_day

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from skewless.compiler.plan import ViewPlan
    from skewless.online.table import OnlineTable

    Writer = Callable[[list[bytes]], "_Results"]

CHUNK = CONCURRENCY * MOST  # lines: after each, a function asks whether its time is up
_LONGEST_PAUSE = 10.0  # seconds: between two such questions
_Read = TypeVar("_Read")


class ShardPart(NamedTuple):
    """The outcome of a call.

    Attributes:
        next: the line to go on from.
        is_finished: whether the object is at its end.
        outcomes: how many lines had which outcome: "written", "already there", "newer there",
            "failed", "refused".
        write_units: DynamoDB's capacity.
    """

    next: int
    is_finished: bool
    outcomes: Counter[str]
    write_units: float


@dataclass(slots=True)
class WriteRate:
    """A limit of writes a second: a fill must not take serving's share of a partition.

    Attributes:
        per_second: the limit; None for no limit.
    """

    per_second: float | None
    _free_at: float = field(default_factory=time.monotonic)

    @property
    def together(self) -> int:
        """How many writes may begin together: a whole chunk, if the pause after it is short."""
        if self.per_second is None:
            return CHUNK
        return min(CHUNK, max(1, int(self.per_second * _LONGEST_PAUSE)))

    def wait(self, writes: int) -> None:
        """Wait until more writes may begin."""
        if self.per_second is None:
            return
        now = time.monotonic()
        pause = self._free_at - now
        if pause > 0:
            time.sleep(pause)
        self._free_at = max(self._free_at, now) + writes / self.per_second


@dataclass(frozen=True, slots=True)
class ShardWriter:
    """Writes objects of one bucket.

    Attributes:
        s3: the boto3 client.
        is_time_up: asked between parts.
    """

    s3: Any
    bucket: str
    table: OnlineTable
    pace: WriteRate
    is_time_up: Callable[[], bool]

    def write_states(
        self, plan: ViewPlan, cut: int, key: str, first: int, *, is_first: bool, refused: str
    ) -> ShardPart:
        """Write the states of an object from a line on.

        Args:
            plan: the view's.
            cut: microseconds.
            key: the object's.
            first: the line to begin with.
            is_first: whether the view is filled for the first time.
            refused: the prefix under which refused lines are kept.

        Raises:
            OnlineStoreError: DynamoDB refused; what was written stays written.
        """
        reader = LineReader.of_states(plan)
        writer = EntityWriter(self.table, plan, cut, is_first)

        def write(lines: list[bytes]) -> _Results:
            read = [_tried(lambda one: writer.prepare(reader.read(one)), line) for line in lines]
            batch = writer.put([one for one in read if not isinstance(one, _Refused)])
            written = iter(batch.entities)
            outcomes = [one if isinstance(one, _Refused) else next(written).outcome for one in read]
            return _Results(outcomes, batch.write_units)

        return self._write(write, MOST, key, first, refused)

    def write_days(self, plan: ViewPlan, key: str, first: int, *, refused: str) -> ShardPart:
        """Write the stream items that an object's logged events make; see `write_states`.

        Raises:
            OnlineStoreError: DynamoDB refused, or an item has applied an event that came after the
                export; export again.
        """
        reader = LineReader.of_events(plan)
        horizons = SourceLine.of(self.table, plan.view.source.name).horizons()

        def write_one(line: bytes) -> _Results:
            key, rows, day = reader.read(line)
            events = [
                LoggedEvent(row["ingest_shard"], row["ingest_sequence"], row["ingest_time"], row)
                for row in rows
            ]
            horizon = horizons(max(event.ingest_time for event in events))
            applied = rebuild_day(self.table, plan, key, day or 0, events.copy, horizon=horizon)
            outcome = "written" if applied.writes else "already there"
            return _Results([FAILED if applied.failures else outcome], applied.write_units)

        def write(lines: list[bytes]) -> _Results:
            found = _tried(write_one, *lines)
            return _Results([found], 0.0) if isinstance(found, _Refused) else found

        return self._write(write, 1, key, first, refused)

    def _write(self, write: Writer, together: int, key: str, first: int, refused: str) -> ShardPart:
        outcomes: Counter[str] = Counter()
        consumed, done = 0.0, first
        with ThreadPoolExecutor(CONCURRENCY) as pool:
            lines = self._lines(key, first)
            while chunk := list(islice(lines, self.pace.together)):
                if done > first and self.is_time_up():
                    return ShardPart(done, False, outcomes, consumed)  # noqa: FBT003 - by name above
                self.pace.wait(len(chunk))
                groups = [chunk[at : at + together] for at in range(0, len(chunk), together)]
                results = list(pool.map(write, groups))
                found = [outcome for result in results for outcome in result.outcomes]
                reasons = {
                    done + number: outcome.reason
                    for number, outcome in enumerate(found)
                    if isinstance(outcome, _Refused)
                }
                if reasons:
                    self._keep(refused, key, first=done, lines=chunk, reasons=reasons)
                outcomes.update(
                    "refused" if isinstance(outcome, _Refused) else outcome for outcome in found
                )
                consumed += sum(result.write_units for result in results)
                done += len(chunk)
        return ShardPart(done, True, outcomes, consumed)  # noqa: FBT003

    def _lines(self, key: str, first: int) -> Iterator[bytes]:
        # Download first: S3 drops a connection that is read as slowly as items are written.
        with tempfile.TemporaryFile() as file:
            self.s3.download_fileobj(self.bucket, key, file)
            file.seek(0)
            with gzip.open(file) as lines:
                yield from islice(lines, first, None)

    def _keep(
        self, prefix: str, key: str, *, first: int, lines: list[bytes], reasons: dict[int, str]
    ) -> None:
        name = key.rpartition("/")[2]
        rows = [
            {"object": key, "line": number, "reason": reason, "row": lines[number - first].decode()}
            for number, reason in reasons.items()
        ]
        self.s3.put_object(
            Bucket=self.bucket,
            # Named by place, so that a part that is written again is kept once.
            Key=f"{prefix}{name}-{first:012d}.jsonl",
            Body="".join(json.dumps(row) + "\n" for row in rows).encode(),
        )


class _Refused(NamedTuple):
    """A line that does not belong to the view."""

    reason: str


class _Results(NamedTuple):
    """What became of lines, in order, and the capacity that they took together."""

    outcomes: list[str | _Refused]
    write_units: float


def _tried(read: Callable[[bytes], _Read], line: bytes) -> _Read | _Refused:
    try:
        return read(line)
    except (KeyError, TypeError, ValueError) as error:
        return _Refused(f"not a line of this view: {error!r}")
