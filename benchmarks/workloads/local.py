"""`materialize` on the local AWS inside the process: what a developer waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.contender import OURS, Contender
from benchmarks.workload import Case, Workload

if TYPE_CHECKING:
    from benchmarks.sizes import Size


def cases(size: Size) -> list[Case]:
    """Return one case, of ten features."""
    rows = size.of(200, 5_000, 5_000, 5_000)
    return [
        Case(
            name=f"{rows:,} users, 10 features (goal: 2 s)",
            parameters={"users": rows, "views": 1, "features": 10},
        )
    ]


WORKLOAD = Workload(
    name="local",
    unit="s",
    cases=cases,
    prepare=lambda _store, _parameters, _folder: None,
    answers="json",
    contenders=(Contender(name=OURS, program="local_cut"),),
)
