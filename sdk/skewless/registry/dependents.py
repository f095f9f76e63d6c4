"""Dependents: what stands on a definition that a plan changes or refuses. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from skewless.definitions.names import versioned
from skewless.registry.change import Action
from skewless.registry.dependent import Dependent
from skewless.registry.lineage import Lineage
from skewless.registry.parts import parts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from skewless.registry.change import Change
    from skewless.registry.identity import Identity
    from skewless.registry.lineage import LineageNode
    from skewless.registry.model_lock import ModelLock
    from skewless.registry.plan import Plan
    from skewless.registry.published import Published


def with_dependents(
    plan: Plan, published: Published, models: Callable[[], Iterable[ModelLock]] = tuple
) -> Plan:
    """Return the plan with what stands on that which changes or is refused, up to models.

    Args:
        plan: what is to be published.
        published: what is.
        models: gives the locks of models; called if anything may stand on what changes.
    """
    if not any(map(_is_looked_at, plan.changes)):
        return plan
    lineage = Lineage.of(published, models())
    changes = (
        replace(change, dependents=tuple(_dependents(change, published, lineage)))
        if _is_looked_at(change)
        else change
        for change in plan.changes
    )
    return replace(plan, changes=tuple(changes))


def _is_looked_at(change: Change) -> bool:
    if change.action is Action.CREATE:
        return change.compared_with is not None
    return change.action in (Action.EXTEND, Action.REFUSE)


def _dependents(change: Change, published: Published, lineage: Lineage) -> Iterator[Dependent]:
    begun = [*_begun(change, published, lineage)]
    on_demand = {versioned(one.name, one.version) for one in published.definitions.on_demand_views}
    own = set() if change.kind == "entity" else {node.owner for node in begun}
    found = set()
    for node in lineage.downstream(begun).nodes:
        if node.owner not in own:
            kind = node.kind
            if kind == "feature":
                kind = "on_demand_view" if node.owner in on_demand else "view"
            found.add(Dependent(kind, node.owner.removeprefix("model ")))
    yield from sorted(found)


def _begun(change: Change, published: Published, lineage: Lineage) -> Iterable[LineageNode]:
    """Return the columns or features that differ; all of the definition's, if others may."""
    differences = change.differences
    if change.action is Action.EXTEND:
        # Nothing reads a column that is new. A delay may have to do with all that is read.
        differences = tuple(one for one in differences if one.what == "delay")
    if not differences:
        return ()
    owners = set(_owners(change.changed, published))
    nodes = [node for node in lineage.nodes if node.owner in owners]
    if not all(one.feature for one in differences):
        return nodes
    lost = {one.feature for one in differences if one.before is not None}
    return [node for node in nodes if node.name in lost]


def _owners(identity: Identity, published: Published) -> Iterator[str]:
    """Yield what lineage calls a definition: its source, or each of its parts."""
    match identity.kind:
        case "entity":
            for view in published.definitions.views:
                if view.entity.name == identity.name:
                    yield versioned(view.name, view.version)
        case "source":
            yield identity.name
        case "view":
            for part in parts_of(published.views, identity.name, identity.version.major):
                yield versioned(part.name, part.version)
        case _:
            yield versioned(identity.name, identity.version)
