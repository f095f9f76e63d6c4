"""`skewless cost`: what a month of a store costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from skewless.cli import traffic
from skewless.cli.definitions_file import load_definitions
from skewless.cli.invocation import Invocation
from skewless.cost import predict
from skewless.definitions.collection import Definitions
from skewless.registry.published import Published

if TYPE_CHECKING:
    from skewless.cli.screen import Screen
    from skewless.cost import Bill


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
    entities: traffic.Entities = None,
    events: traffic.Events = None,
    predictions: traffic.Predictions = None,
    is_measured: traffic.Measured = False,
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
      skewless cost --measured --predictions fraud_model=2e6
    """
    invocation = Invocation.of(context)
    store = invocation.store() if file is None or is_measured else None
    published = (
        store.published
        if store is not None and file is None
        else Published(Definitions.collect(load_definitions(str(file))))
    )
    expected = traffic.given(
        entities,
        events,
        predictions,
        examples=traffic.examples(published, example),
        events_per_ingest=batch,
        readers=readers,
    )
    if store is not None and is_measured:
        expected = traffic.measured(store, expected).within(published)
    bill = predict(published, expected)
    invocation.screen.document(bill.to_dict())
    _print(invocation.screen, bill)


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
