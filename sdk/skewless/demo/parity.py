"""Parity: each value that was served against the value of the training set, as bits."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from skewless.compiler import instants
from skewless.definitions.expression import to_datetime, to_microseconds
from skewless.verify import bits

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from skewless.compiler.plan import SelectionPlan

PREDICTION = "the model's probability"


@dataclass(frozen=True, slots=True)
class Served:
    """One flight as the handler answered it.

    Attributes:
        label: the flight's row among the departures, with its instant.
        answer: what the handler returned for it: `features`, and `probability`.
        status: by view, `as_of` (ISO text) and `status`.
    """

    label: Mapping[str, Any]
    answer: Mapping[str, Any]
    status: Mapping[str, Mapping[str, str]]

    @property
    def at(self) -> datetime:
        """The instant of the request, which is the label's."""
        found: datetime = self.label["event_timestamp"]
        return found


@dataclass(slots=True)
class Tally:
    """The result of comparing one view's values.

    Attributes:
        differences: of the first few, the feature, the flight, and both values.
    """

    compared: int = 0
    nulls: int = 0
    different: int = 0
    differences: list[str] = field(default_factory=list)

    def add(self, name: str, flight: str, trained: Any, served: Any) -> None:
        """Compare one value."""
        self.compared += 1
        self.nulls += trained is None
        if bits(trained) != bits(served):
            self.different += 1
            self.differences.append(f"{name} of {flight}: trained {trained!r}, served {served!r}")

    @property
    def equal(self) -> int:
        """How many values are the same bits."""
        return self.compared - self.different


@dataclass(frozen=True, slots=True)
class Parity:
    """The result of the comparison.

    Attributes:
        views: tallies by view, and the model's probabilities.
        statuses: how many answers of views were ok, missing and stale.
        moved: how many answers were as of another instant than training takes.
    """

    views: Mapping[str, Tally]
    statuses: Mapping[str, int]
    moved: int

    @property
    def compared(self) -> int:
        """Values in all."""
        return sum(tally.compared for tally in self.views.values())

    @property
    def different(self) -> int:
        """Values that are not the same bits."""
        return sum(tally.different for tally in self.views.values())


def compare(
    served: Sequence[Served],
    trained: Sequence[Mapping[str, Any]],
    probabilities: Sequence[float],
    plan: SelectionPlan,
) -> Parity:
    """Compare all values, whatever their status."""
    views: dict[str, Tally] = {}
    statuses = {"ok": 0, "missing": 0, "stale": 0}
    moved = 0
    for flight, row, probability in zip(served, trained, probabilities, strict=True):
        number = str(flight.label["flight_id"])
        features = flight.answer["features"]
        for item in plan.selected:
            tally = views.setdefault(item.view.name, Tally())
            tally.add(item.output, number, row[item.output], features[item.output])
        tally = views.setdefault(PREDICTION, Tally())
        tally.add("probability", number, probability, flight.answer["probability"])
        for role, view in zip(plan.roles, plan.labels, strict=True):
            found = flight.status[view]
            statuses[found["status"]] += 1
            as_of = instants.as_of(role.plan.view.refresh, to_microseconds(flight.at, "a label"))
            moved += datetime.fromisoformat(found["as_of"]) != to_datetime(as_of)
    return Parity(views, statuses, moved)
