"""`skewless log`: who published what, when and why."""

from __future__ import annotations

from typing import Annotated

import typer

from skewless.cli.invocation import Invocation


def log(
    context: typer.Context,
    *,
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="Only what was done to this.", show_default=False),
    ] = None,
    limit: Annotated[int, typer.Option(help="How many applies to show.", min=1)] = 20,
) -> None:
    """Show who published what, when, of which commit and why; the newest first.

    Applies of releases before this one are not in the log.

    The id of an apply is what --at and --from take.

      skewless log customer_orders
    """
    invocation = Invocation.of(context)
    screen = invocation.screen
    entries = [
        entry
        for entry in invocation.store().log(limit=None if name else limit)
        if name is None or any(_is_of(change.key, name) for change in entry.changes)
    ][:limit]
    screen.document({"applies": [entry.to_dict() for entry in entries]})
    if not entries:
        screen.say("no apply is in the log" + (f" of {name!r}" if name else ""))
    for number, entry in enumerate(entries):
        if number:
            screen.say()
        commit = f"  commit {entry.commit[:12]}" if entry.commit else ""
        head = f"{entry.at:%Y-%m-%d %H:%M:%SZ}  {entry.id}  {entry.by}{commit}"
        screen.say(head, style="bold")
        if entry.message:
            screen.indented(entry.message)
        for change in entry.changes:
            if name is None or _is_of(change.key, name):
                patch = f", now {change.full_version}" if change.patch else ""
                screen.indented(f"{change.action} {change.subject}{patch}")
                for detail in change.details:
                    screen.indented(detail, by=8)


def _is_of(key: str, name: str) -> bool:
    return key.split("#")[1] == name
