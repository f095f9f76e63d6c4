"""The line of a source, as readers see it: who is bringing events, and with which stamps.

One item for each source, in the online table. Producers and cuts change it
(`materialize/source_line.py`); readers look at it, and so know what may still be missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from skewless.online.address import line_address
from skewless.online.attribute import plain
from skewless.online.call import ConditionFailedError
from skewless.online.shared_item import SharedItem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skewless.aws import Aws

# Attributes of the item.
INSIDE = "inside"  # by batch, the stamp of a producer that brings new events
HISTORY = "history"  # by batch, the earliest ingest time of a load of history
LAST = "last"  # the greatest stamp that was given; kept where readers close the line
SERVED = "served"  # no stamp is given before; the same
CLOSED = "closed"  # the latest cut: no stamp is given before
VIEWS = "views"  # partitions of the views that were ever cut
ERASING = "erasing"  # erasures that are removing rows: no view's first cut begins


class Line(NamedTuple):
    """What a reader knows of a line; a source without one has no events yet.

    Attributes:
        inside: the stamps of producers that are inside.
        last: the greatest stamp that was given, where it is kept.
        served: before which no stamp is given, where it is kept.
    """

    inside: tuple[int, ...] = ()
    last: int | None = None
    served: int | None = None

    def latest(self, now: int) -> int:
        """Return as of when to serve, where nobody is inside.

        Where stamps are known, a reader whose clock is behind the last one goes by that.
        """
        return now if self.last is None else max(now, self.last + 1)

    def complete(self, cut: int) -> int | None:
        """Return before when nothing is missing, for a view that is cut there; None if ever."""
        return min((stamp for stamp in self.inside if stamp >= cut), default=None)


def to_line(item: Mapping[str, Any]) -> Line:
    """Read a line from its item's plain attributes; it has none where the item is not there."""
    return Line(tuple(item.get(INSIDE, {}).values()), item.get(LAST), item.get(SERVED))


def line_item(aws: Aws, table_name: str, source: str) -> SharedItem:
    """Return the item of a source's line, in the online table."""
    return SharedItem(aws, table_name, line_address(source), f"for the line of source {source!r}")


class LineCloser:
    """Closes lines at what is served: exact whatever the clocks, at the price of a write a read.

    For a local AWS. From then on no producer gets a stamp before what was served.
    """

    def __init__(self, aws: Aws, table_name: str) -> None:
        self._aws = aws
        self._table_name = table_name

    def look(self, source: str, now: int, *, is_closing: bool) -> Line:
        """Return the line as it is once nobody can get a stamp before what is served at `now`.

        Args:
            source: whose.
            now: the reader's clock, in microseconds.
            is_closing: whether the line is closed; else it is only looked at, for an instant that
                is supposed.

        Raises:
            OnlineStoreError: DynamoDB refused.
        """
        item = line_item(self._aws, self._table_name, source)
        if not is_closing:
            return to_line(item.read())
        line = self._closed(item, now)
        while line.last is not None and line.last >= max(now, line.served or now):
            line = self._closed(item, line.last + 1)
        return line

    def _closed(self, item: SharedItem, before: int) -> Line:
        try:
            found = item.update(
                "SET #s = :t",
                {"s": SERVED},
                {":t": before},
                "attribute_not_exists(#s) OR #s < :t",
            )
        except ConditionFailedError as error:  # closed up to there, or further
            found = plain(error.item)
        return to_line(found)
