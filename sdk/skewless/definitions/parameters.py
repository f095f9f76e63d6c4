"""Parameters that only some aggregates have, and what may be wrong with them."""

from __future__ import annotations

import decimal
from dataclasses import field, replace
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, TypeGuard

from skewless.definitions import types
from skewless.definitions.expression import LiteralNode, literal_node, render
from skewless.errors import NaiveTimestampError, shown
from skewless.quick import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_ELEMENTS, MOST_VALUES, MOST_EDGES, MOST_DIGITS = 1_000, 10_000, 200, 17
USUAL_KEYS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """What only some aggregates have; None elsewhere.

    Attributes:
        n: how many elements a list has at most.
        limit: how many distinct values, and how many keys of a map, a window may have.
        edges: constants of a histogram, ascending.
        q: a percentile's share, as a decimal text.
        found: what was wrong with arguments that could not be read.
    """

    n: int | None = None
    limit: int | None = None
    edges: tuple[LiteralNode, ...] | None = None
    q: str | None = None
    found: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def of_edges(cls, edges: object) -> Parameters:
        """Read a histogram's edges."""
        if not isinstance(edges, list | tuple) or not 1 <= len(edges) <= MOST_EDGES:
            text = f"edges is {shown(edges)}; give a list of 1 to {MOST_EDGES} ascending numbers"
            return cls(found=(text,))
        nodes = []
        for edge in edges:
            try:
                node = literal_node(edge)
            except (TypeError, ValueError, NaiveTimestampError):
                node = None
            if node is None or not types.is_numeric(node.type):
                return cls(found=(f"edges: {shown(edge)} is not a number",))
            nodes.append(node)
        wrong = [
            f"edges do not ascend: {render(right)} follows {render(left)}"
            for left, right in pairwise(nodes)
            if _number(left) >= _number(right)
        ]
        return cls(edges=tuple(nodes), found=tuple(wrong))

    @classmethod
    def of_share(cls, q: object) -> Parameters:
        """Read a percentile's q: a float stands for the decimal that it prints as."""
        number = isinstance(q, int | float | decimal.Decimal) and not isinstance(q, bool)
        exact = decimal.Decimal(repr(float(q)) if isinstance(q, float) else q) if number else None  # type: ignore[arg-type]
        if exact is None or not exact.is_finite() or not 0 <= exact <= 1:
            return cls(found=(f"q is {shown(q)}; it must be a number from 0 to 1, such as 0.99",))
        digits = max(-int(exact.normalize().as_tuple().exponent), 0)
        if digits > MOST_DIGITS:
            return cls(found=(f"q is {shown(q)}; it may have {MOST_DIGITS} digits",))
        return cls(q=f"{exact:.{digits}f}")

    def texts(self) -> Iterator[str]:
        """Yield the arguments as a user writes them."""
        if self.n is not None:
            yield str(self.n)
        if self.edges is not None:
            yield f"[{', '.join(map(render, self.edges))}]"
        if self.q is not None:
            yield self.q

    def named_texts(self) -> Iterator[str]:
        """Yield the arguments that a user writes with their names."""
        if self.limit is not None:
            yield f"limit={self.limit}"

    @classmethod
    def of_list(cls, n: object) -> Parameters:
        """Read how many elements a list has."""
        most = MOST_ELEMENTS
        return cls(n=n) if _is_up_to(n, most) else cls(found=(_not_up_to("n", n, most),))

    def bounded(self, limit: object, *, has_keys: bool) -> Parameters:
        """Return them with a limit of the keys of a map; a limit that is there holds for both.

        Args:
            limit: as the user gave it, if it was not read yet.
            has_keys: whether there is a result for each key.
        """
        if limit is None:
            is_open = has_keys and self.limit is None and not self.found
            return replace(self, limit=USUAL_KEYS) if is_open else self
        if not has_keys:
            text = f"limit={shown(limit)} bounds the keys of a map; name their column with by="
            return replace(self, found=(*self.found, text))
        of_keys = Parameters.of_limit(limit)
        return replace(self, limit=of_keys.limit, found=(*self.found, *of_keys.found))

    @classmethod
    def of_limit(cls, limit: object) -> Parameters:
        """Read how many distinct values there may be."""
        if _is_up_to(limit, MOST_VALUES):
            return cls(limit=limit)
        return cls(found=(_not_up_to("limit", limit, MOST_VALUES),))


def _is_up_to(value: object, most: int) -> TypeGuard[int]:
    return isinstance(value, int) and types.is_whole(value) and 1 <= value <= most


def _not_up_to(name: str, value: object, most: int) -> str:
    return f"{name} is {shown(value)}; it must be a whole number from 1 to {most:,}"


def _number(node: LiteralNode) -> Fraction:
    exact = Fraction(node.value)  # type: ignore[arg-type]  # a number
    scale = node.type.scale if isinstance(node.type, types.Decimal) else 0
    return exact * Fraction(1, 10**scale)


NO_PARAMETERS = Parameters()
