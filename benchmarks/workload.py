"""A job that skewless and its peers do, on data of several sizes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from benchmarks.contender import Contender
    from benchmarks.sizes import Size
    from skewless import FeatureStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One set of data of a workload.

    Attributes:
        name: as the tables show it.
        parameters: plain values, from which the data follow.
        memory_gb: about how much the hungriest contender and the local AWS hold together.
        goals: by what is measured ("cpu_seconds", "peak_mb"), the ratio to the
            baseline that skewless should not exceed.
    """

    name: str
    parameters: dict[str, Any]
    memory_gb: float = 1
    goals: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """What is measured, and by whom it is done.

    Attributes:
        unit: of the tables: "s", "ms" or "us"; samples are always seconds.
        cases: those of a size.
        prepare: makes a case's data: files in the folder, and all that the store holds.
        contenders: the first is the baseline, to which ratios refer.
        tolerance: how far floats of two answers may lie apart, relative to the larger.
        each: how many operations a sample of a case is of; tables show one.
        answers: how contenders write what they computed: "parquet" or "json".
        replays: reads of DynamoDB come from a server that answers from memory.
    """

    name: str
    unit: str
    cases: Callable[[Size], list[Case]]
    prepare: Callable[[FeatureStore, dict[str, Any], Path], None]
    contenders: tuple[Contender, ...]
    tolerance: float = 0.0
    each: Callable[[dict[str, Any]], int] = lambda _: 1
    answers: str = "parquet"
    replays: bool = False
