"""The flights example and the demo's loop over it, on the few flights of four small carriers."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
import threadpoolctl  # type: ignore[import-untyped]

from localaws.server import LocalAws
from skewless import FeatureStore
from skewless.compiler.plan import plan_selection
from skewless.demo import report, verdict
from skewless.demo.course import Course
from skewless.demo.example import FOLDER, Example
from skewless.demo.loop import Loop, Scale
from skewless.demo.parity import compare
from skewless.demo.surroundings import check_local, surrounded
from skewless.demo.tape import Clock, Tape
from skewless.errors import InputError, StoreError
from skewless.registry.selection import resolve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from skewless.demo.loop import Day
    from skewless.demo.parity import Parity
    from skewless.materialize.cut import Materialized
    from skewless.offline.training.training_set import TrainingSet

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")

CARRIERS = ("9E", "F9", "HA", "US")
SINCE, UNTIL = pd.Timestamp("2013-12-01T00:00Z"), pd.Timestamp("2013-12-29T23:40Z")
SCALE = Scale(
    batch=pd.Timedelta(hours=6),
    serving_hours=(0, 12, 18),
    flights_a_stop=7,
    train_until=pd.Timestamp("2013-12-15T00:00Z"),
)
STORE = "demo_test"


def a_few(tape: Tape) -> Tape:
    flights = tape.events["flights"]
    flights = flights[
        flights["carrier"].isin(CARRIERS) & flights["arrived_at"].between(SINCE, UNTIL)
    ]
    weather = tape.events["weather"]
    weather = weather[weather["observed_at"].between(SINCE, UNTIL)]
    planes = tape.events["plane_registry"]
    planes = planes[planes["tailnum"].isin(flights["tailnum"])]
    events = {"flights": flights, "weather": weather, "plane_registry": planes}
    departures = tape.departures[tape.departures["flight_id"].isin(flights["flight_id"])]
    known_at = {name: tape.known_at[name][frame.index] for name, frame in events.items()}
    return Tape(events=events, known_at=known_at, departures=departures)


@dataclasses.dataclass(frozen=True)
class Played:
    loop: Loop
    days: list[Day]
    loaded: int
    lesson: dict[str, float]
    cuts: list[Materialized]
    parity: Parity
    training: TrainingSet
    trained: list[dict[str, Any]]
    """The training set's rows, of the flights that were served."""


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    example = Example.load()
    tape = a_few(Tape.read(example.data, example.definitions))
    clock = Clock(SCALE.stream_begins)
    aws = LocalAws.start()
    folder = tmp_path_factory.mktemp("flights")
    # One thread: where cores are shared, OpenMP's wait for each other more than they work.
    with surrounded(aws.environment), threadpoolctl.threadpool_limits(1):
        store = FeatureStore.local(STORE, clock=clock)
        loop = Loop(example, tape, store, clock, folder, SCALE)
        loop.define()
        loaded = sum(taken.accepted for taken in loop.load(print))
        lesson = loop.train(loop.training_set(loop.labels()).to_pandas(), print)
        cuts = loop.fill(print)
        days = {day.date: day for day in loop.play(print)}
        parity, training = loop.compare()
        trained = training.to_arrow().to_pylist()
        yield Played(loop, list(days.values()), loaded, lesson, cuts, parity, training, trained)


def test_every_value_served_is_the_value_trained_on(played: Played) -> None:
    parity, flights = played.parity, len(played.loop.served)

    assert flights >= 8
    assert parity.compared == flights * (32 + 1)
    assert parity.different == 0, [tally.differences for tally in parity.views.values()]
    assert all(tally.nulls < tally.compared for tally in parity.views.values())


def test_nothing_served_was_stale_or_of_another_instant(played: Played) -> None:
    parity = played.parity

    assert parity.statuses["stale"] == 0
    assert parity.statuses["ok"] > 0
    assert parity.moved == 0


def test_a_value_that_was_changed_on_its_way_is_found(played: Played) -> None:
    flight = played.loop.served[0]
    answer = {**flight.answer, "features": {**flight.answer["features"], "seats": -1}}
    changed = dataclasses.replace(flight, answer=answer)
    plan = plan_selection(resolve(played.loop.store.published, played.loop.service))

    parity = compare([changed], played.trained[:1], [answer["probability"]], plan)

    assert parity.different == 1
    assert parity.views["aircraft"].differences[0].endswith("served -1")


def test_all_events_are_in_the_log(played: Played) -> None:
    given = sum(len(frame) for frame in played.loop.tape.events.values())

    assert played.loaded + sum(day.events for day in played.days) == given
    assert sum(day.rejected for day in played.days) == 0


def test_the_leak_looks_best_and_is_not_when_served(played: Played) -> None:
    lesson = played.lesson

    assert lesson["leaky same-day averages"] > 0.9
    assert lesson["the leaky model, once served"] < lesson["leaky same-day averages"] - 0.2


def test_a_vector_is_one_round_trip(played: Played) -> None:
    reads = played.loop.reads

    assert reads is not None
    # Once in a container's life the watermarks are unknown, and may ask for more days.
    assert reads.reads <= len(played.loop.served) + 1
    assert 0 < reads.read_units < 10 * len(played.loop.served)


def test_the_handler_answers_in_plain_json(played: Played) -> None:
    flight = played.loop.served[0]

    assert json.loads(json.dumps(dict(flight.answer))) == flight.answer
    assert set(flight.status["carrier_delays"]) == {"as_of", "reason", "status"}
    assert 0 <= flight.answer["probability"] <= 1


def test_the_handler_says_what_its_event_lacks(played: Played) -> None:
    with pytest.raises(ValueError, match=r"needs 'flights'.*it has \['body'\]"):
        played.loop.example.inference.handler({"body": "{}"}, None)


def test_a_handler_that_would_reach_the_real_aws_is_refused(played: Played) -> None:
    lock = os.environ["SKEWLESS_LOCK"]
    with surrounded({"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}):
        store = FeatureStore.from_lock(lock)
        with pytest.raises(StoreError, match="would call https"):
            check_local(store, "http://127.0.0.1:1")


def test_what_is_printed_fits_in_80_columns(
    played: Played, capsys: pytest.CaptureFixture[str]
) -> None:
    screen = Course(as_json=False)
    report.lesson(screen, played.lesson)
    filled = report.filled(screen, played.cuts)
    report.played(screen, played.days, filled)
    report.parity(screen, played.parity, played.training, played.loop)
    report.cost(screen, played.loop)

    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= 80
    assert "all values" in printed


def test_whatever_speaks_against_the_promise_is_said() -> None:
    good: dict[str, Any] = {
        "data": {"flights": 3},
        "history": [{"rows": 2, "refused": 0}],
        "days": [{"events": 1, "refused": 0}],
        "training_set": {"engines": {"is_same": True}},
        "parity": {"compared": 9, "different": 0, "moved": 0, "statuses": {"stale": 0}},
    }
    assert verdict.problems(good) == []

    bad = {
        **good,
        "history": [{"rows": 1, "refused": 1}],
        "training_set": {"engines": {"is_same": False}},
        "parity": {"compared": 0, "different": 2, "moved": 3, "statuses": {"stale": 4}},
    }
    assert verdict.problems(bad) == [
        "2 values differ",
        "nothing was compared",
        "4 answers were stale",
        "3 answers were as of another instant",
        "of 3 events, 2 are in the log",
        "1 events were refused",
        "Athena and DuckDB disagree",
    ]


def test_surroundings_are_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "https://elsewhere")
    before = dict(os.environ)
    with surrounded({"AWS_ENDPOINT_URL": "http://here"}):
        assert "AWS_PROFILE" not in os.environ
        assert "AWS_ENDPOINT_URL_DYNAMODB" not in os.environ
        assert os.environ["AWS_ENDPOINT_URL"] == "http://here"
    assert dict(os.environ) == before


def test_without_a_checkout_the_message_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Clone the repository"):
        Example.load(tmp_path)


def test_the_training_script_runs_as_sagemaker_runs_it(played: Played, tmp_path: Path) -> None:
    channel, model, output = (tmp_path / name for name in ("labels", "model", "output"))
    channel.mkdir()
    played.loop.labels().to_parquet(channel / "part-0.parquet")

    done = sagemaker(channel, model, output)

    assert done.returncode == 0, done.stderr
    assert "auc=0." in done.stdout
    manifest = json.loads((model / "manifest.json").read_text())
    assert manifest["rows"] == len(played.loop.labels())
    assert json.loads((output / "features.json").read_text())[-1] == "evening_rush"
    assert (model / "model.joblib").stat().st_size > 0


def sagemaker(channel: Path, model: Path, output: Path) -> subprocess.CompletedProcess[str]:
    """Run train.py in a process of its own; the library is installed, the code is a folder."""
    environment: dict[str, Any] = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        **LocalAws.start().environment,
        "PYTHONPATH": str(FOLDER.parents[1] / "sdk"),
        "OMP_NUM_THREADS": "1",
        "SM_CHANNEL_LABELS": str(channel),
        "SM_MODEL_DIR": str(model),
        "SM_OUTPUT_DATA_DIR": str(output),
    }
    command = [sys.executable, "train.py", "--store", STORE]
    return subprocess.run(  # noqa: S603 - our own script
        [*command, "--train-until", str(SCALE.train_until)],
        cwd=FOLDER,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
