"""`skewless outdated`: what locks pin, beside the versions that there are."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads it
from typing import Annotated

import typer

from skewless.cli.invocation import Invocation
from skewless.cli.screen import counted
from skewless.errors import InputError


def outdated(
    context: typer.Context,
    *,
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILES", help="Lock files; skewless.lock if none.", show_default=False
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Show also what is up to date.")
    ] = False,
) -> None:
    """Show which views and services of locks have newer versions, or are marked.

    Minor is the newest version that adds features and keeps all values; a model
    goes on as it is with skewless lock --upgrade FILE. Another major has other
    values. The exit code is 1 if anything is shown, as npm outdated has it.

      skewless outdated lambda/skewless.lock
    """
    invocation = Invocation.of(context)
    screen = invocation.screen
    found = invocation.store().outdated(*(files or ()))
    due = [pin for pin in found if pin.is_outdated]
    shown = found if everything else due
    screen.document([{**pin.to_dict(), "is_outdated": pin.is_outdated} for pin in shown])
    if shown:
        screen.table(
            ("Lock", "Kind", "Name", "Locked", "Minor", "Newest", "Is", "Why"),
            [
                (
                    pin.lock,
                    pin.kind,
                    pin.name,
                    pin.locked,
                    pin.minor,
                    pin.newest,
                    pin.state,
                    pin.why,
                )
                for pin in shown
            ],
        )
    if due:
        raise InputError(f"{counted(len(due), 'locked version')} of {len(found)} outdated")
    screen.say(f"All {counted(len(found), 'locked version')} up to date.")
