"""How time and memory grow with one dimension, while all others stay as they are."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from statistics import linear_regression
from typing import TYPE_CHECKING, Any

from benchmarks.results import middle
from benchmarks.sizes import Size
from benchmarks.workload import Case
from benchmarks.workloads import WORKLOADS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.runner import Runner


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One dimension of a workload.

    Attributes:
        name: of the dimension, for the picture.
        workload: whose baseline and skewless are measured.
        base: changes to the parameters of the workload's small case.
        parameter: what varies.
        values: its values; `more` are measured from size mid on, `most` at size full alone.
        case: which of the workload's cases is the base.
    """

    name: str
    workload: str
    parameter: str
    values: tuple[Any, ...]
    base: dict[str, Any]
    more: tuple[Any, ...] = ()
    most: tuple[Any, ...] = ()
    case: int = 0


_ROUNDS = (0, 0, 0, 3)  # by size, beside the process that shows its answer
_OTHER_COLUMNS = 4
_BYTES_OF_A_CELL = 32
_LATEST = {"labels": 20_000, "events": 200_000, "entities": 2_000}
_WINDOWS = {"labels": 20_000, "events": 200_000, "entities": 2_000}
_READ = {"users": 20, "rows": 1, "views": 1, "times": 200}
_WINDOW_NAMES = ("1h", "3h", "6h", "24h", "3d", "7d", "14d", "30d")

CURVES = (
    Curve(
        name="labels",
        workload="latest",
        parameter="labels",
        values=(10_000, 40_000, 160_000),
        more=(640_000,),
        most=(2_560_000,),
        base=_LATEST,
    ),
    Curve(
        name="events",
        workload="latest",
        parameter="events",
        values=(50_000, 200_000, 800_000),
        more=(3_200_000,),
        most=(12_800_000, 100_000_000),
        base={**_LATEST, "features": 2},
    ),
    Curve(
        name="entities",
        workload="latest",
        parameter="entities",
        values=(100, 1_000, 10_000, 100_000),
        base=_LATEST,
    ),
    Curve(
        name="views",
        workload="latest",
        parameter="views",
        values=(1, 2, 4, 8),
        more=(16,),
        base={**_LATEST, "labels": 2_000, "events": 20_000},
    ),
    Curve(
        name="features",
        workload="latest",
        parameter="features",
        values=(10, 30, 100, 300),
        most=(1_000,),
        base={**_LATEST, "labels": 2_000, "events": 20_000},
    ),
    Curve(
        name="days",
        workload="latest",
        parameter="days",
        values=(10, 30, 90),
        more=(365,),
        most=(1_095,),
        base=_LATEST,
    ),
    Curve(
        name="windows",
        workload="windows",
        parameter="windows",
        values=tuple(_WINDOW_NAMES[:count] for count in (1, 2, 4, 8)),
        base=_WINDOWS,
    ),
    Curve(
        name="events in windows",
        workload="windows",
        parameter="events",
        values=(50_000, 200_000, 800_000),
        more=(3_200_000,),
        most=(12_800_000, 100_000_000),
        base=_WINDOWS,
    ),
    Curve(
        name="views read",
        workload="online",
        parameter="views",
        values=(1, 5, 20),
        more=(2, 10),
        base=_READ,
    ),
    Curve(
        name="entities read",
        workload="online",
        parameter="rows",
        values=(1, 20, 400),
        more=(5, 100),
        base={**_READ, "users": 400, "times": 50},
    ),
    Curve(
        name="tiles of a window",
        workload="fold",
        parameter="hop",
        values=("1d", "6h", "1h", "5m"),
        base={"payments": 5_000},
    ),
)


def points(curve: Curve, runner: Runner) -> Iterator[dict[str, Any]]:
    """Measure a curve, point by point: the baseline and skewless.

    Raises:
        DisagreementError: their answers differ.
        ProgramError: one failed.
        MemoryError: a point needs more memory than there is.
    """
    workload = WORKLOADS[curve.workload]
    base = workload.cases(Size.SMALL)[curve.case]
    two = replace(workload, contenders=workload.contenders[:2])
    for value in values_of(curve, runner.size):
        parameters = {**base.parameters, **curve.base, curve.parameter: value}
        case = Case(
            name=f"{curve.name}: {at(curve, value):g}",
            parameters=parameters,
            memory_gb=_memory_gb(parameters),
        )
        measured = runner.measure(two, case, runner.size.of(*_ROUNDS))
        yield {"at": at(curve, value), "contenders": measured["contenders"]}


def values_of(curve: Curve, size: Size) -> list[Any]:
    """Return the values to measure, in the order of the axis."""
    found = curve.values
    if size >= Size.MID:
        found += curve.more
    if size >= Size.FULL:
        found += curve.most
    return sorted(found, key=lambda value: at(curve, value))


def _memory_gb(parameters: dict[str, Any]) -> float:
    """Return what a point needs: the data, the local AWS's copies of them, and who reads them."""
    columns = parameters.get("features") or len(parameters.get("columns", ()))
    cells: int = (
        parameters.get("events", 0) * parameters.get("views", 1) * (columns + _OTHER_COLUMNS)
    )
    return 1 + cells * _BYTES_OF_A_CELL / 1e9


def at(curve: Curve, value: Any) -> float:
    """Return where a value lies on the axis."""
    if curve.parameter == "windows":
        return len(value)
    if curve.parameter == "hop":
        return 30 * 1_440 / (int(value[:-1]) * {"m": 1, "h": 60, "d": 1_440}[value[-1]])
    return float(value)


def slope(found: list[dict[str, Any]], contender: int, measure: str) -> float | None:
    """Return the exponent of growth, fitted to all points: 1 is linear, 0 does not grow."""
    pairs = [
        (math.log(point["at"]), math.log(value))
        for point in found
        if (value := value_at(point, contender, measure))
    ]
    return linear_regression(*zip(*pairs, strict=True)).slope if len(pairs) > 1 else None


def value_at(point: dict[str, Any], contender: int, measure: str) -> float | None:
    """Return a point's median; memory is what came on top of what the process held before."""
    one = point["contenders"][contender]
    value = middle(one, measure)
    if value is None or measure != "peak_mb":
        return value
    return max(value - (middle(one, "base_mb") or 0.0), 1.0)
