"""`skewless why`, `dependents` and `lineage`: what a thing is made of, and what stands on it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from skewless.cli.invocation import Invocation

if TYPE_CHECKING:
    from skewless.registry.lineage import Lineage, LineageNode

Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="source, source:column, view, view:feature, service or model; @version for one.",
        show_default=False,
    ),
]
Mermaid = Annotated[bool, typer.Option("--mermaid", help="Print a Mermaid flowchart instead.")]
_HEADINGS = {
    "column": "Columns",
    "feature": "Features",
    "service": "Services",
    "training": "Training sets",
    "model": "Models",
}


def why(context: typer.Context, *, name: Name, mermaid: Mermaid = False) -> None:
    """Show what a feature, view, service or model is made of, down to columns.

    With --json it is a graph of nodes and edges.

      skewless why customer_orders:orders_7d
    """
    invocation = Invocation.of(context)
    graph = invocation.store().lineage()
    asked = graph.find(name)
    _print(invocation, asked, graph.upstream(asked), mermaid=mermaid, nothing="is read as it is")


def dependents(context: typer.Context, *, name: Name, mermaid: Mermaid = False) -> None:
    """Show what stands on a column, feature or view: features, services, models.

    With --json it is a graph of nodes and edges.

      skewless dependents orders:amount
    """
    invocation = Invocation.of(context)
    graph = invocation.store().lineage()
    asked = graph.find(name)
    _print(
        invocation, asked, graph.downstream(asked), mermaid=mermaid, nothing="is read by nothing"
    )


def lineage(
    context: typer.Context,
    *,
    mermaid: Mermaid = False,
    producer: Annotated[
        str | None,
        typer.Option(
            "--openlineage",
            metavar="PRODUCER",
            help="Print OpenLineage events instead, one on a line, in the name of this URI: "
            "the address of your definitions' repository.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Show the whole graph: columns, features, services, training sets, models.

    With --json it is a graph of nodes and edges, or a list of events.

      skewless lineage --openlineage https://git.example.com/features
    """
    invocation = Invocation.of(context)
    store, screen = invocation.store(), invocation.screen
    if producer is not None:
        if mermaid:
            raise typer.BadParameter("--mermaid and --openlineage do not go together")
        events = store.openlineage(producer=producer)
        screen.document({"events": events})
        for event in events:
            screen.say(json.dumps(event))
        return
    graph = store.lineage()
    _print(invocation, (), graph, mermaid=mermaid, nothing="nothing is published")


def _print(
    invocation: Invocation,
    asked: tuple[LineageNode, ...],
    found: Lineage,
    *,
    mermaid: bool,
    nothing: str,
) -> None:
    screen = invocation.screen
    screen.document(found.to_dict())
    if mermaid:
        screen.say(found.to_mermaid().rstrip())
        return
    others = [node for node in found.nodes if node not in asked]
    if not others:
        screen.say(f"{', '.join(map(str, asked))} {nothing}.".strip())
    for kind, heading in _HEADINGS.items():
        of_kind = [node for node in others if node.kind == kind]
        if not of_kind:
            continue
        screen.say(heading, style="bold")
        for owner in dict.fromkeys(node.owner for node in of_kind):
            names = [node.name for node in of_kind if node.owner == owner and node.name]
            screen.indented(f"{owner}: {', '.join(names)}" if names else owner)
