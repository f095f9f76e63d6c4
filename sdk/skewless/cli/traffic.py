"""Traffic on the command line: options that several commands share, and what they say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skewless.cli.rows import rows_of_file
from skewless.cost import Traffic
from skewless.errors import InputError

if TYPE_CHECKING:
    from skewless import FeatureStore
    from skewless.registry.published import Published

_Texts = list[str] | None
Entities = Annotated[
    _Texts, typer.Option(metavar="ENTITY=N", help="How many of an entity's keys have events.")
]
Events = Annotated[_Texts, typer.Option(metavar="SOURCE=N", help="New events of a source a day.")]
Predictions = Annotated[
    _Texts,
    typer.Option(metavar="SERVICE=N", help="Rows that are read of a service, or view, a day."),
]
Measured = Annotated[
    bool,
    typer.Option(
        "--measured",
        help="Count entities and events of the last 30 days in the log, where none are given.",
    ),
]


def given(entities: _Texts, events: _Texts, predictions: _Texts, **options: Any) -> Traffic:
    """Return the traffic that the options say."""
    return Traffic(
        _numbers("--entities", entities),
        _numbers("--events", events),
        _numbers("--predictions", predictions),
        **options,
    )


def measured(store: FeatureStore, traffic: Traffic) -> Traffic:
    """Fill in what the log of a store says; what was given stays."""
    found = store.traffic()
    return replace(
        traffic,
        entities={**found.entities, **traffic.entities},
        events={**found.events, **traffic.events},
    )


def examples(published: Published, texts: _Texts) -> dict[str, dict[str, Any]]:
    """Read the events that stand for all, by source."""
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


def _numbers(option: str, texts: _Texts) -> dict[str, float]:
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
