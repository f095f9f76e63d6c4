"""Records: what is written to and read from the online table, as plain values."""

from __future__ import annotations

import struct
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

from skewless.online.attribute import NEVER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


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


class Part(NamedTuple):
    """What events added that came in lately: readers may have to leave it out.

    Attributes:
        first: the least ingest time of the events.
        last: the greatest.
        state: encoded.
    """

    first: int
    last: int
    state: bytes


class StreamItem(NamedTuple):
    """What an entity's stream item of a day holds.

    Attributes:
        state: encoded; of all events that no reader can have to leave out.
        ingest_time: the greatest of the events applied.
        sequences: by shard, the greatest sequence number applied.
        recent: encoded recent event ids; empty without event ids.
        version: of the item, 0 if it is not there yet.
        folded_to: the greatest ingest time of the events in `state`.
        parts: of the later events, ordered by time, none overlapping another.
    """

    state: bytes
    ingest_time: int
    sequences: Mapping[str, int]
    recent: bytes
    version: int
    folded_to: int
    parts: tuple[Part, ...] = ()


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


_PART = struct.Struct("<qqI")


def pack_parts(parts: Sequence[Part]) -> bytes:
    """Write parts: for each its first and last ingest time, its state's length, its state."""
    return b"".join(
        _PART.pack(part.first, part.last, len(part.state)) + part.state for part in parts
    )


def read_parts(data: bytes) -> tuple[Part, ...]:
    """Read what `pack_parts` wrote."""
    found, position = [], 0
    while position < len(data):
        first, last, length = _PART.unpack_from(data, position)
        position += _PART.size
        found.append(Part(first, last, bytes(data[position : position + length])))
        position += length
    return tuple(found)


def to_stream_item(item: Mapping[str, Any]) -> StreamItem:
    """Read a stream item from its plain attributes."""
    return StreamItem(
        item["d"],
        item["i"],
        {shard: int(number) for shard, number in item["q"].items()},
        item.get("r", b""),
        item["v"],
        item.get("b", item["i"]),
        read_parts(item.get("t", b"")),
    )


def stream_fields(item: StreamItem) -> dict[str, Any]:
    """Write a stream item as plain attributes, all but its version and when it may go."""
    fields: dict[str, Any] = {
        "d": item.state,
        "i": item.ingest_time,
        "q": {shard: str(number) for shard, number in item.sequences.items()},
    }
    if item.recent:
        fields["r"] = item.recent
    if item.folded_to != item.ingest_time:
        fields["b"] = item.folded_to
    if item.parts:
        fields["t"] = pack_parts(item.parts)
    return fields
