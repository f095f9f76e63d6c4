"""`skewless history`: a training set by file."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skewless.cli.files import READABLE, Timezone, frame_of, zone_hint
from skewless.cli.invocation import Invocation
from skewless.cli.materialize import Engine  # noqa: TC001 - typer reads the annotations
from skewless.cli.online import Features, FullNames, one_or_all, selection_of
from skewless.cli.screen import plain
from skewless.definitions import types
from skewless.errors import InputError
from skewless.offline.query.mode import Mode

if TYPE_CHECKING:
    from skewless.offline.training.training_set import TrainingSet


def history(  # noqa: PLR0913 - one for each option
    context: typer.Context,
    *,
    labels: Annotated[
        str,
        typer.Argument(
            metavar="LABELS",
            help=f"{READABLE[0].upper()}{READABLE[1:]}, with keys, instants, request fields and "
            "labels.",
            show_default=False,
        ),
    ],
    features: Features,
    output: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="The file or s3:// address to write: Parquet, or CSV if it ends in .csv.",
            show_default=False,
        ),
    ],
    mode: Annotated[
        Mode,
        typer.Option(
            metavar="MODE",
            help="as_served: what serving would have given. event_time: ignores when events "
            "became known, and leaks. replay: see --watermark.",
        ),
    ] = Mode.AS_SERVED,
    timestamp: Annotated[
        str, typer.Option(metavar="COLUMN", help="The column of instants.")
    ] = "event_timestamp",
    watermark: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="For a replay, the column of ingest times before which events count.",
            show_default=False,
        ),
    ] = None,
    timezone: Timezone = None,
    engine: Engine = None,
    full_names: FullNames = False,
) -> None:
    """Join labels with their features, as of each label's instant.

    One row out for each row in, in the same order, with all its columns. Beside
    the output a manifest is written, which says how to make the set again.

      skewless history labels.parquet --features fraud_model -o training.parquet
    """
    invocation = Invocation.of(context)
    screen = invocation.screen
    folder = Path(output).parent
    if "://" not in output and not folder.is_dir():
        raise InputError(f"there is no folder {str(folder)!r} to write {output!r} in")
    _check_writable(output)
    store = invocation.store()
    selected = one_or_all(features)
    plan = selection_of(store, selected, full_names=full_names)
    instants = {name: types.Timestamp for name in (timestamp, watermark) if name is not None}
    kinds = {**instants, **plan.keys, **dict(plan.request)}
    frame = frame_of(labels, kinds, store.aws, timezone=timezone)
    started_at = time.monotonic()
    with screen.progress("reading history") as progress, zone_hint():
        found = store.get_historical_features(
            frame,
            selected,
            mode=mode.value,
            timestamp=timestamp,
            full_names=full_names,
            watermark=watermark,
            engine=engine,
        )
        progress.tell(f"writing {output}")
        if output.lower().endswith(".csv"):
            found.write_csv(output)
        else:
            found.write_parquet(output)
    seconds = time.monotonic() - started_at
    screen.document({"output": output, "manifest": plain(found.manifest), "seconds": seconds})
    if screen.is_json:
        return
    screen.say(f"wrote {output}", style="bold")
    screen.table(("", ""), _facts(found, output, seconds), has_header=False)
    if found.manifest.get("is_leak_prone"):
        screen.note(
            "mode event_time counts events from before they were known: a model trained on this "
            "may look better than it will serve."
        )


def _check_writable(output: str) -> None:
    """Refuse an output that cannot be written, before any work is done."""
    suffix = output.rpartition("/")[2].lower().rpartition(".")[1:]
    if suffix[0] and suffix[1] not in ("parquet", "pq", "csv"):
        raise InputError(
            f"{output!r} ends in .{suffix[1]}, and what is written is Parquet (.parquet) or CSV "
            "(.csv)"
        )


def _facts(found: TrainingSet, output: str, seconds: float) -> list[tuple[str, str]]:
    manifest = found.manifest
    return [
        ("rows", f"{manifest['rows']:,}"),
        ("features", f"{len(manifest['features']):,}"),
        ("mode", str(manifest["mode"])),
        ("engine", str(manifest["engine"])),
        ("digest", str(manifest["digest"])),
        ("manifest", f"{output}.manifest.json"),
        ("took", f"{seconds:.1f} s"),
    ]
