"""What is marked of that which a selection or a plan reads. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from skewless.definitions.collection import Definitions
from skewless.registry.changes import Action
from skewless.registry.identity import Identity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from skewless.registry.changes import Plan
    from skewless.registry.marks import Mark
    from skewless.registry.published import Published


def with_marks(plan: Plan, published: Published) -> Plan:
    """Return the plan with a warning at each new definition that reads a marked version."""
    if not published.marks:
        return plan
    wanted = {Identity.of(item): item for item in plan.definitions}
    changes = []
    for change in plan.changes:
        told: list[str] = []
        if change.action is Action.CREATE:
            read = marks_read(published, [wanted[change.identity]])
            told = [f"it reads {identity}, which {mark}" for identity, mark in read]
        changes.append(replace(change, warnings=(*change.warnings, *told)))
    return replace(plan, changes=tuple(changes))


def marks_read(published: Published, chosen: Iterable[object]) -> Iterator[tuple[Identity, Mark]]:
    """Yield what is marked of these definitions and of all that they read."""
    items = [*chosen]
    if not published.marks or not items:
        return
    for item in Definitions.collect(items):
        identity = Identity.of(item)
        if identity in published.marks:
            yield identity, published.marks[identity]
