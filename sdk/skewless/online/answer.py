"""Answer: feature values as users hold them, how current each view is, and what reading cost."""

from __future__ import annotations

from collections import Counter
from dataclasses import field
from typing import TYPE_CHECKING, Any

from skewless.definitions.foreign import FRAMES, other_word
from skewless.online import outgoing
from skewless.online.incoming import Received
from skewless.quick import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from skewless.definitions.types import ValueType


@dataclass(frozen=True, slots=True)
class ViewStatus:
    """How current a view's values are for one row.

    Attributes:
        as_of: the T of V(T): exactly the events known before it count.
        status: "ok"; "missing": the view knows nothing of the entity; "stale": the values are of an
            earlier instant than was asked for (a due cut is not there, or events are on their way),
            or null without usable state; or "failed": values cannot be computed or stored, and are
            null.
        reason: why the entity failed, or that the clock is wrong; else None.
    """

    as_of: datetime
    status: str
    reason: str | None = None

    def __str__(self) -> str:
        """Return the status, as of when it is, and why it failed."""
        why = "" if self.reason is None else f": {self.reason}"
        return f"{self.status} as of {self.as_of.isoformat()}{why}"


@dataclass(frozen=True, slots=True)
class Answer:
    """Feature values, row by row, in the order of the request.

    Attributes:
        names: the output columns in order.
        rows: for each row of the request, values by output name, as Python holds them.
        status: for each row, by view: by its name, or `name@version` if two versions are read. An
            on-demand view is there only if its function failed on the row.
        read_units: the DynamoDB read capacity that was consumed.
        item_bytes: the bytes of the items that were read.
        types: the type of each output column.
        inputs: the keys and request fields, and their types.
        overflowed: for each row, the output columns that are null because their value overflows;
            the reason is in the row's status.
        sent: the rows or frame of the request.
        failed: for each row, the output columns that are null because a Python function failed on
            it; the reason is in the row's status, under the on-demand view's name.
    """

    names: tuple[str, ...]
    rows: list[dict[str, Any]]
    status: list[dict[str, ViewStatus]]
    read_units: float
    item_bytes: int
    types: Mapping[str, ValueType] = field(default_factory=dict)
    inputs: Mapping[str, ValueType] = field(default_factory=dict)
    overflowed: list[tuple[str, ...]] = field(default_factory=list)
    sent: Received = field(default=Received(()), compare=False)
    failed: list[tuple[str, ...]] = field(default_factory=list)

    def to_dict(self) -> dict[str, list[Any]]:
        """Return the values of the features by column."""
        return {name: [row[name] for row in self.rows] for name in self.names}

    def to_pandas(self) -> Any:
        """Return a pandas DataFrame: keys and request fields, then the features.

        A pandas frame of the request keeps its columns and its index. Features have the dtypes that
        a training set gives them. This needs pandas, but not pyarrow.
        """
        return outgoing.to_pandas(self)

    def to_polars(self) -> Any:
        """Return a polars DataFrame: keys and request fields, then the features."""
        return outgoing.to_polars(self)

    def to_arrow(self) -> Any:
        """Return a pyarrow Table: keys and request fields, then the features."""
        return outgoing.to_arrow(self)

    def to_frame(self) -> Any:
        """Return a frame of the library that the rows came in; Arrow if they were dicts."""
        match self.sent.kind:
            case "pandas":
                return self.to_pandas()
            case "polars":
                return self.to_polars()
            case _:
                return self.to_arrow()

    def to_json(self, *, with_status: bool = False) -> str:
        """Return JSON: a list of one object for each row, of keys, request fields and features.

        Whole numbers and floats are numbers that read back to the same bits; a Timestamp is RFC
        3339 in UTC with a `Z`, a Decimal text with all its digits, Bytes base64, a null null.

        Args:
            with_status: give an object of `rows` and `status`, which is by view for each row.
        """
        return outgoing.to_json(self, with_status=with_status)

    def __getattr__(self, name: str) -> Any:
        return other_word(self, name, FRAMES)

    def __str__(self) -> str:
        """Return how many rows and features there are, and how current they are."""
        counts = Counter(found.status for row in self.status for found in row.values())
        states = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
        size = f"{len(self.rows)} rows of {len(self.names)} features"
        return f"Answer({size}{f', views: {states}' if states else ''})"

    __repr__ = __str__
