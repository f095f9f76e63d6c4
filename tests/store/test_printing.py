"""What a user sees of each object: one short line, and more where it is printed."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from skewless import (
    Definitions,
    Duration,
    Entity,
    Every,
    FeatureService,
    FeatureStore,
    FeatureView,
    Source,
    agg,
)
from skewless.errors import DefinitionError, InputError
from skewless.types import String
from skewless.verify import Difference, Report
from tests.store.builders import (
    NOON,
    card,
    label,
    model,
    payment,
    payments,
    profile,
    ratio,
    spending,
)

if TYPE_CHECKING:
    from pathlib import Path

DEFINED = {
    "Entity('card', keys={'card': String})": card,
    "Source('payments')": payments,
    "FeatureView('spending', version=1)": spending,
    "OnDemandView('ratio', version=1)": ratio,
    "FeatureService('model', version=1)": model,
    "agg.mean('amount', window='1h')": agg.mean("amount", window="1h"),
    "Every('1d', delay='2h')": Every("1d", delay="2h"),
    "'stream'": spending.refresh,
    "Duration('7d')": Duration.parse("1w"),
    "spending['payments_7d']": spending["payments_7d"],
    "Definitions(entities: card; sources: payments; views: spending, profile; on-demand views: "
    "ratio; services: model)": Definitions.collect(model),
}


@pytest.mark.parametrize(("text", "defined"), DEFINED.items(), ids=lambda item: type(item).__name__)
def test_a_definition_shows_itself_in_one_line(text: str, defined: object) -> None:
    assert repr(defined) == text
    assert repr([defined]) == f"[{text}]"


@pytest.fixture
def filled(store: FeatureStore) -> FeatureStore:
    store.apply(model)
    store.backfill("payments", [payment(-3000, card=name) for name in "ab"])
    store.materialize("spending")
    store.materialize("profile")
    return store


def test_results_show_themselves_in_one_line(store: FeatureStore) -> None:
    plan = store.apply(model)
    assert repr(plan) == "Plan(6 create)"
    assert str(plan).splitlines()[-1] == "plan: 6 create"
    assert repr(plan.changes[0]) == "Change(create entity 'card')"
    rows = [payment(-3000), payment(-2999, card="b"), payment(-2998, items=0.5)]
    loaded = store.backfill("payments", rows)
    reason = loaded.rejected[0]["reason"]
    counts = "2 accepted, 1 rejected"
    assert repr(loaded) == f"Ingested('payments': {counts}; row 2: {reason})"
    done = store.materialize("profile")
    at = "2024-03-05T00:00:00+00:00"
    assert repr(done) == f"Materialized(profile@1 as of {at}: 2 of 2 changed entities written)"
    again = store.materialize("profile")
    text = f"Materialized(profile@1 as of {at}: committed before, nothing to do)"
    assert (repr(again), str(again)) == (text, text)
    assert repr(store) == f"FeatureStore({store.name!r})"


def test_a_training_set_and_a_report_show_themselves_in_one_line(filled: FeatureStore) -> None:
    found = filled.get_historical_features([label(), label()], "model")
    assert repr(found) == "TrainingSet(2 rows, 6 features, mode='as_served')"
    report = filled.verify("model", sample=5)
    text = "Report(30 values of 5 rows compared: all equal)"
    assert (repr(report), str(report)) == (text, text)


def test_a_report_prints_its_first_differences() -> None:
    row = {"card": "a"}
    differences = tuple(Difference("n", row, NOON, value, -1) for value in range(7))
    report = Report((), differences, 10, 2, 0.0)
    assert repr(report) == "Report(0 values of 10 rows compared, 2 rows stale and not compared)"
    lines = str(report).splitlines()
    assert lines[1] == (
        "  'n' of {'card': 'a'} as of 2024-03-05T12:00:00+00:00: history 0, served -1"
    )
    assert lines[6:] == ["  and 2 more in report.differences"]


def test_an_erasure_and_a_diagnosis_print_what_they_found(filled: FeatureStore) -> None:
    erasure = filled.forget("card", "a", dry_run=True)
    assert repr(erasure) == f"Erasure('card': would remove {erasure.count}, complete)"
    assert len(str(erasure).splitlines()) > 2
    diagnosis = filled.doctor()
    assert repr(diagnosis).startswith(f"Diagnosis({filled.name!r}: 0 errors, ")
    assert len(str(diagnosis).splitlines()) == 1 + len(diagnosis.findings)


def test_a_locked_store_shows_what_it_serves(filled: FeatureStore, tmp_path: Path) -> None:
    filled.lock("model", tmp_path / "skewless.lock")
    locked = FeatureStore.from_lock(tmp_path / "skewless.lock", session=filled.aws.session)
    assert repr(locked) == "FeatureStore(lock of FeatureService('model', version=1))"


WRONG: dict[str, tuple[Any, str]] = {
    "a view for a source": (
        lambda: FeatureView("v", entity=card, source=spending, refresh="stream", features=["x"]),  # type: ignore[arg-type]
        "source is FeatureView('spending', version=1); give a Source",
    ),
    "a frame for a source": (
        lambda: FeatureView(
            "v",
            entity=card,
            source=pd.DataFrame({"a": range(100)}),  # type: ignore[arg-type]
            refresh="stream",
            features=["x"],
        ),
        "source is a DataFrame; give a Source",
    ),
    "a service for an entity": (
        lambda: FeatureView("v", entity=model, source=payments, refresh="stream", features=["x"]),  # type: ignore[arg-type]
        "entity is FeatureService('model', version=1); give an Entity",
    ),
    "a source in a service": (
        lambda: FeatureService("s", features=[payments]),  # type: ignore[list-item]
        "Source('payments') is neither a view nor view['feature']",
    ),
    "a view alone in a service": (
        lambda: FeatureService("s", features=profile),  # type: ignore[arg-type]
        "features is FeatureView('profile', version=1); give a list: features=[...]",
    ),
    "a long text for a type": (
        lambda: Entity("e", keys={"k": "String" * 40}),  # type: ignore[dict-item]
        "the key 'k' is a str; a key is one of",
    ),
    "a view for an aggregate": (
        lambda: FeatureView(
            "v",
            entity=card,
            source=payments,
            refresh="stream",
            features={"x": profile},
        ),
        "feature 'x' is FeatureView('profile', version=1); write an aggregate",
    ),
}


@pytest.mark.parametrize(("make", "message"), WRONG.values(), ids=WRONG)
def test_an_error_names_a_wrong_object_shortly(make: Any, message: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        make()
    assert message in str(caught.value)
    assert len(str(caught.value)) < 300


def test_an_unknown_feature_is_told_of_its_view(filled: FeatureStore) -> None:
    with pytest.raises(KeyError) as caught:
        spending["payments_7"]
    text = "view 'spending' has no feature 'payments_7'. Did you mean 'payments_7d'?"
    assert str(caught.value) == text
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301
    unlike = Source("unlike", schema={"card": String}, event_time="at")
    with pytest.raises(InputError, match=r"Source\('unlike'\) selects no features"):
        filled.get_historical_features([label()], unlike)
