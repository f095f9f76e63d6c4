"""The first online answer of a fresh process, against boto3 alone reading the same items.

Both clients are processes of their own, timed from their start until they print; this process is
the AWS that they ask. It stands for a Lambda's cold start, whose other parts are the same for both.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import skewless
from benchmarks.comparison import Comparison, alternate
from localaws.server import LocalAws
from skewless import Entity, Every, FeatureService, FeatureStore, FeatureView, Source, agg
from skewless.compiler.keys import physical_key
from skewless.compiler.plan import plan_view
from skewless.online.address import BATCH, WATERMARK, entity_partition, view_partition
from skewless.types import Float64, String

TARGET = 1.3
ROUNDS = 15
HERE = Path(__file__).parent
NOON = datetime(2024, 3, 5, 12, tzinfo=UTC)
ROW = {"carrier": "UA"}

carrier = Entity("carrier", keys={"carrier": String})
landings = Source(
    "landings", schema={"carrier": String, "arr_delay": Float64}, event_time="arrived_at"
)
carrier_delays = FeatureView(
    "carrier_delays",
    entity=carrier,
    source=landings,
    refresh=Every("1h"),
    features={
        "mean_24h": agg.mean("arr_delay", window="24h"),
        "count_24h": agg.count(window="24h"),
        "stddev_7d": agg.stddev_samp("arr_delay", window="7d"),
    },
)
arrival_model = FeatureService("arrival_model", features=[carrier_delays])


def compare() -> list[Comparison]:
    """Measure from the start of the process to the printed answer."""
    with tempfile.TemporaryDirectory(prefix="skewless-benchmark-") as folder:
        lock = Path(folder) / "skewless.lock"
        table = _serve(lock)
        plan = plan_view(carrier_delays)
        keys = [
            {"pk": {"S": entity_partition(plan, physical_key(carrier, ROW))}, "sk": {"S": BATCH}},
            {"pk": {"S": view_partition(plan)}, "sk": {"S": WATERMARK}},
        ]
        ask_skewless = ["ask_skewless.py", str(lock), json.dumps(ROW), NOON.isoformat()]
        ask_boto3 = ["ask_boto3.py", table, json.dumps(keys)]
        _check(ask_skewless, ask_boto3, len(keys))
        ours, theirs = alternate(
            lambda: _ask(ask_skewless)[0], lambda: _ask(ask_boto3)[0], rounds=ROUNDS
        )
    return [
        Comparison(name="first_answer", unit="s", target=TARGET, skewless=ours, baseline=theirs)
    ]


def _serve(lock: Path) -> str:
    """Make a store with one day of landings, cut at noon, and pin its service."""
    store = FeatureStore.local("benchmark", clock=NOON)
    store.apply([arrival_model])
    rows = [
        {**ROW, "arr_delay": float(hour), "arrived_at": NOON - timedelta(hours=hour)}
        for hour in range(1, 25)
    ]
    store.backfill(landings, rows)
    store.materialize(carrier_delays)
    store.lock(arrival_model, lock)
    return store.resources.online_table


def _check(ask_skewless: list[str], ask_boto3: list[str], items: int) -> None:
    """See that both read what there is; this also compiles what they import."""
    row = json.loads(_ask(ask_skewless)[1])
    found = int(_ask(ask_boto3)[1])
    if row["count_24h"] != 24 or found != items:  # noqa: PLR2004 - the hours of a day
        raise ValueError(f"first_answer: skewless found {row}, boto3 {found} of {items} items")


def _ask(program: list[str]) -> tuple[float, str]:
    started = time.perf_counter()
    with (
        subprocess.Popen(  # noqa: S603 - our own programs
            [sys.executable, str(HERE / program[0]), *program[1:]],
            env=_environment(),
            stdout=subprocess.PIPE,
            text=True,
        ) as process
    ):
        answer = process.stdout.readline() if process.stdout else ""
        seconds = time.perf_counter() - started
    if process.returncode:
        raise ValueError(f"first_answer: {program[0]} failed")
    return seconds, answer


def _environment() -> dict[str, str]:
    """Return an environment that knows the local AWS and nothing else."""
    return {
        **LocalAws.start().environment,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "PYTHONPATH": str(Path(skewless.__file__).parents[1]),
    }
