"""`skewless promote`: what is published in one store goes to another."""

from __future__ import annotations

from typing import Annotated

import typer

from skewless.cli.invocation import Invocation
from skewless.cli.planned import print_plan
from skewless.cli.publish import is_confirmed, refusal_of
from skewless.errors import PublishError


def promote(
    context: typer.Context,
    *,
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME...",
            help="Views and services: `view`, `view@1` with all that was added to it, `view@1.2`.",
            show_default=False,
        ),
    ],
    to: Annotated[
        str, typer.Option("--to", metavar="STORE", help="The other store.", show_default=False)
    ],
    profile: Annotated[
        str | None,
        typer.Option(
            "--to-profile",
            metavar="PROFILE",
            help="AWS profile of the other store's account, if it is another.",
            show_default=False,
        ),
    ] = None,
    region: Annotated[
        str | None,
        typer.Option(
            "--to-region", metavar="REGION", help="The other store's region.", show_default=False
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    message: Annotated[
        str, typer.Option("--message", "-m", metavar="TEXT", help="Why, for the other log.")
    ] = "",
) -> None:
    """Publish versions of this store in another one, as they are.

    The published documents are carried, with all that they stand on: nobody's Python
    is run again, and the fingerprints are equal afterwards. It shows the plan and
    asks. Events and online values stay where they are.

      skewless promote fraud_model@2 --store dev --to prod --to-profile prod
    """
    invocation = Invocation.of(context)
    screen = invocation.screen
    if screen.is_json and not yes:
        raise typer.BadParameter("with --json nobody can be asked: add --yes")
    store = invocation.store()
    other = invocation.other_store(to, profile=profile, region=region)
    found = store.plan_promotion(names, to=other)
    print_plan(screen, found)
    if found.is_refused:
        screen.document({**found.to_dict(), "is_promoted": False})
        raise PublishError(refusal_of(found))
    if found.has_changes and not yes and not is_confirmed("Promote?"):
        raise PublishError("not confirmed: nothing was promoted. --yes promotes without asking")
    with screen.progress(f"promoting to {other.name}"):
        done = store.promote(names, to=other, message=message, planned=found)
    screen.document({**done.to_dict(), "is_promoted": True})
    if done.has_changes:
        screen.say(f"Promoted from store {store.name!r} to {other.name!r}.", style="bold")
