"""Records: what is written to and read from the online table, as plain values."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

from skewless.online.attribute import NEVER

if TYPE_CHECKING:
    from collections.abc import Mapping


class Cut(NamedTuple):
    """An entity's state at a cut, to be written.

    Attributes:
        key: the entity's partition.
        cut: microseconds; the state holds all that was ingested before.
        state: encoded.
        keep_previous: whether the state before stays readable: views with `refresh=Every(...)`.
        expires_at: epoch seconds after which DynamoDB may delete the item, if ever.
    """

    key: str
    cut: int
    state: bytes
    keep_previous: bool
    expires_at: int | None = None


class CutOutcome(Enum):
    """What became of a cut's state."""

    WRITTEN = "written"
    ALREADY_THERE = "already there"
    NEWER_THERE = "newer there"


class StreamItem(NamedTuple):
    """What an entity's stream item of a day holds.

    Attributes:
        state: encoded.
        ingest_time: the greatest of the events applied.
        sequences: by shard, the greatest sequence number applied.
        recent: encoded recent event ids; empty without event ids.
        version: of the item, 0 if it is not there yet.
    """

    state: bytes
    ingest_time: int
    sequences: Mapping[str, int]
    recent: bytes
    version: int


class Watermark(NamedTuple):
    """How far a view is cut.

    Attributes:
        cut: the last committed cut; None before the first.
        previous: the one before.
        started: the cut begun last: committed if it is `cut`.
        snapshot: the log's snapshot at the committed cut; None where a release before wrote it.
    """

    cut: int | None
    previous: int | None
    started: int | None
    snapshot: int | None = None


def to_watermark(item: Mapping[str, Any]) -> Watermark:
    """Read a watermark from its item's plain attributes."""
    previous = item.get("previous")
    return Watermark(
        item.get("cut"),
        None if previous == NEVER else previous,
        item.get("started"),
        item.get("snapshot"),
    )
