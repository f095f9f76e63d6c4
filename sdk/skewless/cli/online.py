"""`skewless get`: feature vectors for now."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skewless.cli.invocation import Invocation
from skewless.cli.rows import row_of_pairs, rows_of_file
from skewless.cli.screen import plain, shown
from skewless.cli.values import checked_instant
from skewless.compiler.status import FAILED, OK
from skewless.registry.selection import planned

if TYPE_CHECKING:
    from skewless import FeatureStore
    from skewless.cli.screen import Screen
    from skewless.compiler.plan import SelectionPlan
    from skewless.online.answer import Answer

_SHOWN = ("names", "rows", "status", "overflowed", "read_units", "item_bytes")
Features = Annotated[
    list[str],
    typer.Option(
        "--features",
        "-f",
        metavar="NAME",
        help="A service, a view, view:feature, each with @version if not the latest is meant; "
        "may be repeated.",
        show_default=False,
    ),
]
FullNames = Annotated[bool, typer.Option("--full-names", help="Name every output view__feature.")]
RowsFile = Annotated[
    Path | None,
    typer.Option(
        "--rows",
        metavar="FILE",
        help="A JSON file with a list of rows.",
        show_default=False,
        exists=True,
        dir_okay=False,
    ),
]


def get(
    context: typer.Context,
    *,
    features: Features,
    row: Annotated[
        list[str] | None,
        typer.Option(
            "--row",
            metavar="KEY=VALUE...",
            help="Keys and request fields of one row; may be repeated. Times are ISO text, bytes "
            "base64.",
            show_default=False,
        ),
    ] = None,
    rows: RowsFile = None,
    now: Annotated[
        str | None,
        typer.Option(
            callback=checked_instant,
            metavar="INSTANT",
            help="ISO time to answer for, for replays.",
            show_default=False,
        ),
    ] = None,
    full_names: FullNames = False,
) -> None:
    """Read feature vectors from the online store.

    This is what a model would get. Values come with the state of each view: as of
    when it is, and whether it is ok, missing (nothing is known of the key), stale
    (a due cut is not there) or failed (a value cannot be computed or stored).

      skewless get -f fraud_model --row customer_id=c1 basket_amount=20
      skewless get -f fraud_model --rows customers.json --json
      skewless get -f exchange_rates

    Features of no entity, like those of the last command, need no row.
    """
    if row and rows:
        raise typer.BadParameter("give rows by --row key=value ..., or by --rows FILE, not both")
    invocation = Invocation.of(context)
    store = invocation.store()
    selected = one_or_all(features)
    plan = selection_of(store, store.current(selected)[0], full_names=full_names)
    kinds = {**plan.keys, **dict(plan.request)}
    if kinds and not row and not rows:
        raise typer.BadParameter(
            f"give rows by --row key=value ..., or by --rows FILE; needed: {', '.join(kinds)}"
        )
    pairs = row or [""]  # features of no entity need nothing
    asked = rows_of_file(rows, kinds) if rows else [row_of_pairs(text, kinds) for text in pairs]
    answer = store.get_online_features(selected, asked, now=now, full_names=full_names)
    screen = invocation.screen
    screen.document({name: plain(getattr(answer, name)) for name in _SHOWN})
    for number, entity_row in enumerate(asked):
        if number:
            screen.say()
        _print(screen, plan, answer, number, {name: entity_row.get(name) for name in kinds})


def one_or_all(features: list[str]) -> str | list[str]:
    """Return what the store takes: one name by itself keeps the order and name of its service."""
    return features[0] if len(features) == 1 else features


def selection_of(
    store: FeatureStore, features: object, *, full_names: bool = False
) -> SelectionPlan:
    """Compile what is asked for, to learn its keys and request fields."""
    return planned(store.published, features, full_names=full_names)


def _print(
    screen: Screen, plan: SelectionPlan, answer: Answer, number: int, entity_row: dict[str, Any]
) -> None:
    if screen.is_json:
        return
    asked = " ".join(f"{name}={shown(value)}" for name, value in entity_row.items())
    screen.indented(asked or "one value for all rows", style="bold", by=0)
    values = answer.rows[number]
    screen.table(
        ("  Feature", "Value"),
        [(f"  {item.output}", shown(values[item.output])) for item in plan.selected],
    )
    screen.say()
    screen.table(
        ("  View", "As of", "State"),
        [
            (f"  {view}", f"{found.as_of:%Y-%m-%d %H:%M:%SZ}", found.status)
            for view, found in answer.status[number].items()
        ],
    )
    for view, found in answer.status[number].items():
        if found.reason is not None:
            screen.say(f"  {view} failed: {found.reason}", style="bold red")
    if any(found.status not in (OK, FAILED) for found in answer.status[number].values()):
        screen.note("missing: nothing is known of the key. stale: a due cut is not there yet.")
