"""`skewless materialize`: the due cuts of views."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from skewless.cli.failed import print_failed
from skewless.cli.failure import PartlyFailedError
from skewless.cli.invocation import Invocation
from skewless.cli.screen import plain
from skewless.cli.values import checked_instant
from skewless.definitions.names import versioned
from skewless.errors import RedriveError, SkewlessError
from skewless.materialize.failures import Failures
from skewless.registry.selection import find_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from skewless import FeatureStore
    from skewless.cli.screen import Screen
    from skewless.errors import Started
    from skewless.materialize.cut import Materialized
    from skewless.registry.published import Published

Engine = Annotated[
    str | None,
    typer.Option(
        metavar="ENGINE", help="athena or duckdb; the store's own if left out.", show_default=False
    ),
]


def materialize(
    context: typer.Context,
    *,
    views: Annotated[
        list[str] | None,
        typer.Argument(metavar="VIEW", help="Views, `name` or `name@version`."),
    ] = None,
    is_all: Annotated[
        bool, typer.Option("--all", help="Every published view, in every version.")
    ] = False,
    cut: Annotated[
        str | None,
        typer.Option(
            callback=checked_instant,
            metavar="INSTANT",
            help="ISO time of the cut, such as 2025-11-05T00:00:00Z; the latest that is due if "
            "left out.",
            show_default=False,
        ),
    ] = None,
    engine: Engine = None,
    starts: Annotated[
        bool,
        typer.Option("--start", help="Start the store's state machine on AWS, and do not wait."),
    ] = False,
    redrives: Annotated[
        bool, typer.Option("--redrive", help="Start again the cuts on AWS that gave up.")
    ] = False,
) -> None:
    """Write the online values of the cuts that are due.

    Readers move over when a cut is complete. Repeating it changes nothing, and a
    run that was cut short is finished. If one view fails the others still run;
    the exit code is then 1.

      skewless materialize customer_returns
      skewless materialize --all
      skewless materialize --redrive
    """
    invocation = Invocation.of(context)
    screen = invocation.screen
    if redrives:
        if views or is_all or cut or engine or starts:
            raise typer.BadParameter("--redrive takes no views and no other option")
        _redrive(invocation.store(), screen)
        return
    if bool(views) == is_all:
        raise typer.BadParameter("name views, or say --all")
    if starts and engine:
        raise typer.BadParameter("the state machine's engine is athena; leave --engine out")
    store = invocation.store()
    names = list(views) if views else _all_views(store.published)
    if starts:
        parts = [part for name in names for part in _exactly(store.published, name)]
        _print_started(screen, [store.start_materialization(part, cut) for part in parts])
        return
    _run(invocation, store, names, cut, engine)


def _run(
    invocation: Invocation,
    store: FeatureStore,
    names: Sequence[str],
    cut: str | None,
    engine: str | None,
) -> None:
    """Run the cuts of views in this process, one view after another."""
    screen = invocation.screen
    done: list[Materialized] = []
    failures: dict[str, SkewlessError] = {}
    with screen.progress("", total=len(names)) as progress:
        for name in names:
            tell = _teller(name, progress.tell)
            tell("starting", 0)
            try:
                done.append(store.materialize(name, cut, engine=engine, progress=tell))
            except SkewlessError as error:
                failures[name] = error
            progress.step()
    _print(screen, done, failures)
    # Where nothing is published, why that is says this too; so does the error, if there is one.
    hint = None if failures else invocation.why_empty()
    if hint:
        screen.note(hint)
    elif done or not failures:
        invocation.remind_of_passing()
    if failures:
        raise PartlyFailedError("views", len(names), failures)


def _redrive(store: FeatureStore, screen: Screen) -> None:
    """Start again the cuts that gave up; print what was started even if some could not be."""
    try:
        started = store.redrive()
    except RedriveError as error:
        _print_started(screen, error.started, error.left)
        raise
    if not started:
        screen.say("no cut gave up")
    _print_started(screen, started)


def _print_started(
    screen: Screen, started: Sequence[Started], left: Mapping[str, str] | None = None
) -> None:
    failures = [{"message_id": message, "message": why} for message, why in (left or {}).items()]
    document = {"started": [plain(item) for item in started]}
    screen.document({**document, "failures": failures} if failures else document)
    for item in started:
        screen.say(f"{item.view}: started {item.arn}")


def _all_views(published: Published) -> list[str]:
    majors = {view: view.version.major for view in published.live_views}
    return [*dict.fromkeys(f"{view.name}@{major}" for view, major in majors.items())]


def _exactly(published: Published, name: str) -> list[str]:
    """Name each part of a view in the version that it came with."""
    versions = [(part.name, part.version) for part in find_parts(published, name)]
    return [f"{name}@{version.major}.{version.minor}" for name, version in versions]


def _teller(name: str, tell: Callable[[str], None]) -> Callable[[str, int], None]:
    def told(word: str, count: int) -> None:
        tell(f"{name}: {word} {count:,}" if count else f"{name}: {word}")

    return told


def _print(
    screen: Screen, done: Sequence[Materialized], failures: dict[str, SkewlessError]
) -> None:
    errors = [
        {"view": name, "type": type(error).__name__, "message": str(error)}
        for name, error in failures.items()
    ]
    screen.document({"cuts": [plain(item) for item in done], "failures": errors})
    cuts = [part for item in done for part in item.parts or (item,)]
    rows = [_row(cut) for item in cuts for cut in (item.before, item) if cut is not None]
    if rows:
        screen.table(("View", "Cut", ">Entities", ">Written", ">Units", "State"), rows)
    failed = Failures()
    for item in cuts:
        for cut in (item.before, item):
            if cut is not None:
                failed.add_named(cut.failed, cut.failed_count)
    print_failed(screen, failed.first, failed.count)


def _row(item: Materialized) -> tuple[object, ...]:
    name = versioned(item.view, item.version)
    if not item.is_new:
        return name, _instant(item), "", "", "", "already there"
    units = f"{item.write_units:,.1f}"
    return name, _instant(item), f"{item.entities:,}", f"{item.written:,}", units, "new"


def _instant(item: Materialized) -> str:
    return item.cut.strftime("%Y-%m-%d %H:%MZ")
