"""`skewless diff`: a file against what is published, or the registry against what it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from skewless.cli.invocation import Invocation
from skewless.cli.planned import STYLES
from skewless.cli.publish import collected
from skewless.cli.screen import counted
from skewless.cli.values import checked_moment
from skewless.errors import PublishError
from skewless.registry.change import Action
from skewless.registry.identity import Identity

if TYPE_CHECKING:
    from skewless.registry.change import Change
    from skewless.registry.history import StateChange

_MOMENT = "An ISO time, or the id of an apply in `skewless log`."


def diff(
    context: typer.Context,
    *,
    file: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE", help="A Python file, or the name of a module.", show_default=False
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Exit with 1 if anything differs: for CI.")
    ] = False,
    start: Annotated[
        str | None,
        typer.Option(
            "--from",
            callback=checked_moment,
            metavar="MOMENT",
            help=f"Without FILE: what changed in the registry since. {_MOMENT}",
            show_default=False,
        ),
    ] = None,
    end: Annotated[
        str | None,
        typer.Option(
            "--to",
            callback=checked_moment,
            metavar="MOMENT",
            help="With --from: until when; now if left out.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Show how a file differs from what is published, or what changed in the registry.

    What is published and not in the file stays published. With --from there is no
    file: it shows what changed since then, field by field, and by whom.

      skewless diff definitions.py --check
      skewless diff --from 2026-05-01T00:00:00Z --to 4f2a91c0b7de
    """
    invocation = Invocation.of(context)
    if (file is None) == (start is None):
        raise typer.BadParameter("give FILE, or --from MOMENT; not both")
    if start is None and end is not None:
        raise typer.BadParameter("--to goes with --from")
    if file is None:
        differs = _of_states(invocation, start or "", end)
        what = "the registry changed: "
    else:
        differs = _of_file(invocation, file)
        what = f"{file} differs from what is published in "
    if check and differs:
        raise PublishError(f"{what}{counted(differs, 'definition')}")


def _of_file(invocation: Invocation, file: str) -> int:
    screen = invocation.screen
    definitions = collected(file)
    store = invocation.store()
    changes = store.plan(definitions).changed
    wanted = {Identity.of(item) for item in definitions}
    lacking = [
        found for item in store.published.definitions if (found := Identity.of(item)) not in wanted
    ]
    screen.document(
        {
            "is_same": not changes,
            "differences": [change.to_dict() for change in changes],
            "only_published": [
                {"kind": item.kind, "name": item.name, "version": item.version.written}
                for item in lacking
            ],
        }
    )
    for change in changes:
        _print_change(invocation, change)
    for item in lacking:
        screen.say(f"- {item}")
        screen.indented("is published, and not in the file")
    if not changes:
        screen.say(f"Nothing in {file} differs from what is published.")
    return len(changes)


def _print_change(invocation: Invocation, change: Change) -> None:
    sign = "+" if change.action is Action.CREATE else "~"
    invocation.screen.say(f"{sign} {change.identity}", style=STYLES.get(change.action, "yellow"))
    for text in change.details or ("is not published",):
        invocation.screen.indented(text)


def _of_states(invocation: Invocation, start: str, end: str | None) -> int:
    changes = invocation.store().changes(start, end)
    screen = invocation.screen
    screen.document({"is_same": not changes, "changes": [change.to_dict() for change in changes]})
    for change in changes:
        _print_state_change(invocation, change)
    if not changes:
        screen.say("Nothing in the registry differs.")
    return len(changes)


def _print_state_change(invocation: Invocation, change: StateChange) -> None:
    screen = invocation.screen
    is_new = change.action == Action.CREATE.value
    screen.say(f"{'+' if is_new else '~'} {change.subject}", style="green" if is_new else "yellow")
    for text in change.details:
        screen.indented(text)
    for entry in change.applies:
        screen.indented(f"{entry.at:%Y-%m-%d %H:%M:%SZ}  {entry.id}  {entry.by}", style="dim")
        if entry.message:
            screen.indented(entry.message, style="dim", by=8)
