"""Whole commands, from start to end. They are long: `make benchmark ARGS=whole` asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.contender import OURS, Contender
from benchmarks.workload import Case, Workload

if TYPE_CHECKING:
    from benchmarks.sizes import Size


def cases(_: Size) -> list[Case]:
    """Return the demo and the local deployment."""
    return [
        Case(name="make demo (goal: 90 s)", parameters={"command": ["skewless.demo"]}),
        Case(name="make deploy-local (goal: 180 s)", parameters={"command": ["deployment"]}),
    ]


WORKLOAD = Workload(
    name="whole",
    unit="s",
    cases=cases,
    prepare=lambda _store, _parameters, _folder: None,
    answers="json",
    contenders=(Contender(name=OURS, program="command", is_whole=True),),
)
