"""What a namespace shows over what is published, and what promoting it publishes; without AWS."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from skewless import Every, FeatureView, agg
from skewless.compiler.fingerprint import fingerprint
from skewless.compiler.plan import plan_view
from skewless.definitions.collection import Definitions
from skewless.definitions.version import Version
from skewless.errors import DocumentError, PublishError, UnknownNameError
from skewless.online.address import view_partition
from skewless.registry.changes import compare
from skewless.registry.identity import Identity
from skewless.registry.marks import Mark, State
from skewless.registry.published import Published
from skewless.registry.trial import Trial, trial_of
from tests.registry.builders import a_service, a_source, a_view, an_on_demand_view
from tests.registry.publishing import NOW

DAY, HOUR = agg.mean("delay", window="1d"), agg.count(window="1h")


def publish(published: Published, *wanted: object) -> Published:
    plan = compare(published.definitions, Definitions.collect([*wanted]))
    assert not plan.is_refused, str(plan)
    before = {Identity.of(item): item for item in published.definitions}
    after = {Identity.of(item): item for item in plan.definitions}
    return Published.of({**after, **before}.values())


def published(*wanted: object) -> Published:
    return publish(Published(), *wanted)


def tried(over: Published, *wanted: object) -> Trial:
    return trial_of(over, Definitions.collect([*wanted]))[0]


def own(trial: Trial, over: Published) -> list[str]:
    return [str(Identity.of(item)) for item in trial.on_top(over, "anna").own]


def promoted(trial: Trial, over: Published, *names: str) -> list[str]:
    plan, _ = trial.promotion(over, "anna", names)
    return [str(change.identity) for change in plan.changes]


def other(**changes: Any) -> FeatureView:
    """The view with another meaning, under the version that it had."""
    return a_view(
        features={"mean_1d": agg.mean("delay", window="2d"), "flights_1h": HOUR}, **changes
    )


def more(**changes: Any) -> FeatureView:
    """The view with a feature more, under the version that it had."""
    features = {"mean_1d": DAY, "flights_1h": HOUR, "mean_7d": agg.mean("delay", window="7d")}
    return a_view(features=features, **changes)


def test_a_version_is_computed_and_what_reads_the_view_follows() -> None:
    view = other()
    trial = tried(published(a_service()), a_service(view, an_on_demand_view(view)))
    assert own(trial, published(a_service())) == [
        "view 'delays' version 2",
        "view 'trend' version 2",
        "service 'arrival_model' version 2",
    ]
    shown = trial.on_top(published(a_service()), "anna").published
    service = shown.service("arrival_model")
    assert {view.version for view, _ in service.features} == {2}
    assert service.features[0][0] is shown.view("delays")


def test_a_feature_that_is_added_is_tried_as_a_part() -> None:
    over = published(a_view())
    trial = tried(over, more())
    assert own(trial, over) == ["view 'delays' version 1.1"]
    shown = trial.on_top(over, "anna").published
    assert [[*part.feature_types] for part in shown.parts("delays")] == [
        ["mean_1d", "flights_1h"],
        ["mean_7d"],
    ]


def test_what_is_published_already_is_no_part_of_a_trial() -> None:
    over = published(a_view())
    assert tried(over, a_view(description="said better")) == replace(
        tried(over, a_view(description="said better")), tried=()
    )
    assert own(tried(over, a_view(), an_on_demand_view()), over) == ["view 'trend' version 1"]


def test_items_of_a_trial_lie_where_they_will_lie_once_it_is_published() -> None:
    over = published(a_view())
    trial = tried(over, more(), other(name="another"))
    after = publish(over, more(version="1.1"), other(name="another"))
    views = after.definitions.views
    assert trial.partitions == {
        view_partition(plan_view(view)) for view in views if view.version == Version(1, 1)
    } | {view_partition(plan_view(after.view("another")))}  # type: ignore[arg-type]


@pytest.mark.parametrize("wanted", [other(), more(), a_view(refresh=Every("1h"))])
def test_promotion_publishes_the_fingerprints_that_were_tried(wanted: FeatureView) -> None:
    over = published(a_view())
    trial = tried(over, a_service(wanted))
    plan, _ = trial.promotion(over, "anna")
    assert {fingerprint(view) for view in plan.definitions.views} >= {
        fingerprint(view) for view in trial.on_top(over, "anna").published.definitions.views[1:]
    }
    after = Published.of([*over.definitions, *trial.on_top(over, "anna").own])
    assert own(trial, after) == []


def test_a_name_alone_means_what_is_tried_also_if_a_later_version_was_published() -> None:
    over = published(a_view())
    trial = tried(over, other())
    third = a_view(features={"flights_1h": HOUR}, version=3)
    moved = publish(publish(over, a_view(features={"mean_1d": DAY}, version=2)), third)
    shown = trial.on_top(moved, "anna").published
    assert shown.view("delays").version == 2
    assert fingerprint(shown.view("delays")) == fingerprint(other())


def test_promotion_onto_a_changed_target_takes_the_next_version() -> None:
    over = published(a_view())
    trial = tried(over, a_service(other()))
    moved = publish(over, a_view(features={"mean_1d": DAY}, version=2))
    assert promoted(trial, moved) == [
        "view 'delays' version 3",
        "service 'arrival_model' version 1",
    ]
    plan, _ = trial.promotion(moved, "anna")
    (service,) = plan.definitions.services
    assert {view.version for view, _ in service.features} == {3}


def test_a_part_is_promoted_behind_what_was_added_meanwhile() -> None:
    over = published(a_view())
    trial = tried(over, a_service(more()))
    features = {"mean_1d": DAY, "flights_1h": HOUR, "longest": agg.max("delay", window="1d")}
    moved = publish(over, a_view(features=features, version="1.1"))
    assert promoted(trial, moved) == [
        "view 'delays' version 1.2",
        "service 'arrival_model' version 1",
    ]
    plan, _ = trial.promotion(moved, "anna")
    (part,) = (view for view in plan.definitions.views if view.version == Version(1, 2))
    assert [*part.feature_types] == ["mean_7d"]


def test_what_others_published_with_the_same_meaning_is_not_promoted_again() -> None:
    over = published(a_view())
    trial = tried(over, other(), a_view(name="another"))
    moved = publish(over, other(version=2))
    assert own(trial, moved) == ["view 'another' version 1"]
    assert promoted(trial, moved) == ["view 'another' version 1"]


def test_words_that_others_published_meanwhile_stay() -> None:
    over = published(a_view(description="before"))
    trial = tried(over, a_view(description="before"), a_view(name="another"))
    plan, _ = trial.promotion(published(a_view(description="after")), "anna")
    assert [change.name for change in plan.changes] == ["another"]


def test_a_source_that_gained_a_column_meanwhile_keeps_it() -> None:
    schema = {**a_source().schema}
    over = published(a_view())
    trial = tried(over, other())
    wider = a_source(schema={**schema, "gate": schema["carrier"]})
    moved = published(a_view(source=wider))
    assert promoted(trial, moved) == ["view 'delays' version 2"]
    assert "gate" in trial.on_top(moved, "anna").published.view("delays").source.columns  # type: ignore[union-attr]


def test_single_names_are_promoted_with_what_they_read() -> None:
    over = published(a_view())
    trial = tried(over, an_on_demand_view(other()), a_view(name="another"))
    assert promoted(trial, over, "trend") == ["view 'delays' version 2", "view 'trend' version 1"]
    assert promoted(trial, over, "another") == ["view 'another' version 1"]
    with pytest.raises(UnknownNameError, match="nowhere"):
        promoted(trial, over, "nowhere")


@pytest.mark.parametrize(
    ("over", "wanted", "message"),
    [
        (Published(), a_view(), "is not published, and a trial makes and changes no log"),
        (
            published(a_view()),
            a_view(
                source=a_source(schema={**a_source().schema, "x": a_source().schema["carrier"]})
            ),
            "is published otherwise",
        ),
    ],
    ids=["no log", "a wider log"],
)
def test_what_a_trial_may_not_change_is_refused(
    over: Published, wanted: FeatureView, message: str
) -> None:
    with pytest.raises(PublishError, match=message):
        tried(over, wanted)


def test_a_table_of_the_users_own_needs_no_log_and_is_tried() -> None:
    view = a_view(source=a_source(name="theirs", table="lake.flights"), refresh=Every("1d"))
    assert own(tried(Published(), view), Published())[-1] == "view 'delays' version 1"


def test_an_edited_document_is_refused() -> None:
    over = published(a_view())
    trial = tried(over, other())
    ((print_, document),) = trial.tried
    features = {**document["features"]}
    features["mean_1d"] = {**features["mean_1d"], "window": 86_400_000_000}
    edited = Trial(trial.written, ((print_, {**document, "features": features}),))
    with pytest.raises(DocumentError, match=r"namespace 'anna' cannot be read.*was edited"):
        edited.on_top(over, "anna")


def test_two_trials_of_one_name_do_not_meet() -> None:
    over = published(a_view())
    one = tried(over, other())
    two = tried(over, a_view(features={"mean_1d": agg.mean("delay", window="3d")}))
    assert not one.partitions & two.partitions
    assert own(one, over) == own(two, over) == ["view 'delays' version 2"]


def test_nothing_that_stands_on_a_retired_version_is_tried_or_promoted() -> None:
    over = published(a_view())
    mark = Mark(state=State.RETIRED, reason="old", successor="", by="arn", at=NOW)
    retired = Published.of(over.definitions, {Identity.of(a_view()): mark})
    reads = an_on_demand_view(a_view())
    with pytest.raises(PublishError, match="no version makes these publishable"):
        tried(retired, reads)
    trial = tried(over, reads)
    assert own(trial, retired) == ["view 'trend' version 1"]
    with pytest.raises(PublishError, match="it reads view 'delays' version 1"):
        trial.promotion(retired, "anna")
