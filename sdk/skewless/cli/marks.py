"""`skewless deprecate`, `yank` and `restore`: what is said of published versions."""

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
    """Take back what deprecate or yank said of a version.

    skewless restore customer_orders@1
    """
    invocation = Invocation.of(context)
    _print(invocation, invocation.store().restore(name, reason=reason), "restored")


def _print(invocation: Invocation, marked: Sequence[str], done: str) -> None:
    invocation.screen.document({done: list(marked)})
    for version in marked:
        invocation.screen.say(f"{version} is {done}")
