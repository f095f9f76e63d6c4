"""Answer: feature values as users hold them, how current each view is, and what reading cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

OK, MISSING, STALE, FAILED = "ok", "missing", "stale", "failed"


@dataclass(frozen=True, slots=True)
class ViewStatus:
    """How current a view's values are for one row.

    Attributes:
        as_of: the T of V(T): exactly the events known before it count.
        status: "ok"; "missing", the view knows nothing of the entity; "stale", a due cut is not
            there, and the values are of the last one that is, or null if none can be told; or
            "failed", the entity has values that cannot be told, and these are null.
        reason: why the entity failed; else None.
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
        rows: for each row of the request, values by output name.
        status: for each row, by view.
        read_units: the DynamoDB read capacity that was consumed.
        item_bytes: the bytes of the items that were read.
    """

    names: tuple[str, ...]
    rows: list[dict[str, Any]]
    status: list[dict[str, ViewStatus]]
    read_units: float
    item_bytes: int

    def to_dict(self) -> dict[str, list[Any]]:
        """Return the values by column."""
        return {name: [row[name] for row in self.rows] for name in self.names}
