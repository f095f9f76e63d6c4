"""`skewless lock`: the pinned serving plan that ships with inference code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skewless.cli.commit import commit_of
from skewless.cli.invocation import Invocation
from skewless.cli.models import AcceptSkew, Model, Training  # noqa: TC001 - typer reads these
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
    model: Model = None,
    training: Training = None,
    accept_skew: AcceptSkew = False,
) -> None:
    """Pin a service's serving plan, to ship with inference code.

    Code that opens the lock serves what was published when it was written, and
    reads no registry: FeatureStore.from_lock("skewless.lock"). A file that is the
    lock of another service, or no lock, is not overwritten without --force.

    The registry remembers the model, what it is locked to, and the training sets
    that are named; a set of other features than those locked is refused.

      skewless lock fraud_model -o lambda/skewless.lock --model fraud
    """
    invocation = Invocation.of(context)
    store = invocation.store()
    pinned = pinned_as(resolve(store.published, service))
    made = store.lock(
        service,
        output,
        force=force,
        model=model,
        training=training or (),
        accept_skew=accept_skew,
        commit=commit_of(str(output)),
    )
    screen = invocation.screen
    told = {"service": service, "store": store.name, "output": str(output)}
    screen.document({**told, "model": made.model, "digest": made.digest})
    screen.say(f"wrote {output}: {pinned} of store {store.name!r}, for {made}")
    if not store.current(service)[1]:
        screen.note(
            "views of this version were never cut: until skewless materialize has cut them, its "
            "features are null, and stale"
        )
