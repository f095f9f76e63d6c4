"""Train, serve and verify the fraud model on an AWS inside this process: `make fraud`."""

from __future__ import annotations

import sys
import tempfile
import warnings
from pathlib import Path

import threadpoolctl  # type: ignore[import-untyped]

from examples.fraud import data, report, train
from examples.fraud.run import Clock, Run
from localaws.server import LocalAws
from skewless import FeatureStore
from skewless.demo import budget
from skewless.demo.budget import Step
from skewless.demo.course import Course
from skewless.demo.surroundings import surrounded

DRAW = Step("Transfers, a local AWS", 6)
LOAD = Step("Define features once, load history", 9)
TRAIN = Step("Train on what would have been served", 30)
TELL = Step("One name, two windows", 15)
SERVE = Step("Serve today", 40)
COMPARE = Step("Compare what was served with what is trained on", 12)
STOPS, A_STOP = 5, 40  # every three hours from midnight on, and transfers served after each


def main() -> int:
    """Run it all; return 1 if any value that was served differs from the trained one."""
    screen = Course(as_json=False, pace=budget.pace())
    report.opening(screen)
    with warnings.catch_warnings(), tempfile.TemporaryDirectory(prefix="skewless-") as folder:
        # awswrangler uses deprecated pandas functions; an example's user cannot change that.
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        warnings.filterwarnings("ignore", category=FutureWarning)
        aws = LocalAws.start()
        try:
            # One thread: OpenMP's spend more time on waiting for each other.
            with surrounded(aws.environment), threadpoolctl.threadpool_limits(1):
                is_good = _run(screen, Path(folder))
        finally:
            aws.stop()  # otherwise DuckDB complains at exit about what its threads still hold
    return 0 if is_good else 1


def _run(screen: Course, folder: Path) -> bool:
    with screen.step(DRAW, "drawing transfers") as bar:
        world = data.generate()
        bar.tell("starting the local AWS")
        clock = Clock(data.SINCE)
        run = Run(world, FeatureStore.local("fraud", clock=clock), clock, folder)
    report.world(screen, run)
    with screen.step(LOAD, "loading"):
        loaded = run.load()
    report.definitions(screen, sum(taken.accepted for taken in loaded))
    with screen.step(TRAIN, "joining transfers with their features"):
        training = run.train()
    report.training(screen, run, training)
    with screen.step(TELL, "judging the same transfers again"):
        told = run.tell()
    report.story(screen, told)
    with screen.step(SERVE, "first cuts") as bar:
        run.fill()
        bar.tell("taking in events, serving transfers")
        run.serve(A_STOP, STOPS)
    report.served(screen, run)
    with screen.step(COMPARE, "a training set of what was served"):
        parity = run.compare()
        verified = run.store.verify(train.SERVICE, sample=200)
    return report.verdict(screen, parity, verified)


if __name__ == "__main__":
    sys.exit(main())
