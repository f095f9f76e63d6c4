"""Commits to an Iceberg table: appends of several writers in one snapshot, each exactly once.

A commit succeeds only on top of the state that was examined (`exclusive_append`). So the commit
itself checks a writer's claims: its sequence numbers, or that its rows are new.
"""

from __future__ import annotations

import json
import random
import time
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

from pyiceberg.exceptions import CommitFailedException, CommitStateUnknownException

from skewless.errors import RepeatedLoadError, SkewlessError, StoreError
from skewless.offline.lake.catalog import CLAIMS
from skewless.offline.lake.exclusive_append import append_exclusively

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pyiceberg.manifest import DataFile
    from pyiceberg.table import Table

    # The snapshot with the rows, or the reason why there is none.
    Outcome: TypeAlias = int | SkewlessError
    # Commits appends of several writers; returns the outcome of each, by id.
    Together: TypeAlias = "Callable[[Sequence[Append]], Mapping[str, Outcome]]"

_SECONDS = 60.0
_LONGEST_WAIT_SECONDS = 3.0
_IDS = "skewless.append"


class Claim(NamedTuple):
    """A claim: what nobody else may have committed before.

    Attributes:
        shard: the producer of the rows.
        first, end: the sequence numbers that they have within it: from `first` on, before `end`.
        content: a digest of the rows, if they must not be there already.
        known: the earliest of their ingest times, by which a later cut finds late rows.
    """

    shard: str
    first: int
    end: int
    content: str | None = None
    known: int | None = None


class Append(NamedTuple):
    """Files that one writer wants to have committed.

    Attributes:
        id: finds the commit again if its answer was lost.
        files: written already.
        claim: None if nothing is to be checked.
    """

    id: str
    files: tuple[DataFile, ...]
    claim: Claim | None


class ShardTakenError(StoreError):
    """Someone else writes under the same shard: a copied machine, unaware of the original.

    Nothing was committed; draw another shard and append again.
    """


class Queue(Protocol):
    """A place that joins the appends of several writers."""

    def commit(self, append: Append, together: Together) -> int:
        """Have an append committed by the leader; return the snapshot."""
        ...


def commit(load: Callable[[], Table], appends: Sequence[Append]) -> dict[str, Outcome]:
    """Commit appends in one snapshot; return by id what became of each.

    Args:
        load: reads the table's current metadata.
        appends: those that are committed already are left alone.

    Raises:
        StoreError: others committed all the time.
    """
    give_up_at = time.monotonic() + _SECONDS
    for attempt in count():
        table = load()
        outcomes, new = _judged(table, appends)
        if not new:
            return outcomes
        try:
            append_exclusively(table, [file for one in new for file in one.files], _summary(new))
            outcomes, new = _judged(table, appends)
            if not new:
                return outcomes
        except (CommitFailedException, CommitStateUnknownException, FileNotFoundError):
            # Or an erasure deleted files of the state that was looked at.
            # It may have succeeded all the same; the next look shows it.
            if time.monotonic() > give_up_at:
                break
            wait(attempt)
    raise StoreError(
        f"{'.'.join(table.name())} is written by others too often: {attempt + 1} commits were "
        f"refused in {_SECONDS:.0f} s"
    )


def snapshot_of(outcome: Outcome) -> int:
    """Return the snapshot, or raise why there is none."""
    if isinstance(outcome, int):
        return outcome
    raise outcome


def wait(attempt: int) -> None:
    """Pause before another attempt: exponential, with full jitter."""
    longest = min(0.1 * 2 ** min(attempt, 10), _LONGEST_WAIT_SECONDS)
    time.sleep(random.uniform(0, longest))  # noqa: S311 - jitter


def _judged(table: Table, appends: Sequence[Append]) -> tuple[dict[str, Outcome], list[Append]]:
    """Separate appends that have an outcome from those still to commit."""
    there, ends, contents = _committed(table)
    outcomes: dict[str, Outcome] = {}
    new: list[Append] = []
    for one in appends:
        if one.id in there:
            outcomes[one.id] = there[one.id]
        elif one.claim is None:
            new.append(one)
        elif one.claim.content in contents:
            outcomes[one.id] = RepeatedLoadError.of(table.name()[-1])
        elif ends.get(one.claim.shard, 0) > one.claim.first:
            outcomes[one.id] = ShardTakenError(
                f"another process writes to {table.name()[-1]} as shard {one.claim.shard!r}, whose "
                f"numbers from {one.claim.first} on are taken"
            )
        else:
            new.append(one)
            _note(one.claim, ends, contents)
    return outcomes, new


def _committed(table: Table) -> tuple[dict[str, int], dict[str, int], set[str | None]]:
    """Return what snapshots record of appends: ids, ends of shards, and contents."""
    there: dict[str, int] = {}
    ends: dict[str, int] = {}
    contents: set[str | None] = set()
    for snapshot in table.snapshots():
        summary: Any = snapshot.summary
        if summary is None:
            continue
        there |= dict.fromkeys((summary.get(_IDS) or "").split(), snapshot.snapshot_id)
        for claim in json.loads(summary.get(CLAIMS) or "[]"):
            _note(Claim(*claim), ends, contents)
    return there, ends, contents


def _note(claim: Claim, ends: dict[str, int], contents: set[str | None]) -> None:
    ends[claim.shard] = max(claim.end, ends.get(claim.shard, 0))
    if claim.content is not None:
        contents.add(claim.content)


def _summary(appends: Sequence[Append]) -> dict[str, str]:
    claims = [list(one.claim) for one in appends if one.claim is not None]
    return {
        _IDS: " ".join(one.id for one in appends),
        CLAIMS: json.dumps(claims, separators=(",", ":")),
    }
