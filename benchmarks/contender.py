"""One of those that do a workload's job: skewless, a peer, or the least that the job takes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from benchmarks.sizes import Size

OURS = "skewless"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """A program, and where it runs.

    Attributes:
        name: as the tables show it.
        program: a module of `benchmarks.programs`.
        peer: whose environment it runs in, as `peers/<peer>.txt` locks it; skewless's own if None.
        setup: a program that runs once, before anything is measured.
        arguments: added to the case's parameters.
        is_whole: the process is measured from outside, its start and imports included.
        largest: the largest size that it is asked to do; `bounded` says why.
    """

    name: str
    program: str
    peer: str | None = None
    setup: str | None = None
    arguments: dict[str, Any] = field(default_factory=dict)
    is_whole: bool = False
    largest: Size = Size.FULL
    bounded: str = ""
