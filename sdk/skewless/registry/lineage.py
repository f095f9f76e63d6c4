"""Lineage: what each published thing is made of, and what stands on it. Pure.

Nodes are columns of sources, features of views, services, training sets, and models by the locks
that they ship with. An edge leads from what is read to what reads it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, cast

from skewless.compiler.fingerprint import fingerprint, used_columns
from skewless.definitions.expression import FeatureNode, walk
from skewless.definitions.names import versioned
from skewless.definitions.on_demand import OnDemandView
from skewless.definitions.version import Version
from skewless.definitions.view import FeatureView, view_behind
from skewless.errors import InputError, UnknownNameError
from skewless.registry.selection import named

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from skewless.compiler.fingerprint import Known
    from skewless.definitions.service import AnyView, View
    from skewless.registry.model_lock import ModelLock
    from skewless.registry.published import Published

_ALONE = frozenset({"training", "model"})  # kinds whose names are no names of definitions
_SHAPES = {"service": ("([", "])"), "training": ("[(", ")]"), "model": ("{{", "}}")}
_ENTITIES = {'"': "#quot;", "#": "#35;", "&": "#amp;", "<": "#lt;", ">": "#gt;", "`": "#96;"}


@dataclass(frozen=True, slots=True, order=True)
class LineageNode:
    """A column, a feature, a service, a training set or a model.

    Attributes:
        kind: column, feature, service, training or model.
        owner: the source; the view or service, as `name@version`; where a training set is; or
            `model churn`.
        name: the column or feature; empty for all others.
    """

    kind: str
    owner: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.owner}:{self.name}" if self.name else self.owner


@dataclass(frozen=True)
class Lineage:
    """A graph of what is published, and of the models that are locked to it.

    Attributes:
        edges: pairs of what is read and what reads it, sorted.
        nodes: sorted; columns and features that nothing reads are there as well.
    """

    edges: tuple[tuple[LineageNode, LineageNode], ...]
    nodes: tuple[LineageNode, ...]

    @classmethod
    def of(cls, published: Published, models: Iterable[ModelLock] = ()) -> Lineage:
        """Return the graph of what is published, with every version.

        Args:
            published: the definitions.
            models: the locks of models; those that ended are left out.
        """
        edges = sorted({*_edges(published), *_edges_of_models(published, models)})
        nodes = sorted({*_nodes(published), *(node for edge in edges for node in edge)})
        return cls(tuple(edges), tuple(nodes))

    def find(self, text: str) -> tuple[LineageNode, ...]:
        """Return the nodes that a text names.

        Args:
            text: `source`, `source:column`, `view`, `view:feature` or `service`; views and services
                with `@version` if not all versions are meant. `model churn`, or `churn` if nothing
                published has the name; where a training set is.

        Raises:
            InputError: it is no such text.
            UnknownNameError: nothing has the name.
        """
        name, version, part = named(text)
        of_owner = []
        if name is not None:
            defined = [node for node in self.nodes if node.kind not in _ALONE]
            of_owner = [node for node in defined if _is_of(node.owner, name, version)]
        alone = [node for node in self.nodes if node.kind in _ALONE]
        called = tuple(node for node in alone if text.strip() in _names_of(node))
        if called and not of_owner:
            return called
        if name is None:
            raise InputError(
                f"{text!r} names nothing; write a source, source:column, view, view:feature, "
                'service or "model name", a view or service with @version if not all are meant'
            )
        if not of_owner:
            raise UnknownNameError(
                "source, view, service or model",
                name,
                {_names_of(node)[-1] for node in self.nodes if node.kind != "training"},
            )
        found = [node for node in of_owner if part in (None, node.name)]
        if not found:
            parts = {node.name for node in of_owner}
            raise UnknownNameError("column or feature", str(part), parts, owner=repr(name))
        return tuple(found)

    def upstream(self, nodes: Iterable[LineageNode]) -> Lineage:
        """Return all that these nodes are made of, and they themselves."""
        return self._part(nodes, self._read_by)

    def downstream(self, nodes: Iterable[LineageNode]) -> Lineage:
        """Return all that stands on these nodes, and they themselves."""
        return self._part(nodes, self._readers_of)

    def to_dict(self) -> dict[str, object]:
        """Return plain data for JSON: nodes, and edges between their texts."""
        return {
            "nodes": [
                {"id": str(node), "kind": node.kind, "owner": node.owner, "name": node.name}
                for node in self.nodes
            ],
            "edges": [{"from": str(read), "to": str(reader)} for read, reader in self.edges],
        }

    def to_mermaid(self) -> str:
        """Return the graph as a Mermaid flowchart, grouped by source, view and service."""
        numbers = {node: f"n{number}" for number, node in enumerate(self.nodes)}
        lines = ["flowchart LR"]
        for number, owner in enumerate(dict.fromkeys(node.owner for node in self.nodes)):
            own = [node for node in self.nodes if node.owner == owner]
            if not own[0].name:
                begin, end = _SHAPES[own[0].kind]
                lines.append(f"    {numbers[own[0]]}{begin}{_label(owner)}{end}")
                continue
            lines.append(f"    subgraph g{number}[{_label(owner)}]")
            lines += [f"        {numbers[node]}[{_label(node.name)}]" for node in own]
            lines.append("    end")
        lines += [f"    {numbers[read]} --> {numbers[reader]}" for read, reader in self.edges]
        return "\n".join(lines) + "\n"

    @cached_property
    def _read_by(self) -> Mapping[LineageNode, list[LineageNode]]:
        return _grouped((reader, read) for read, reader in self.edges)

    @cached_property
    def _readers_of(self) -> Mapping[LineageNode, list[LineageNode]]:
        return _grouped(self.edges)

    def _part(
        self, nodes: Iterable[LineageNode], steps: Mapping[LineageNode, list[LineageNode]]
    ) -> Lineage:
        found: dict[LineageNode, None] = {}
        waiting = [*nodes]
        while waiting:
            node = waiting.pop()
            if node not in found:
                found[node] = None
                waiting += steps.get(node, ())
        edges = [edge for edge in self.edges if edge[0] in found and edge[1] in found]
        return Lineage(tuple(edges), tuple(sorted(found)))


def _edges(published: Published) -> Iterator[tuple[LineageNode, LineageNode]]:
    for view in published.views:
        for feature in view.feature_types:
            node = _feature(view, feature)
            yield from ((read, node) for read in _reads(view, feature))
    for service in published.definitions.services:
        node = LineageNode("service", versioned(service.name, service.version))
        yield from ((_feature(view, feature), node) for view, feature in service.features)


def _edges_of_models(
    published: Published, models: Iterable[ModelLock]
) -> Iterator[tuple[LineageNode, LineageNode]]:
    live = [lock for lock in models if lock.is_live]
    if not live:
        return
    known: Known = {}
    meant = {
        versioned(view.name, view.version): fingerprint(view, known) for view in published.views
    }
    for lock in live:
        model = LineageNode("model", f"model {lock.model}")
        if lock.service:
            yield LineageNode("service", lock.service), model
        else:
            yield from ((_named_feature(text), model) for text in lock.features)
        for one in lock.training:
            trained = LineageNode("training", one.name)
            yield trained, model
            for text, digits in one.features:
                # What was tried and never published may have the name of what is.
                if meant.get(text.partition(":")[0]) == digits:
                    yield _named_feature(text), trained


def _named_feature(text: str) -> LineageNode:
    owner, _, name = text.partition(":")
    return LineageNode("feature", owner, name)


def _names_of(node: LineageNode) -> tuple[str, ...]:
    """Return the texts that name a node's owner; the shortest comes last."""
    if node.kind == "model":
        return node.owner, node.owner.removeprefix("model ")
    return (node.owner,) if node.kind == "training" else (node.owner.partition("@")[0],)


def _label(text: str) -> str:
    """Return a text as Mermaid shows it: it takes labels for HTML, and `#` begins an entity."""
    told = " ".join(text.split())
    return '"' + "".join(_ENTITIES.get(letter, letter) for letter in told) + '"'


def _nodes(published: Published) -> Iterator[LineageNode]:
    for source in published.definitions.sources:
        yield from (LineageNode("column", source.name, column) for column in source.columns)
    for view in published.views:
        yield from (_feature(view, feature) for feature in view.feature_types)


def _reads(view: View, feature: str) -> Iterator[LineageNode]:
    match view:
        case FeatureView():
            alone = view.only([feature])
            columns = dict.fromkeys([*used_columns(alone), view.source.event_time])
            yield from (LineageNode("column", view.source.name, name) for name in columns)
        case OnDemandView():
            function = view.function
            nodes = [view.expressions[feature]] if function is None else [*function.inputs]
            for node in nodes:
                for part in walk(node):
                    if isinstance(part, FeatureNode):
                        yield _feature(cast("AnyView", part.view), part.feature)


def _feature(view: AnyView, feature: str) -> LineageNode:
    """Return a feature of the published view, whatever role it is read in."""
    own = view_behind(view)
    return LineageNode("feature", versioned(own.name, own.version), feature)


def _is_of(owner: str, name: str, version: str | None) -> bool:
    """Say whether a node's owner is meant; a major version stands for all that was added to it."""
    own, _, number = owner.partition("@")
    if own != name or version is None or not number:
        return own == name and version is None
    wanted, there = Version.parse(version), Version.parse(number)
    if "." in version:
        return there.major == wanted.major and there <= wanted
    return there.major == wanted.major


def _grouped(
    pairs: Iterable[tuple[LineageNode, LineageNode]],
) -> Mapping[LineageNode, list[LineageNode]]:
    found: dict[LineageNode, list[LineageNode]] = {}
    for first, second in pairs:
        found.setdefault(first, []).append(second)
    return found
