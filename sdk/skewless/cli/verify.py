"""`skewless verify`: serving compared with history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from skewless.cli.invocation import Invocation
from skewless.cli.materialize import Engine  # noqa: TC001 - typer reads the annotations
from skewless.cli.online import Features, RowsFile, one_or_all, selection_of
from skewless.cli.rows import rows_of_file
from skewless.cli.screen import counted, plain, shown
from skewless.cli.values import checked_instant

if TYPE_CHECKING:
    from skewless.cli.screen import Screen
    from skewless.verify import Report

_MOST_SHOWN = 20


def verify(
    context: typer.Context,
    *,
    features: Features,
    sample: Annotated[
        int, typer.Option(metavar="N", min=1, help="How many rows to draw from the log.")
    ] = 100,
    rows: RowsFile = None,
    at: Annotated[
        list[str] | None,
        typer.Option(
            callback=checked_instant,
            metavar="INSTANT",
            help="ISO time to compare at, now if left out; may be repeated.",
            show_default=False,
        ),
    ] = None,
    engine: Engine = None,
) -> None:
    """Compare served values with values by history, bit by bit.

    The exit code is 1 if any value differs, or if none could be compared since
    all were stale.

      skewless verify --features fraud_model --sample 1000
    """
    invocation = Invocation.of(context)
    screen = invocation.screen
    store = invocation.store()
    selected = one_or_all(features)
    entity_rows = None
    if rows is not None:
        plan = selection_of(store, selected)
        entity_rows = rows_of_file(rows, {**plan.keys, **dict(plan.request)})
    with screen.progress("comparing history and serving"):
        report = store.verify(
            selected, entity_rows=entity_rows, sample=sample, instants=at, engine=engine
        )
    screen.document({"is_equal": report.is_equal, **plain(report.to_dict())})
    _print(screen, report)
    report.raise_if_different()


def _print(screen: Screen, report: Report) -> None:
    screen.table(
        ("Feature", ">Compared", ">Equal", ">Different"),
        [
            (
                item.feature,
                f"{item.compared:,}",
                f"{item.equal:,}",
                f"{item.different:,}",
            )
            for item in report.features
        ],
    )
    screen.say()
    if report.stale:
        screen.say(
            f"{report.stale:,} of {counted(report.rows, 'row')} were stale and not compared.",
            "yellow",
        )
    if report.failed:
        screen.say(
            f"{report.failed:,} of {counted(report.rows, 'row')} have failed views:", "yellow"
        )
        screen.table(
            ("View", "Row", "Why"),
            [
                (
                    item.view,
                    " ".join(f"{name}={shown(value)}" for name, value in item.row.items()),
                    item.reason,
                )
                for item in report.failures[:_MOST_SHOWN]
            ],
        )
    if report.is_equal:
        values, rows = counted(report.compared, "value"), report.rows - report.stale
        screen.say(f"{values} of {counted(rows, 'row')}: all equal, bit by bit.", "bold green")
    if report.differences:
        screen.table(
            ("Feature", "Row", "History", "Served"),
            [
                (
                    item.feature,
                    " ".join(f"{name}={shown(value)}" for name, value in item.row.items()),
                    shown(item.history),
                    shown(item.served),
                )
                for item in report.differences[:_MOST_SHOWN]
            ],
        )
        rest = len(report.differences) - _MOST_SHOWN
        if rest > 0:
            screen.say(f"… and {rest:,} more; --json prints them all")
