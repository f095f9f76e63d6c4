"""The seam: what cuts, streams and readers ask of the store of online items, in records.

`table.OnlineTable` is the one implementation, over DynamoDB. Every write is conditional: what is
lost by a race is looked at again, never overwritten. A source's line (`line`, and
`materialize.source_line` for those who change it) is an item of the same table, and not asked for
through this protocol.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from skewless.online.address import Address
    from skewless.online.batch_get import BatchRead
    from skewless.online.cut_batch import CutsPut
    from skewless.online.failed import FailedEntry
    from skewless.online.record import Cut, CutOutcome, StreamItem, Watermark


class FailedIndex(Protocol):
    """The entities that could not be written; a view is given by its partition."""

    def note(self, view: str, key: str, instant: int, reason: str) -> None:
        """Record that an entity failed; a later failure is kept over an earlier one."""
        ...

    def first(self, view: str, limit: int) -> list[FailedEntry]:
        """Return at most so many of a view's failed entities."""
        ...

    def count(self, view: str) -> int:
        """Count a view's failed entities."""
        ...

    def settle(self, view: str, cut: int) -> None:
        """Remove the entries of entities that a committed cut tried again and wrote."""
        ...


class OnlineStore(Protocol):
    """Items of entities and watermarks of views. All reads are consistent but for batches."""

    @property
    def failed(self) -> FailedIndex:
        """The entities that could not be written."""
        ...

    def batch_get(self, addresses: Iterable[Address]) -> BatchRead:
        """Read items; one that is not there is not in the answer."""
        ...

    def put_cut(self, cut: Cut, *, is_first: bool = False) -> tuple[CutOutcome, float]:
        """Write an entity's state unless it has that cut or a newer one; return the cost too."""
        ...

    def put_cuts(self, cuts: Sequence[Cut], *, is_first: bool = False) -> CutsPut:
        """Write many entities' states, each as `put_cut` does."""
        ...

    def get_stream(self, key: str, day: int) -> StreamItem | None:
        """Read the stream item of the UTC day in which an instant lies."""
        ...

    def put_stream(self, key: str, day: int, item: StreamItem) -> float | None:
        """Write a stream item if its version is still there; return the cost, None if it is not."""
        ...

    def drop_stream(self, key: str, day: int, version: int) -> bool:
        """Delete a stream item if its version is still there; say whether it was."""
        ...

    def read_watermark(self, view: str) -> Watermark:
        """Read how far a view is cut; `view` is its partition."""
        ...

    def begin_cut(self, view: str, cut: int, snapshot: int) -> Watermark:
        """Record that a cut is being written, and return the watermark as it then is."""
        ...

    def commit_cut(self, view: str, cut: int) -> Watermark:
        """Make a begun cut the view's cut, once; return the watermark."""
        ...
