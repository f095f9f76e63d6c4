"""Entities that could not be written, in the form that a result reports them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from skewless.compiler.physical import from_physical

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from skewless.compiler.plan import ViewPlan

_MOST_NAMED = 100


@dataclass(frozen=True, slots=True)
class FailedEntity:
    """An entity of a view whose values cannot be computed or stored online.

    Attributes:
        view: `name@version`.
        key: its value by key column.
        reason: why.
    """

    view: str
    key: Mapping[str, Any]
    reason: str


@dataclass(slots=True)
class Failures:
    """Failed entities, each once for a view. All are counted; only the first are named.

    Attributes:
        count: how many there are.
    """

    count: int = 0
    _named: dict[tuple[str, tuple[Any, ...]], FailedEntity] = field(default_factory=dict)

    @property
    def first(self) -> tuple[FailedEntity, ...]:
        """The entities that are named."""
        return tuple(self._named.values())

    def add(self, plan: ViewPlan, failures: Mapping[tuple[Any, ...], str]) -> None:
        """Add entities of a view, by physical key."""
        view = plan.name
        kinds = plan.view.entity.keys
        for key, reason in failures.items():
            self._add(
                FailedEntity(
                    view,
                    {
                        name: from_physical(value, kind)
                        for (name, kind), value in zip(kinds.items(), key, strict=True)
                    },
                    reason,
                )
            )

    def add_all(self, others: Failures) -> None:
        """Add the entities of another."""
        self.add_named(others.first, others.count)

    def add_named(self, entities: Sequence[FailedEntity], count: int) -> None:
        """Add a number of entities, some of which are named."""
        for entity in entities:
            self._add(entity)
        self.count += count - len(entities)

    def _add(self, entity: FailedEntity) -> None:
        identity = entity.view, tuple(entity.key.values())
        if identity in self._named:
            self._named[identity] = entity
            return
        self.count += 1
        if len(self._named) < _MOST_NAMED:
            self._named[identity] = entity
