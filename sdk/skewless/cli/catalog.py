"""`skewless catalog`: a site of what is published."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from skewless.catalog.site import check_folder, write_site
from skewless.catalog.upload import upload
from skewless.cli import traffic
from skewless.cli.invocation import Invocation
from skewless.cli.screen import counted


def catalog(
    context: typer.Context,
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder to write.")] = Path(
        "catalog"
    ),
    samples: Annotated[
        int,
        typer.Option(
            metavar="N", min=0, help="How many entities of each source are looked at; 0 for none."
        ),
    ] = 1_000,
    is_measured: traffic.Measured = False,
    predictions: traffic.Predictions = None,
    is_published: Annotated[
        bool, typer.Option("--publish", help="Upload it where the store's catalog stack says.")
    ] = False,
    is_opened: Annotated[bool, typer.Option("--open", help="Show it in the browser.")] = False,
) -> None:
    """Write a site of what is published: features, lineage, values, costs.

    The site is plain files. It needs no server: open index.html. Values are drawn
    from the offline store, and never of sources, entities or views that have the
    tag personal. With a day's traffic it says what each view costs a month.

      skewless catalog -o catalog --open
      skewless catalog --measured --predictions fraud_model=2e6
      skewless catalog --publish
    """
    invocation = Invocation.of(context)
    check_folder(output)
    store = invocation.store()
    expected = None
    if is_measured or predictions:
        expected = traffic.measured(store, traffic.given(None, None, predictions))
    found = store.catalog(samples=samples, traffic=expected)
    index = write_site(found, output)
    screen = invocation.screen
    published = upload(output, store.name, store.aws) if is_published else None
    address = None if published is None else published.address
    screen.document({"index": str(index), "address": address, "catalog": found.to_dict()})
    screen.say(
        f"wrote {index}: {counted(len(found.views), 'view')}, "
        f"{counted(len(found.services), 'service')} of store {store.name!r}"
    )
    if address is not None:
        screen.say(f"published at {address}")
    if hint := invocation.why_empty():
        screen.note(f"\n{hint}")
    if is_opened:
        webbrowser.open(index.resolve().as_uri())
