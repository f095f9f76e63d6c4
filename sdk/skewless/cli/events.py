"""`skewless backfill` and `ingest`: events in, by file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from skewless.cli.failed import print_failed
from skewless.cli.files import READABLE, Timezone, frame_of, zone_hint
from skewless.cli.invocation import Invocation
from skewless.cli.screen import counted, plain
from skewless.errors import InputError

if TYPE_CHECKING:
    from skewless.cli.screen import Screen
    from skewless.ingest.ingested import Ingested

_MOST_SHOWN = 20

SourceName = Annotated[
    str, typer.Argument(metavar="SOURCE", help="A published source.", show_default=False)
]
File = Annotated[
    str,
    typer.Argument(
        metavar="FILE",
        help=f"{READABLE[0].upper()}{READABLE[1:]}, with times in ISO form.",
        show_default=False,
    ),
]
Strict = Annotated[
    bool,
    typer.Option("--strict", help="Refuse the file if a single row does not fit."),
]


def backfill(
    context: typer.Context,
    *,
    source: SourceName,
    file: File,
    rewrite: Annotated[
        bool,
        typer.Option("--rewrite", help="Allow rows that count in values which were served."),
    ] = False,
    again: Annotated[
        bool,
        typer.Option("--again", help="Load rows that are all in the log already once more."),
    ] = False,
    strict: Strict = False,
    timezone: Timezone = None,
) -> None:
    """Load history into a source's log.

    Each row counts as known the source's delay after it happened. Rows that do
    not fit are kept in quarantine and shown; the others are loaded. Loading into
    times that were served already is refused without --rewrite, and loading what
    was loaded before without --again.

      skewless backfill orders orders-2025.parquet
    """
    invocation = Invocation.of(context)
    store = invocation.store()
    columns = store.published.source(source).columns
    frame = frame_of(file, columns, store.aws, timezone=timezone)
    with invocation.screen.progress(f"backfilling {source}"), zone_hint():
        found = store.backfill(source, frame, rewrite=rewrite, again=again, strict=strict)
    _print(invocation.screen, found, "of history loaded")
    invocation.remind_of_passing()


def ingest(
    context: typer.Context,
    *,
    source: SourceName,
    file: File,
    strict: Strict = False,
    timezone: Timezone = None,
) -> None:
    """Take in new events, stamped now.

    They go to the log and, for views with refresh="stream", online at once. Rows
    that do not fit are kept in quarantine and shown; the others are taken in. For
    what happened in the past use backfill.

      skewless ingest orders new-orders.jsonl
    """
    invocation = Invocation.of(context)
    store = invocation.store()
    columns = store.published.source(source).columns
    frame = frame_of(file, columns, store.aws, timezone=timezone)
    with invocation.screen.progress(f"ingesting into {source}"), zone_hint():
        found = store.ingest(source, frame, strict=strict)
    _print(invocation.screen, found, "taken in")
    invocation.remind_of_passing()


def _print(screen: Screen, found: Ingested, done: str) -> None:
    screen.document({**plain(found), "rejected_count": len(found.rejected)})
    if found.rejected and not found.accepted:
        raise InputError(
            f"{found.source}: none of {counted(len(found.rejected), 'row')} fits. Nothing was "
            f"taken in; what was given is in quarantine:{found.why}"
        )
    screen.say(f"{found.source}: {counted(found.accepted, 'row')} {done}", style="bold")
    if found.ingest_time is not None:
        screen.say(f"counts from {found.ingest_time.isoformat()} on")
    if found.clamped:
        screen.say(
            f"{found.clamped:,} of them had an event time after that, which was moved to it",
            style="yellow",
        )
    if found.repeated:
        screen.say(
            f"{found.repeated:,} of them were in the log already, and count twice; an event_id "
            "would tell them apart",
            style="yellow",
        )
    print_failed(screen, found.failed, found.failed_count)
    if not found.rejected:
        return
    screen.say()
    rejected = counted(len(found.rejected), "row")
    screen.say(f"{rejected} rejected, kept in quarantine; row 0 is the first:", "bold red")
    shown = found.rejected[:_MOST_SHOWN]
    screen.table((">Row", "Why"), [(row["row_number"], row["reason"]) for row in shown])
    rest = len(found.rejected) - len(shown)
    if rest:
        screen.say(f"… and {rest:,} more; --json prints them all")
