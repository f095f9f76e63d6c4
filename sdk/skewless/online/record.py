"""Records: what is written to and read from the online table, as plain values.

In DynamoDB an item's attributes have short names, since an item pays for their bytes:

item          attribute  what it holds
B             c          the state of the cut `g`, encoded; of a failed entity why it failed
              g          the cut, in microseconds
              p, pg      the state of the cut before and that cut, for views that keep it
              v          how often the item was written: a writer that read it names what it saw
              e          when DynamoDB may delete it, in epoch seconds
S#<day>       d          the state of the day's events, encoded, but for those in `t`
              i          the greatest ingest time of all events
              b          the greatest ingest time of the events in `d`; as `i` if it is not there
              t          late events, in parts: see `Part`
              q          by shard, the greatest sequence number that was applied
              r          recent event ids
              v, e       as of B
W             cut, previous, started, reading, snapshot: see `Watermark`
              run: of a trial's cut that is under way, who began it
              removing, kept: while a view's items are removed: see `view_items`
              was, retired, removed: see `retired`
F#<digest>    k, i, x    the entity's key, when it failed, and why
L             see `line`

`address` says where an item lies, and `codec` what a state's bytes are.
"""

from __future__ import annotations

import struct
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

from skewless.online.attribute import NEVER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


CLOSED_BY = "removing"  # attribute of a watermark: the token of who removes the view's items
KEPT = "kept"  # of a closed one: what it said, until the first item is deleted


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
    """The outcome of writing a cut's state."""

    WRITTEN = "written"
    ALREADY_THERE = "already there"
    NEWER_THERE = "newer there"


class Part(NamedTuple):
    """The state of recent events, which readers may have to leave out.

    Attributes:
        first: the least ingest time of the events.
        last: the greatest.
        state: encoded.
    """

    first: int
    last: int
    state: bytes


class StreamItem(NamedTuple):
    """An entity's stream item of one day.

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


class BatchItem(NamedTuple):
    """What a reader needs of an entity's item of cuts.

    Attributes:
        state: of the cut; encoded.
        cut: microseconds.
        previous_state: of the cut before; None where it is not kept.
        previous_cut: that cut; None where it is not kept.
    """

    state: bytes
    cut: int
    previous_state: bytes | None = None
    previous_cut: int | None = None


class DayItem(NamedTuple):
    """What a reader needs of an entity's item of a day; see `StreamItem`."""

    state: bytes
    folded_to: int
    parts: tuple[Part, ...] = ()


# The cut of a retired view, in the year 9999. No cut is later, so that none begins or is committed;
# and it is none that a reader asks for, of this release or of an older one: it answers nulls.
RETIRED = 253_402_214_400_000_000


class Watermark(NamedTuple):
    """A view's watermark: how far it is cut.

    Attributes:
        cut: the last committed cut; None before the first; `RETIRED` of a retired view.
        previous: the one before.
        started: the cut begun last: committed if it is `cut`.
        snapshot: the log's snapshot at the committed cut; None where a release before wrote it.
        is_closed: as `begin_cut` tells it: whether the view's items are being removed.
    """

    cut: int | None = None
    previous: int | None = None
    started: int | None = None
    snapshot: int | None = None
    is_closed: bool = False

    @property
    def is_retired(self) -> bool:
        """Whether the view is retired: it has no items, or they are being removed."""
        return self.cut == RETIRED


def cut_fields(cut: Cut, before: tuple[int, bytes] | None, version: int) -> dict[str, Any]:
    """Write an entity's item of cuts as plain attributes.

    Args:
        cut: the state, and of which cut.
        before: the cut before and its state, for views that keep it; None if there is none.
        version: of the item.
    """
    fields: dict[str, Any] = {"c": cut.state, "g": cut.cut, "v": version}
    if cut.keep_previous:
        instant, state = before or (NEVER, b"")
        fields |= {"p": state, "pg": instant}
    if cut.expires_at is not None:
        fields["e"] = cut.expires_at
    return fields


def to_batch_item(item: Mapping[str, Any]) -> BatchItem:
    """Read an item of cuts from its plain attributes."""
    return BatchItem(item["c"], item["g"], item.get("p"), item.get("pg"))


def to_day_item(item: Mapping[str, Any]) -> DayItem:
    """Read an item of a day from its plain attributes, as far as a reader asks for them."""
    return DayItem(item["d"], item.get("b", item["i"]), read_parts(item.get("t", b"")))


def to_watermark(item: Mapping[str, Any]) -> Watermark:
    """Read a watermark from its item's plain attributes."""
    previous = item.get("previous")
    return Watermark(
        item.get("cut"),
        None if previous == NEVER else previous,
        item.get("started"),
        item.get("snapshot"),
        CLOSED_BY in item,
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
