"""`skewless deprecate`, `yank`, `retire` and `restore`: what is said of published versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from skewless.cli.invocation import Invocation

if TYPE_CHECKING:
    from collections.abc import Sequence

Name = Annotated[
    str,
    typer.Argument(metavar="NAME", help="A view or service, `name@version`.", show_default=False),
]
Reason = Annotated[str, typer.Option("--reason", help="Why.", show_default=False)]
Successor = Annotated[
    str,
    typer.Option("--successor", help="What to use instead, `name@version`.", show_default=False),
]


def deprecate(
    context: typer.Context, *, name: Name, successor: Successor = "", reason: Reason = ""
) -> None:
    """Tell whoever uses a version that there is a better one.

    Everything goes on as it was: training, locks and plans warn.

      skewless deprecate customer_orders@1 --successor customer_orders@2
    """
    invocation = Invocation.of(context)
    found = invocation.store().deprecate(name, successor=successor, reason=reason)
    _print(invocation, found, "deprecated")


def yank(
    context: typer.Context, *, name: Name, successor: Successor = "", reason: Reason = ""
) -> None:
    """Let nothing new be locked to a version; locks that are there keep serving.

    skewless yank customer_orders@1 --reason "counts test customers"
    """
    invocation = Invocation.of(context)
    found = invocation.store().yank(name, successor=successor, reason=reason)
    _print(invocation, found, "yanked")


def restore(context: typer.Context, *, name: Name, reason: Reason = "") -> None:
    """Take back what deprecate or yank said of a version. What is retired stays so.

    skewless restore customer_orders@1
    """
    invocation = Invocation.of(context)
    _print(invocation, invocation.store().restore(name, reason=reason), "restored")


def retire(
    context: typer.Context,
    *,
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME...", help="Views and services, `name@version`.", show_default=False
        ),
    ],
    successor: Successor = "",
    reason: Reason = "",
    latest: Annotated[
        bool,
        typer.Option("--latest", help="Also what a name without a version means."),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Change nothing; count the online items."),
    ] = False,
) -> None:
    """Serve versions no more, for good: cuts end, online items go, history stays.

    It is refused while a service, a view or a registered lock stands on them.
    Readers may remember for up to a cut that a version is served: then it says
    from when on to run it again, which removes the items.

      skewless retire churn_model@1 customer_orders@1 --successor customer_orders@2
    """
    invocation = Invocation.of(context)
    done = invocation.store().retire(
        *names, successor=successor, reason=reason, latest=latest, dry_run=dry_run
    )
    screen = invocation.screen
    screen.document(done.to_dict())
    for version in done.versions:
        screen.say(f"{version} {'would be' if dry_run else 'is'} retired")
    for place in done.trained:
        screen.say(f"training set {place} was made of them, and can be made again")
    units = f"{done.read_units:,.0f} read units, {done.write_units:,.0f} write units"
    if done.removable_at is not None:
        screen.say(
            "Their online items can be removed once no reader remembers the last cut: run the "
            f"same command again after {done.removable_at:%Y-%m-%d %H:%M:%SZ}"
        )
    elif dry_run:
        screen.say(f"There are {done.items:,} online items ({units} to count them)")
    else:
        screen.say(f"{done.items:,} online items were removed ({units})")


def _print(invocation: Invocation, marked: Sequence[str], done: str) -> None:
    invocation.screen.document({done: list(marked)})
    for version in marked:
        invocation.screen.say(f"{version} is {done}")
