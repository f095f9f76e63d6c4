"""The format of a state's bytes: a version, flags, then packed tiles or the latest row.

No bytes are the empty state. A zero in place of the version is a failed state: the entity could not
be written, and its item says why.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from skewless.definitions import types
from skewless.definitions.refresh import Stream
from skewless.errors import OnlineStoreError
from skewless.online.column import type_bytes
from skewless.online.keyed import KeyedLayout
from skewless.online.packed import TileLayout
from skewless.online.state import Aggregated, Latest, Winner
from skewless.online.value import RowReader, pack_row

if TYPE_CHECKING:
    from skewless.compiler.plan import ViewPlan
    from skewless.definitions.types import ValueType
    from skewless.online.keyed import PackedKeys
    from skewless.online.packed import PackedTiles
    from skewless.online.state import State

VERSION = 1
_FAILED = 0
_SEEN, _DELETED = 1, 2
_TIME = struct.Struct("<q")
_HEAD_BYTES = 16


def encode(plan: ViewPlan, state: State) -> bytes:
    """Return the state's bytes."""
    if isinstance(state, Latest):
        return _encode_latest(plan, state.winner)
    head = bytes((VERSION, _SEEN * state.is_seen))
    pairs = zip(layouts(plan), state.tiles, strict=True)
    return head + b"".join(layout.pack(tiles) for layout, tiles in pairs)


def decode(plan: ViewPlan, data: bytes) -> State:
    """Return the state.

    Raises:
        OnlineStoreError: the bytes are of another version.
    """
    if not plan.tile_sets:
        return Latest(WinnerReader(plan).read(data))
    packed, is_seen = read_tiles(plan, data)
    pairs = zip(layouts(plan), packed, strict=True)
    return Aggregated(tuple(layout.unpack(tiles) for layout, tiles in pairs), is_seen)  # type: ignore[arg-type]  # each its own


def failed_state(reason: str) -> bytes:
    """Return the bytes that replace a state that cannot be written."""
    return bytes((_FAILED,)) + reason.encode()


def failure_of(data: bytes) -> str | None:
    """Return why a state could not be written; None if it was."""
    if not data or data[0] != _FAILED:
        return None
    return data[1:].decode()


def read_tiles(plan: ViewPlan, data: bytes) -> tuple[list[PackedTiles | PackedKeys], bool]:
    """Return views of an aggregated state's tiles, and whether any event was ever seen."""
    if not data:
        return [layout.nothing() for layout in layouts(plan)], False
    _check(data)
    buffer = memoryview(data)
    position = 2
    found: list[PackedTiles | PackedKeys] = []
    for layout in layouts(plan):
        tiles, position = layout.read(buffer, position)
        found.append(tiles)
    return found, bool(buffer[1] & _SEEN)


class WinnerReader:
    """Reads the latest rows of a plan's states."""

    __slots__ = ("_rows",)

    def __init__(self, plan: ViewPlan) -> None:
        self._rows = RowReader(_row_types(plan))

    def read(self, data: bytes) -> Winner | None:
        """Return the latest row of a latest-value state."""
        if not data:
            return None
        _check(data)
        flags = data[1]
        if not flags & _SEEN:
            return None
        (event_time,) = _TIME.unpack_from(data, 2)
        tiebreak, *row = self._rows.read(data, 2 + _TIME.size)
        return Winner(event_time, tiebreak, tuple(row), bool(flags & _DELETED))


def layouts(plan: ViewPlan) -> list[TileLayout | KeyedLayout]:
    """Return how the plan's tile sets are packed."""
    found = _LAYOUTS.get(plan.fingerprint)
    if found is None:
        found = [
            TileLayout(plan, tile_set)
            if tile_set.by is None
            else KeyedLayout(plan, tile_set, tile_set.by)
            for tile_set in plan.tile_sets
        ]
        _LAYOUTS[plan.fingerprint] = found
    return found


def tile_bytes_estimate(plan: ViewPlan) -> int:
    """Return the bytes of B with all tiles full; of both its states where the view has cuts.

    Takes 4 bytes for a count, 8 for a sum, 16 for a sum of squares, 32 for a text.
    """
    total = 2
    for tile_set, layout in zip(plan.tile_sets, layouts(plan), strict=True):
        count = 1
        if tile_set.hop is not None and tile_set.retention is not None:
            count = -(-tile_set.retention // tile_set.hop) + 1  # a window may be a hop longer
        width = sum(column.estimate(plan.tiebreak_type) for column in layout.columns)
        if isinstance(layout, KeyedLayout):
            total += _HEAD_BYTES + layout.estimate(count, _HEAD_BYTES, 2 + width)
        else:
            total += _HEAD_BYTES + count * (2 + width)
    if not plan.tile_sets:
        total += _TIME.size + sum(type_bytes(kind) for kind in _row_types(plan))
    return total if isinstance(plan.view.refresh, Stream) else 2 * total


def _check(data: bytes) -> None:
    if data[0] != VERSION:
        raise OnlineStoreError(
            f"an online item has format {data[0]}; this skewless reads format {VERSION}. "
            "Serve with the version of skewless that materializes."
        )


def _encode_latest(plan: ViewPlan, winner: Winner | None) -> bytes:
    if winner is None:
        return bytes((VERSION, 0))
    head = bytes((VERSION, _SEEN | _DELETED * winner.is_deleted))
    row = pack_row([winner.tiebreak, *winner.row], _row_types(plan))
    return head + _TIME.pack(winner.event_time) + row


def _row_types(plan: ViewPlan) -> list[ValueType]:
    # Without a tiebreak its place holds a null; the type does not matter.
    return [plan.tiebreak_type or types.Bool, *(kind for _, kind in plan.columns)]


# Cached by fingerprint, which identifies the meaning; hashing a plan would walk all of it.
_LAYOUTS: dict[str, list[TileLayout | KeyedLayout]] = {}
