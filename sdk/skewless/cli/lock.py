"""`skewless lock`: the pinned serving plan that ships with inference code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skewless.cli.invocation import Invocation


def lock(
    context: typer.Context,
    *,
    service: Annotated[
        str,
        typer.Argument(
            metavar="SERVICE", help="A service, `name` or `name@version`.", show_default=False
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")] = Path(
        "skewless.lock"
    ),
) -> None:
    """Pin a service's serving plan, to ship with inference code.

    Code that opens the lock serves what was published when it was written, and
    reads no registry: FeatureStore.from_lock("skewless.lock").

      skewless lock fraud_model -o lambda/skewless.lock
    """
    invocation = Invocation.of(context)
    store = invocation.store()
    store.lock(service, output)
    screen = invocation.screen
    screen.document({"service": service, "store": store.name, "output": str(output)})
    screen.say(f"wrote {output}: service {service!r} of store {store.name!r}")
