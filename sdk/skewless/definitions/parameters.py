"""Parameters that only some aggregates have, and what may be wrong with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from skewless.definitions import types
from skewless.errors import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_ELEMENTS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """What only some aggregates have; None elsewhere.

    Attributes:
        n: how many elements a list has at most.
    """

    n: int | None = None

    def texts(self) -> Iterator[str]:
        """Yield the arguments as a user writes them."""
        if self.n is not None:
            yield str(self.n)

    def problems(self) -> Iterator[str]:
        """Yield what is wrong with the arguments that a function has."""
        if not types.is_whole(self.n) or not 1 <= (self.n or 0) <= MOST_ELEMENTS:
            yield f"n is {shown(self.n)}; it must be a whole number from 1 to {MOST_ELEMENTS:,}"


NO_PARAMETERS = Parameters()
