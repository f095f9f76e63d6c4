"""`make soak`: interleavings without end, each pair of operations in turn, and many together.

After each round come real processes, of which many are killed.

Environment:
    SKEWLESS_SEED: play this one run again, and nothing else.
    SKEWLESS_ROUNDS: how many rounds to play; without end if it is not set.
    SKEWLESS_FROM: the number of the first round; drawn by the clock if it is not set.
"""

from __future__ import annotations

import itertools
import os
import random
import sys
import time
import warnings
from typing import TYPE_CHECKING

import tests.conftest  # noqa: F401 - nobody's AWS, before boto3 is imported
from tests.order.operations import OPERATIONS
from tests.order.processes import WRITERS, Processes
from tests.order.run import Run
from tests.order.world import Template

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_TOGETHER = 40
_DEATHS = 20


def main() -> int:
    """Play, tell of what fails, and return 1 if anything did."""
    warnings.simplefilter("ignore")
    template = Template()
    if (seed := os.environ.get("SKEWLESS_SEED")) is not None:
        return play([seed], template)
    first = int(os.environ.get("SKEWLESS_FROM") or time.time())
    rounds = os.environ.get("SKEWLESS_ROUNDS")
    last = None if rounds is None else first + int(rounds)
    numbers = itertools.count(first) if last is None else range(first, last)
    return max((_round(number, template) for number in numbers), default=0)


def _round(number: int, template: Template) -> int:
    status = play(seeds(number), template)
    Processes(str(number), rounds=_DEATHS).play()
    _say(f"holds: {_DEATHS} deaths of processes, {WRITERS} writers ({number})")
    return status


def seeds(number: int) -> Iterator[str]:
    """Yield the seeds of one round."""
    for pair in itertools.combinations_with_replacement(OPERATIONS, 2):
        yield f"{'+'.join(pair)}/{number}"
    drawn = random.Random(number)  # noqa: S311 - runs are drawn
    for place in range(_TOGETHER):
        names = drawn.choices(list(OPERATIONS), k=drawn.choice((3, 3, 3, 4, 5)))
        yield f"{'+'.join(names)}/{number}.{place}"


def play(some: Iterable[str], template: Template) -> int:
    """Play runs; say of each how it ended."""
    status = 0
    for seed in some:
        run = Run.of(seed, template)
        try:
            run.play()
        except AssertionError as error:
            status = 1
            _say(f"{error}\nFAILED: {seed}")
        else:
            _say(f"holds: {seed} ({len(run.world.scheduler.trace)} turns)")
    return status


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - what a terminal is for


if __name__ == "__main__":
    sys.exit(main())
