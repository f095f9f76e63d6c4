"""Fills: what the first cut of a new view reads and writes, and what that costs. Pure."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import NamedTuple

# What an engineer's look at the plan costs: see docs/decisions/0046.
GUARDED_DOLLARS = 10.0


class LogSize(NamedTuple):
    """The size of a source's table as it is now.

    Attributes:
        rows: how many; None if that is not known.
        bytes: of its files; None if that is not known.
        since: the earliest ingest time of what is in it, in microseconds; None if not known.
        why_unknown: why the size is not known; empty if it is.
        written: when its latest snapshot was committed, in microseconds; None if not known.
    """

    rows: int | None
    bytes: int | None
    since: int | None = None
    why_unknown: str = ""
    written: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """The first cut of a view, which fills it from the log.

    Attributes:
        source: whose log is read, all of it.
        log_rows, log_bytes: the size of the log; None if it is not known.
        why_unknown: why it is not; empty if it is.
        features: how many are filled. A minor version fills what it adds, and nothing else.
        beside: the parts that are there and are not written; empty unless features are added.
        items: how many are written; None if nobody knows.
        is_told: whether somebody told how many entities there are. Else `items`, and all that
            follows, are at most: each row may be another entity's.
        item_bytes: of an entity's item of cuts.
        write_units: of DynamoDB, once.
        scanned_bytes: by Athena, once.
        dollars: once, in us-east-1; None if nobody knows.
        again: the version of which this has most features, so that they are filled a second time;
            empty if there is none.
        is_guarded: whether `apply` wants the view to be named; see `registry.refills`.
    """

    source: str
    log_rows: int | None
    log_bytes: int | None
    why_unknown: str = ""
    features: int
    beside: str = ""
    items: int | None = None
    is_told: bool = False
    item_bytes: int | None = None
    write_units: int | None = None
    scanned_bytes: int | None = None
    dollars: float | None = None
    again: str = ""
    is_guarded: bool = False

    @property
    def is_nothing(self) -> bool:
        """Whether the log is empty, so that there is nothing to fill from."""
        return self.log_rows == 0

    def to_dict(self) -> dict[str, object]:
        """Return plain data for JSON."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return {**values, "is_nothing": self.is_nothing}

    def __str__(self) -> str:
        if self.is_nothing:
            return f"nothing is filled: the log of {self.source!r} is empty"
        if self.items is None:
            return f"it is filled from {self.source!r}, nobody knows at what cost: " + (
                self.why_unknown
            )
        most = "" if self.is_told else "at most "
        only = f", its own {self.features} features alone" if self.beside else ""
        return (
            f"it is filled from {self.log_rows:,} rows of {self.source!r}{only}: "
            f"{most}{self.items:,} items, {self.write_units:,} write units, {self.dollars:,.2f} "
            "dollars once"
        )
