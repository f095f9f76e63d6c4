"""`skewless plan`, `apply` and `diff`: definitions against what is published."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from skewless.cli import traffic
from skewless.cli.commit import commit_of
from skewless.cli.definitions_file import load_definitions
from skewless.cli.invocation import Invocation
from skewless.cli.planned import print_plan
from skewless.definitions.collection import Definitions
from skewless.errors import DefinitionError, PublishError
from skewless.registry.refills import check_refills

if TYPE_CHECKING:
    from skewless import FeatureStore
    from skewless.registry.plan import Plan

File = Annotated[
    str,
    typer.Argument(
        metavar="FILE", help="A Python file, or the name of a module.", show_default=False
    ),
]
_CHANGES = 2  # the exit code of a plan with changes
Refill = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME@VERSION",
        help="A new major of a view that may fill features of the one before a second time, "
        "from a large log. --yes does not answer this.",
    ),
]


def plan(  # noqa: PLR0913 - one for each option
    context: typer.Context,
    *,
    file: File,
    entities: traffic.Entities = None,
    events: traffic.Events = None,
    predictions: traffic.Predictions = None,
    is_measured: traffic.Measured = False,
    tells_changes: Annotated[
        bool,
        typer.Option(
            "--exit-code",
            help="Exit with 0 if there is nothing to do, 2 if there is, 1 if it is refused or "
            "fails.",
        ),
    ] = False,
    is_markdown: Annotated[
        bool,
        typer.Option("--markdown", help="Print Markdown, for a comment on a pull request."),
    ] = False,
) -> None:
    """Show what publishing a file would do, and what it costs.

    Nothing is changed. It tells field by field what differs, which version each
    change needs, which models and services stand on it, and what the first cut of
    each new view takes; with a day's traffic also what a month costs, before and
    after. What would alter the meaning of a published version is refused, with
    the way out; the exit code is then 1.

      skewless plan definitions.py
      skewless plan definitions.py --measured --predictions fraud_model=2e6
      skewless plan definitions.py --markdown --exit-code > plan.md
    """
    invocation = Invocation.of(context)
    if is_markdown and invocation.screen.is_json:
        raise typer.BadParameter("--markdown and --json do not go together")
    definitions = collected(file)
    store = invocation.store()
    expected = traffic.given(entities, events, predictions)
    if is_measured:
        expected = traffic.measured(store, expected)
    is_told = is_measured or entities or events or predictions
    found = store.plan(definitions, traffic=expected if is_told else None)
    invocation.screen.document(found.to_dict())
    if is_markdown:
        invocation.screen.write(found.to_markdown(store.name))
    else:
        print_plan(invocation.screen, found)
    if found.is_refused:
        raise PublishError(refusal_of(found))
    if tells_changes and found.has_changes:
        raise typer.Exit(_CHANGES)


def apply(
    context: typer.Context,
    *,
    file: File,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    message: Annotated[
        str, typer.Option("--message", "-m", metavar="TEXT", help="Why, for the log.")
    ] = "",
    expires: Annotated[
        str | None,
        typer.Option(
            metavar="DURATION",
            help="With --dev: after how long the trial expires, such as 3d; a week if left out.",
            show_default=False,
        ),
    ] = None,
    refill: Refill = None,
) -> None:
    """Publish a file's definitions, or try them unpublished.

    It shows the plan and asks, publishes, and makes the tables of new sources. It
    never changes what a published version means, and never removes anything;
    either all is published or nothing. skewless log tells who published what.

    With --dev it replaces the trial of a namespace instead, which nobody else sees.
    Versions are computed, whatever the file says.

      skewless apply definitions.py --yes --message "a week is too short"
      skewless apply --dev anna definitions.py --expires 3d
    """
    invocation = Invocation.of(context)
    screen = invocation.screen
    store = invocation.store()
    if store.namespace is not None:
        if refill:
            raise typer.BadParameter("--refill goes without --dev: a trial is filled by hand")
        _try(invocation, store, file, message, expires)
        return
    if expires is not None:
        raise typer.BadParameter("--expires goes with --dev: what is published stays")
    if screen.is_json and not yes:
        raise typer.BadParameter("with --json nobody can be asked: add --yes")
    definitions = collected(file)
    found = store.plan(definitions)
    print_plan(screen, found)
    if found.is_refused:
        screen.document({**found.to_dict(), "is_applied": False})
        raise PublishError(refusal_of(found))
    check_refills(found.changes, refill or ())
    if found.has_changes and not yes and not is_confirmed():
        raise PublishError("not confirmed: nothing was published. --yes publishes without asking")
    with screen.progress(f"publishing to {store.name}"):
        done = store.apply(
            definitions,
            message=message,
            commit=commit_of(file),
            refill=refill or (),
            planned=None if yes else found,  # what was confirmed, and nothing else
        )
    screen.document({**done.to_dict(), "is_applied": True})
    if done.has_changes:
        screen.say(f"Published to store {store.name!r}.", style="bold")
    invocation.remind_of_passing()


def _try(
    invocation: Invocation, store: FeatureStore, file: str, message: str, expires: str | None
) -> None:
    """Replace the trial of a namespace; nobody is asked, as it can be replaced again."""
    screen = invocation.screen
    done = store.apply(collected(file), message=message, commit=commit_of(file), expires=expires)
    (made,) = [each for each in store.namespaces() if each.name == store.namespace]
    screen.document({**done.to_dict(), "is_applied": True, "namespace": made.to_dict()})
    print_plan(screen, done)
    if not done.has_changes:
        screen.note(f"All of {file} is published already: there is nothing to try.")
    screen.say(
        f"Tried in namespace {made.name!r} of store {store.name!r} until "
        f"{made.expires_at:%Y-%m-%d %H:%MZ}.",
        style="bold",
    )
    invocation.remind_of_passing()


def is_confirmed(question: str = "Publish?") -> bool:
    """Ask, on stderr; nobody who can answer means no."""
    try:
        return typer.confirm(f"\n{question}", err=True)
    except typer.Abort:  # nobody can answer
        typer.echo(err=True)
        return False


def refusal_of(found: Plan) -> str:
    """Say in one sentence what a plan refuses."""
    names = ", ".join(str(change.identity) for change in found.refusals)
    return f"nothing can be published while these are refused: {names}"


def collected(file: str) -> Definitions:
    """Load definitions; errors about how they fit together name the file."""
    try:
        return Definitions.collect(load_definitions(file))
    except DefinitionError as error:
        raise DefinitionError(file, error.problems) from error
