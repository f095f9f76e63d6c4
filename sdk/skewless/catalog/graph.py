"""The lineage graph as the catalog shows it: the parts of a view are one. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from skewless.catalog.document import GraphNode
from skewless.catalog.naming import major_named

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from skewless.registry.lineage import Lineage, LineageNode


@dataclass(frozen=True)
class Graph:
    """What reads what.

    Attributes:
        nodes: sorted by their ids.
        edges: pairs of what is read and what reads it, sorted.
    """

    nodes: tuple[GraphNode, ...]
    edges: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, lineage: Lineage) -> Graph:
        """Return the graph of what is published, and of the models that are locked to it.

        Training sets are left out: they are on the pages of their models.
        """
        found = {node: _node(node) for node in lineage.nodes if node.kind != "training"}
        nodes = {node.id: node for node in found.values()}
        edges = {
            (found[read].id, found[reader].id)
            for read, reader in lineage.edges
            if read in found and reader in found
        }
        return cls(tuple(nodes[key] for key in sorted(nodes)), tuple(sorted(edges)))

    def above(self, node: str) -> tuple[str, ...]:
        """Return what a node reads itself, sorted."""
        return self._above.get(node, ())

    def below(self, node: str) -> tuple[str, ...]:
        """Return what reads a node itself, sorted."""
        return self._below.get(node, ())

    @cached_property
    def _above(self) -> Mapping[str, tuple[str, ...]]:
        return _grouped((reader, read) for read, reader in self.edges)

    @cached_property
    def _below(self) -> Mapping[str, tuple[str, ...]]:
        return _grouped(self.edges)


def _node(node: LineageNode) -> GraphNode:
    match node.kind:
        case "column":
            owner, own = node.owner, str(node)
        case "model":
            owner, own = node.owner.removeprefix("model "), node.owner
        case _:
            owner = major_named(node.owner)
            own = f"{owner}:{node.name}" if node.name else owner
    return GraphNode(id=own, kind=node.kind, owner=owner, name=node.name)


def _grouped(pairs: Iterable[tuple[str, str]]) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for first, second in pairs:
        found.setdefault(first, []).append(second)
    return {key: tuple(sorted(each)) for key, each in found.items()}
