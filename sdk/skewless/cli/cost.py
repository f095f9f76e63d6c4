"""`skewless cost`: what a month of a store costs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skewless.cli.definitions_file import load_definitions
from skewless.cli.invocation import Invocation
from skewless.cli.rows import rows_of_file
from skewless.cost import Traffic, predict
from skewless.definitions.collection import Definitions
from skewless.errors import InputError
from skewless.registry.published import Published

if TYPE_CHECKING:
    from skewless.cli.screen import Screen
    from skewless.cost import Bill

_Numbers = list[str] | None


def cost(  # noqa: PLR0913 - one for each option
    context: typer.Context,
    *,
    file: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE",
            help="A Python file, or the name of a module; what is published if left out.",
            show_default=False,
        ),
    ] = None,
    entities: Annotated[
        _Numbers,
        typer.Option(metavar="ENTITY=N", help="How many of an entity's keys have events."),
    ] = None,
    events: Annotated[
        _Numbers, typer.Option(metavar="SOURCE=N", help="New events of a source a day.")
    ] = None,
    predictions: Annotated[
        _Numbers,
        typer.Option(metavar="SERVICE=N", help="Rows that are read of a service, or view, a day."),
    ] = None,
    example: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SOURCE=FILE",
            help="A JSON file with an event of a source that stands for all.",
            show_default=False,
        ),
    ] = None,
    batch: Annotated[
        int, typer.Option(metavar="N", min=1, help="How many events a call of ingest brings.")
    ] = 1,
    readers: Annotated[int, typer.Option(metavar="N", min=1, help="How many processes serve.")] = 1,
) -> None:
    """Predict what a month costs, from definitions and the traffic of a day.

    Every item is folded, encoded and sized as it would be. The options may be
    repeated. DynamoDB, the log and Athena's cuts are predicted; Lambda, Step
    Functions, requests to S3 and monitoring come on top: see docs/costs.md.

      skewless cost definitions.py --entities user=1e6 --events payments=5e6
    """
    invocation = Invocation.of(context)
    published = (
        invocation.store().published
        if file is None
        else Published(Definitions.collect(load_definitions(file)))
    )
    traffic = Traffic(
        _numbers("--entities", entities),
        _numbers("--events", events),
        _numbers("--predictions", predictions),
        _examples(published, example),
        events_per_ingest=batch,
        readers=readers,
    )
    bill = predict(published, traffic)
    invocation.screen.document(bill.to_dict())
    _print(invocation.screen, bill)


def _numbers(option: str, texts: list[str] | None) -> dict[str, float]:
    found = {}
    for text in texts or ():
        name, _, number = text.partition("=")
        try:
            found[name] = float(number.replace("_", ""))
        except ValueError as error:
            raise typer.BadParameter(
                f"{option} {text!r} is no name and number; write {option} NAME=1000000"
            ) from error
    return found


def _examples(published: Published, texts: list[str] | None) -> dict[str, dict[str, Any]]:
    found = {}
    for text in texts or ():
        name, _, path = text.partition("=")
        if not path:
            raise typer.BadParameter(f"--example {text!r} names no file; write SOURCE=FILE")
        rows = rows_of_file(Path(path), published.source(name).columns)
        if len(rows) != 1:
            raise InputError(f"{path} has {len(rows)} events; an example is one")
        found[name] = rows[0]
    return found


def _print(screen: Screen, bill: Bill) -> None:
    screen.table(
        ("What", "Of", ">A month", "Unit", ">Dollars"),
        [
            (item.what, item.by, _figure(item.quantity), item.unit, f"{item.dollars:,.2f}")
            for item in bill.items
        ],
    )
    screen.say()
    if bill.row_read_units:
        screen.table(
            ("Read", ">Read units a row"),
            [(name, f"{units:,.2f}") for name, units in bill.row_read_units.items()],
        )
        screen.say()
    screen.table(
        ("View", ">Bytes of an entity's item"),
        [(name, f"{size:,.0f}") for name, size in bill.item_bytes.items()],
    )
    screen.say()
    screen.say(f"Together {bill.dollars:,.2f} dollars a month, at us-east-1's prices.", "bold")


def _figure(quantity: float) -> str:
    return f"{quantity:,.0f}" if quantity >= 100 else f"{quantity:,.3f}"  # noqa: PLR2004
