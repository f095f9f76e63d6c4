"""Whether a training set fits into memory, asked before anything is computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skewless.definitions import types
from skewless.errors import InputError
from skewless.offline.engines.memory import memory_bytes

if TYPE_CHECKING:
    from skewless.compiler.plan import SelectionPlan
    from skewless.definitions.types import ValueType

_WORD = 8  # bytes; texts and lists take that at the least, for their places


def check_room(rows: int, plan: SelectionPlan) -> None:
    """Refuse a set whose values alone are more than the memory of this machine or container.

    Raises:
        InputError: it has the number, and the way out.
    """
    needed = rows * sum(_bytes_of(item.type) for item in plan.selected)
    there = memory_bytes()
    if there is not None and needed > there:
        raise InputError(
            f"{rows:,} rows with {len(plan.selected):,} features take {_gigabytes(needed)} or "
            f"more, and this machine has {_gigabytes(there)} of memory: ask for fewer features, or "
            "for the rows of a smaller span at a time; every engine hands back a set in memory"
        )


def _bytes_of(type_: ValueType) -> float:
    return 1 / _WORD if type_ == types.Bool else _WORD


def _gigabytes(count: float) -> str:
    return f"{count / 1e9:,.1f} GB"
