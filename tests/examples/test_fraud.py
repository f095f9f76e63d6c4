"""The fraud example: the whole world is trained on, a few transfers of its last day are served."""

from __future__ import annotations

import contextlib
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
import threadpoolctl  # type: ignore[import-untyped]

from examples.fraud import data, definitions, inference, report, story, train
from examples.fraud.run import STOP, Clock, Run
from localaws.server import LocalAws
from skewless import FeatureStore
from skewless.compiler.physical import from_physical
from skewless.definitions.expression import to_microseconds
from skewless.definitions.on_demand import OnDemandView
from skewless.definitions.view import Role, view_behind
from skewless.demo.course import Course
from skewless.demo.surroundings import surrounded
from skewless.online.outgoing import plain
from skewless.registry.selection import planned
from skewless.verify import bits
from tests import reference
from tests.docs.pages import ROOT, blocks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from examples.fraud.run import Parity
    from skewless.definitions.source import Source
    from skewless.definitions.view import FeatureView
    from skewless.offline.training.training_set import TrainingSet

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning"),
]

A_STOP, STOPS = 3, 4
NUMBER = re.compile(r"-?\d[\d,]*\.?\d*")


@dataclass(frozen=True)
class Played:
    run: Run
    training: TrainingSet
    story: story.Story
    parity: Parity


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    aws = LocalAws.start()
    folder = tmp_path_factory.mktemp("fraud")
    inference.store.cache_clear()
    inference.model.cache_clear()
    with surrounded(aws.environment), threadpoolctl.threadpool_limits(1):
        clock = Clock(data.SINCE)
        store = FeatureStore.local("fraud_test", clock=clock)
        run = Run(data.generate(), store, clock, folder)
        run.load()
        training = run.train()
        told = run.tell()
        run.fill()
        run.serve(A_STOP, STOPS)
        yield Played(run, training, told, run.compare())


def test_every_value_served_is_the_value_trained_on(played: Played) -> None:
    parity = played.parity

    assert parity.answers == A_STOP * STOPS
    assert parity.compared == parity.answers * len(played.training.features)
    assert parity.different == parity.moved == 0
    assert parity.nulls < parity.compared / 5


def test_every_value_served_is_the_oracles(played: Played) -> None:
    run = played.run
    selected = planned(run.store.published, train.SERVICE).selected
    for one in run.served:
        known = oracle(run, one.label)
        for item in selected:
            wanted = plain(logical(known[item.view.name, item.feature], item.type))
            assert bits(one.answer["features"][item.output]) == bits(wanted), item


def test_a_skewed_mean_makes_the_model_worse_and_its_window_alone_does_not(played: Played) -> None:
    told = played.story

    assert told.skewed.loss > 1.4 * told.right.loss
    assert told.skewed.cost > 1.4 * told.right.cost
    assert told.skewed.auc < told.right.auc
    assert told.weekly.loss < 1.4 * told.right.loss
    assert told.skewed.loss > 1.4 * told.weekly.loss
    assert told.right.cost < told.stolen / 4


def test_the_skewed_mean_is_the_mean_of_seven_days(played: Played) -> None:
    missed = played.story.missed
    assert missed is not None
    (label,) = played.run.tested[played.run.tested["transfer_id"] == missed.transfer_id].to_dict(
        "records"
    )
    at = microseconds(label["event_timestamp"])
    events = events_of(played.run, definitions.movements, user_id=label["sender_id"])
    for mean, aggregation in zip(
        missed.means,
        (
            definitions.amounts.aggregations["amount_mean_30d"],
            story.weekly.view.aggregations["amount_mean_7d"],
        ),
        strict=True,
    ):
        assert aggregation.window is not None
        assert aggregation.hop is not None
        since = reference.floor_to(
            at - aggregation.window.microseconds, aggregation.hop.microseconds
        )
        seen = [
            event.values  # noqa: PD011 - no pandas
            for event in events
            if since <= event.event_time < at and event.ingest_time < at
        ]
        units = [
            round(values["amount"] * 10**6)
            for values in seen
            if values["direction"] == "out" and not values["declined"]
        ]
        assert mean == sum(units) / len(units) / 10**6


def test_the_features_are_many_and_of_two_entities_two_roles_and_everybody() -> None:
    names = [feature for _, feature in definitions.fraud_model.features]
    views = [view for view, _ in definitions.fraud_model.features]
    roles = [view for view in views if isinstance(view, Role)]

    assert len(names) >= 40
    assert {tuple(role.columns_of_keys.values()) for role in roles} == {
        ("sender_id",),
        ("receiver_id",),
    }
    keys = {tuple(view.entity.keys) for view in definitions.VIEWS}
    assert keys == {("user_id",), ("device_id",), ()}


def test_the_page_shows_what_the_command_prints(played: Played) -> None:
    """The last digits depend on the processor that the model was fitted on."""
    page = ROOT / "docs" / "fraud.md"
    shown = next(block.code for block in blocks(page) if "trained on" in block.code)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        report.story(Course(as_json=False), played.story)

    wanted, found = words(printed.getvalue()), words(shown)
    assert found[0] == wanted[0]
    assert found[1] == pytest.approx(wanted[1], rel=0.05)


def words(text: str) -> tuple[list[str], list[float]]:
    """Return a text's words without numbers, and its numbers."""
    numbers = [float(number.replace(",", "")) for number in NUMBER.findall(text)]
    return NUMBER.sub("#", text).split(), numbers


def oracle(run: Run, label: Mapping[str, Any]) -> dict[tuple[str, str], Any]:
    """Return all features of a transfer by view or role, from the contract in plain Python."""
    at = microseconds(label["event_timestamp"])
    found: dict[tuple[str, str], Any] = {}
    for view, _ in definitions.fraud_model.features:
        if not isinstance(view, OnDemandView) and (view.name, "") not in found:
            found |= values_of(run, view, label, at)
    computed = reference.on_demand_values(definitions.transfer, found, label, at)
    function = definitions.familiar.function
    assert function is not None
    features = {name: value for (_, name), value in found.items()}
    inputs = {name: (features | dict(label))[name] for name in function.parameters}
    called = reference.called(definitions.familiar, inputs)
    for view, values in ((definitions.transfer, computed), (definitions.familiar, called)):
        found |= {(view.name, name): value for name, value in values.items()}
    return found


def values_of(
    run: Run, read: FeatureView | Role, label: Mapping[str, Any], at: int
) -> dict[tuple[str, str], Any]:
    view = view_behind(read)
    key = {name: label[column] for name, column in read.columns_of_keys.items()}
    events = events_of(run, view.source, **key)
    values, _ = reference.view_value(view, events, key, reference.as_of(view, at))
    return {(read.name, name): value for name, value in values.items()} | {(read.name, ""): None}


def events_of(run: Run, source: Source, **key: Any) -> list[reference.Event]:
    """Return an entity's events: history is in time, today's came in at the next stop."""
    frame, time = getattr(run.world, source.name), source.event_time
    if not key and source is definitions.movements:
        frame = frame[frame[time] >= run.today - pd.Timedelta(days=3)]  # no window is longer
    for name, value in key.items():
        frame = frame[frame[name] == value]
    found = []
    for row in frame.to_dict("records"):
        values = {
            name: microseconds(value) if isinstance(value, pd.Timestamp) else value
            for name, value in row.items()
        }
        event = reference.backfilled(source, values, values[time])
        if row[time] >= run.today:
            known = microseconds(row[time].floor(STOP) + STOP)
            event = reference.Event(values, event.event_time, known)
        found.append(event)
    return found


def logical(value: Any, type_: Any) -> Any:
    return None if value is None else from_physical(value, type_)


def microseconds(instant: pd.Timestamp) -> int:
    return to_microseconds(instant.to_pydatetime(), "an instant")
