"""`skewless repair`: stream views after a producer died."""

from __future__ import annotations

from typing import Annotated

import typer

from skewless.cli.invocation import Invocation


def repair(
    context: typer.Context,
    *,
    views: Annotated[
        list[str],
        typer.Argument(metavar="VIEW", help="Stream views, `name` or `name@version`."),
    ],
) -> None:
    """Write stream views' items of the day anew from the log.

    For after a producer died between the log and the online store: until somebody
    does the rest, its source's stream views are answered as of its stamp, with the
    status `stale`. The next ingest does it after five minutes, this at once.

      skewless repair card_activity
    """
    invocation = Invocation.of(context)
    store = invocation.store()
    for view in views:
        store.repair(view)
        invocation.screen.say(f"{view}: its items of the day hold all that the log has")
    invocation.screen.document({"repaired": views})
