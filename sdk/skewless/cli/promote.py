"""`skewless promote`: what is published in one store goes to another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from skewless.cli.invocation import Invocation
from skewless.cli.planned import print_plan
from skewless.cli.publish import is_confirmed, refusal_of
from skewless.errors import PublishError

if TYPE_CHECKING:
    from skewless import FeatureStore


def promote(
    context: typer.Context,
    *,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME",
            help="Views and services: `view`, `view@1` with all that was added to it, `view@1.2`. "
            "With --dev names alone, and all that is tried if left out.",
            show_default=False,
        ),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="STORE", help="The other store.", show_default=False),
    ] = None,
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
    """Publish versions in another store as they are, or what is tried in a namespace.

    The published documents are carried, with all that they stand on: nobody's Python
    is run again, and the fingerprints are equal afterwards. It shows the plan and
    asks. Events and online values stay where they are.

    With --dev it publishes what was tried, in this store. Versions are computed, and
    what the trial filled is not filled again.

      skewless promote fraud_model@2 --store dev --to prod --to-profile prod
      skewless promote --dev anna
    """
    invocation = Invocation.of(context)
    screen = invocation.screen
    if screen.is_json and not yes:
        raise typer.BadParameter("with --json nobody can be asked: add --yes")
    store = invocation.store()
    if store.namespace is not None:
        if to or profile or region:
            raise typer.BadParameter("--dev publishes in this store; then promote --to another")
        _publish(invocation, store, names or [], message, yes=yes)
        return
    if not names or to is None:
        raise typer.BadParameter("name views or services and the store: NAME... --to STORE")
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


def _publish(
    invocation: Invocation, store: FeatureStore, names: list[str], message: str, *, yes: bool
) -> None:
    """Publish what is tried in a namespace."""
    screen = invocation.screen
    found = store.plan_promotion(names)
    print_plan(screen, found)
    if not yes and not is_confirmed("Publish?"):
        raise PublishError("not confirmed: nothing was published. --yes publishes without asking")
    with screen.progress(f"publishing to {store.name}"):
        done = store.promote(names, message=message, planned=found)
    screen.document({**done.to_dict(), "is_promoted": True})
    screen.say(
        f"Published to store {store.name!r} from namespace {store.namespace!r}.", style="bold"
    )
