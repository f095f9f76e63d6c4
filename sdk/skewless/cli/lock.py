"""`skewless lock`: the pinned serving plan that ships with inference code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skewless.cli.invocation import Invocation
from skewless.registry.pinned import pinned_as
from skewless.registry.selection import resolve


def lock(
    context: typer.Context,
    *,
    service: Annotated[
        str,
        typer.Argument(
            metavar="SERVICE",
            help="A service, or a view; with @version if not the latest is meant.",
            show_default=False,
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")] = Path(
        "skewless.lock"
    ),
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite the lock of another service.")
    ] = False,
) -> None:
    """Pin a service's serving plan, to ship with inference code.

    Code that opens the lock serves what was published when it was written, and
    reads no registry: FeatureStore.from_lock("skewless.lock"). A file that is the
    lock of another service, or no lock, is not overwritten without --force.

      skewless lock fraud_model -o lambda/skewless.lock
    """
    invocation = Invocation.of(context)
    store = invocation.store()
    pinned = pinned_as(resolve(store.published, service))
    store.lock(service, output, force=force)
    screen = invocation.screen
    screen.document({"service": service, "store": store.name, "output": str(output)})
    screen.say(f"wrote {output}: {pinned} of store {store.name!r}")
    if not store.current(service)[1]:
        screen.note(
            "views of this version were never cut: until skewless materialize has cut them, its "
            "features are null, and stale"
        )
