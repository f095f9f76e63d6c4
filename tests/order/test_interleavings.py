"""Operations side by side, in interleavings that a seed draws, with deaths and clocks that differ.

`make soak` plays runs without end; `SKEWLESS_SEED=... make soak` plays one again.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime

import pytest

from skewless.aws import Aws
from tests.order.run import Run
from tests.order.world import Template, new_session

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")

# Every pair of operations is in one of these; so is many a triple.
FIXED = (
    "daily+repair+forget+version/1",
    "ingest+rewrite+shops+repair/1",
    "backfill+cut+repair+publish/1",
    "ingest+backfill+cut+forget/1",
    "ingest+daily+publish+version/1",
    "rewrite+cut+daily+version/1",
    "rewrite+shops+forget+publish/1",
    "backfill+daily+shops+version/1",
    "backfill+rewrite+cut+shops/1",
    "ingest+addition+cut+rewrite/1",
    "ingest+addition+daily+forget/1",
    "ingest+trial+rewrite+publish/1",
    "backfill+trial+daily+forget/1",
)
# CI plays the same each time, so that a change is judged by what it changes.
TODAY = () if "CI" in os.environ else (f"ingest+cut+daily/{datetime.now(UTC):%Y-%m-%d}",)


@pytest.fixture(scope="module")
def aws() -> Aws:
    """Where `make conformance` looks for what calls DynamoDB: these run on Amazon's own as well."""
    return Aws(new_session())


@pytest.fixture(scope="module")
def template(aws: Aws) -> Template:
    return Template()


@pytest.mark.slow
@pytest.mark.parametrize("seed", FIXED + TODAY)
def test_whatever_the_interleaving_all_ends_as_in_some_order(template: Template, seed: str) -> None:
    Run.of(seed, template).play()


def test_a_run_is_a_function_of_its_seed(template: Template) -> None:
    traces = []
    for _ in range(2):
        run = Run.of("ingest+cut/again", template)
        run.play()
        traces.append(list(map(str, run.world.scheduler.trace)))
    assert traces[0] == traces[1]
