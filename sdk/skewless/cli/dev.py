"""`skewless dev`: the namespaces in which definitions are tried."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from skewless.cli.invocation import Invocation
from skewless.cli.screen import counted
from skewless.definitions.expression import to_microseconds

if TYPE_CHECKING:
    from datetime import datetime

    from skewless.cli.screen import Screen
    from skewless.materialize.sweep import Swept
    from skewless.registry.namespaces import DevNamespace

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


def dev(
    context: typer.Context,
    *,
    drop: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Remove this namespace, with all that it made, at once.",
            show_default=False,
        ),
    ] = None,
    sweeps: Annotated[
        bool,
        typer.Option("--sweep", help="Remove what expired, and what replaced trials left."),
    ] = False,
) -> None:
    """Show the namespaces: who tries what, and until when.

    Definitions are tried by skewless apply --dev NAME. With --dev NAME, history,
    materialize, get, verify, list and show see the trial. skewless promote --dev
    NAME publishes it.

      skewless dev
      skewless dev --drop anna
    """
    invocation = Invocation.of(context)
    store, screen = invocation.store(), invocation.screen
    if drop is not None and sweeps:
        raise typer.BadParameter("--drop sweeps as well; give one of them")
    if drop is not None:
        _print_swept(screen, store.dev(drop).drop(), drop)
    elif sweeps:
        _print_swept(screen, store.sweep(), None)
    else:
        _print(screen, store.namespaces(), store.clock())


def _print(screen: Screen, found: list[DevNamespace], now: datetime) -> None:
    screen.document({"namespaces": [each.to_dict() for each in found]})
    if not found:
        screen.say("Nothing is tried: skewless apply --dev NAME FILE does it.")
    for number, each in enumerate(found):
        if number:
            screen.say()
        is_over = each.is_expired(to_microseconds(now, "now"))
        left = (
            "expired"
            if is_over
            else f"expires in {_length((each.expires_at - now).total_seconds())}"
        )
        age = _length((now - each.created_at).total_seconds())
        screen.say(f"{each.name}  {age} old, {left}", style="dim" if is_over else "bold")
        screen.indented(f"{each.owner}" + ("" if each.by == each.owner else f", last {each.by}"))
        if each.message:
            screen.indented(each.message)
        for item in each.trial.tried:
            document = item[1]
            screen.indented(f"{document['name']}@{document['version']}")
        if each.filled:
            views = sorted(partition.partition("#")[0] for partition in each.filled)
            screen.indented(f"with online items: {', '.join(views)}")


def _print_swept(screen: Screen, swept: Swept, dropped: str | None) -> None:
    screen.document(
        {
            "dropped": dropped,
            "expired": list(swept.expired),
            "views": list(swept.views),
            "items": swept.items,
            "left": list(swept.left),
        }
    )
    for name in ([] if dropped is None else [dropped]) + list(swept.expired):
        screen.say(f"{name} is gone", style="bold")
    for view in swept.views:
        screen.indented(f"its items of {view} are removed" if dropped else f"{view} is removed")
    if swept.items:
        screen.say(f"{counted(swept.items, 'online item')} removed")
    for reason in swept.left:
        screen.say(f"not removed yet: {reason}", style="yellow")
    if not (dropped or swept.expired or swept.views or swept.left):
        screen.say("There was nothing to remove.")


def _length(seconds: float) -> str:
    for unit, letter in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "m")):
        if seconds >= unit:
            return f"{int(seconds // unit)}{letter}"
    return f"{max(int(seconds), 0)}s"
