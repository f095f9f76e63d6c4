from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from skewless import agg, col
from skewless.definitions.collection import Definitions
from skewless.definitions.version import Version
from skewless.registry.changes import Action
from skewless.registry.dependents import with_dependents
from skewless.registry.identity import Identity
from skewless.registry.marked import with_marks
from skewless.registry.marks import Mark, State
from skewless.registry.printable import printable
from skewless.registry.published import Published
from skewless.types import Int64, String
from tests.registry.builders import (
    a_service,
    a_source,
    a_view,
    an_entity,
    an_on_demand_view,
    change_of,
    changed,
    plan_of,
)

if TYPE_CHECKING:
    from skewless.registry.plan import Plan

MEAN = agg.mean("delay", window="1d")
COUNT = agg.count(window="1h")
FAR = col("distance") > 5


def with_all(published: Any, wanted: Any) -> Plan:
    there = Published(Definitions.collect(published))
    return with_dependents(plan_of(published, wanted), there)


def names(plan: Plan, name: str) -> list[str]:
    return [str(one) for one in change_of(plan, name).dependents]


def test_a_new_major_says_field_by_field_how_it_differs_from_the_one_before() -> None:
    new = a_view(
        version=2,
        features={
            "mean_1d": agg.mean("delay", window="2d"),
            "most_1d": agg.max("delay", window="1d"),
        },
    )
    change = changed(a_view(), new, "delays")
    assert change.action is Action.CREATE
    assert str(change.compared_with) == "view 'delays' version 1"
    assert [(one.what, one.before, one.after) for one in change.differences] == [
        (
            "feature 'mean_1d'",
            "agg.mean('delay', window='1d')",
            "agg.mean('delay', window='2d')",
        ),
        ("feature 'flights_1h'", "agg.count(window='1h')", None),
        ("feature 'most_1d'", None, "agg.max('delay', window='1d')"),
    ]
    assert "since version 1, feature 'flights_1h' was removed: agg.count(window='1h')" in str(
        change
    )
    assert change.to_dict()["compared_with"] == "view 'delays' version 1"


def test_a_new_major_is_compared_with_all_parts_of_the_one_before() -> None:
    grown = a_view(version="1.1", features={"mean_1d": MEAN, "flights_1h": COUNT, "n": COUNT})
    there = plan_of(an_entity(), [a_view(), grown]).definitions
    new = a_view(version=2, features={"mean_1d": MEAN, "flights_1h": COUNT})
    (gone,) = changed(there, [new], "delays").differences
    assert (gone.what, gone.after) == ("feature 'n'", None)


def test_an_added_feature_is_told_with_what_it_is() -> None:
    grown = a_view(version="1.1", features={"mean_1d": MEAN, "flights_1h": COUNT, "n": COUNT})
    plan = plan_of(a_view(), grown)
    (change,) = (one for one in plan.changes if one.version == Version(1, 1))
    assert [one.to_dict() for one in change.differences] == [
        {
            "what": "feature 'n'",
            "before": None,
            "after": "agg.count(window='1h')",
            "said": "feature 'n' was added: agg.count(window='1h')",
        }
    ]
    assert change.needs == "1.1.0"


def test_the_order_of_a_views_features_is_no_reason_of_a_refusal() -> None:
    swapped = a_view(features={"flights_1h": COUNT, "mean_1d": agg.mean("delay", window="2d")})
    change = changed(a_view(), swapped, "delays")
    assert change.details == (
        "feature 'mean_1d': agg.mean('delay', window='1d') became agg.mean('delay', window='2d')",
        "what version 1 means never changes: publish it as version=2",
    )


def test_words_need_no_version_and_say_what_they_were() -> None:
    change = changed(a_view(), a_view(owner="ml"), "delays")
    assert change.needs == ""
    assert [(one.what, one.before, one.after) for one in change.differences] == [
        ("owner", "''", "'ml'")
    ]


def test_a_service_over_a_view_that_needs_a_major_needs_one_as_well() -> None:
    service = a_service(a_view())
    view = a_view(
        features={"mean_1d": agg.mean("delay", window="2d"), "flights_1h": COUNT, "n": COUNT}
    )
    change = changed(service, a_service(view), "arrival_model")
    assert change.needed == Version(2)
    assert change.details == (
        "feature 'delays@1:n' was added",
        "it reads view 'delays' version 1, which needs version 2",
        "what version 1 means never changes: publish it as version=2",
    )


def test_only_what_reads_a_changed_feature_depends_on_the_change() -> None:
    view = a_view()
    there = [
        a_service(view["mean_1d"], name="by_mean"),
        a_service(view["flights_1h"], name="by_count"),
        a_service(an_on_demand_view(view), name="by_trend"),
    ]
    other = a_view(features={"mean_1d": agg.mean("delay", window="2d"), "flights_1h": COUNT})
    refused = with_all(there, other)
    found = ["on-demand trend@1", "service by_mean@1", "service by_trend@1"]
    assert names(refused, "delays") == found
    new = with_all(there, a_view(version=2, features=dict(other.aggregations)))
    assert names(new, "delays") == found
    assert "version 1 goes on, for: on-demand trend@1" in str(change_of(new, "delays"))


def test_a_condition_of_the_whole_view_has_to_do_with_all_that_reads_it() -> None:
    view = a_view()
    there = [a_service(view["mean_1d"], name="one"), a_service(view["flights_1h"], name="two")]
    refused = with_all(there, a_view(where=col("distance") > 5))
    assert names(refused, "delays") == ["service one@1", "service two@1"]


def test_what_is_added_has_no_dependents() -> None:
    grown = a_view(features={"mean_1d": MEAN, "flights_1h": COUNT, "n": COUNT})
    assert names(with_all(a_service(a_view()), grown), "delays") == []
    more = a_source(schema={**a_source().columns, "gate": String})
    assert names(with_all(a_service(a_view()), more), "flights") == []


def test_a_corrected_delay_and_a_changed_key_name_all_that_stands_on_them() -> None:
    there = a_service(a_view())
    corrected = with_all(there, a_source(delay="5m"))
    assert change_of(corrected, "flights").action is Action.EXTEND
    assert names(corrected, "flights") == ["service arrival_model@1", "view delays@1"]
    keys = with_all(there, an_entity(keys={"carrier": Int64}))
    assert names(keys, "carrier") == ["service arrival_model@1", "view delays@1"]


@pytest.mark.parametrize("state", list(State))
def test_a_plan_names_marked_versions_that_the_file_reads_and_their_successors(
    state: State,
) -> None:
    view = a_view()
    service = a_service(view)
    told = Mark(state=state, reason="r", successor="delays@2", by="me", at=datetime.now(UTC))
    published = Published(Definitions.collect(service), {Identity.of(view): told})
    plan = with_marks(plan_of(service, service), published)
    assert not plan.has_changes
    (found,) = plan.marked
    assert found.to_dict() == {
        "name": "view 'delays' version 1",
        "state": state.value,
        "reason": "r",
        "successor": "delays@2",
        "read_by": ["service 'arrival_model' version 1"],
    }
    assert "Use delays@2 instead. Read by service 'arrival_model'" in str(plan)


def test_a_refusal_names_the_owner_of_what_has_the_name() -> None:
    theirs, ours = a_source(owner="payments"), a_source(owner="risk", event_id="carrier")
    assert changed(theirs, ours, "flights").details == (
        "event_id: None became 'carrier'",
        "what is published is owned by 'payments'",
        "a published source only gains columns: publish it under another name",
    )
    view = a_view(owner="risk", features={"mean_1d": COUNT})
    details = changed(a_view(owner="payments"), view, "delays").details
    assert details[-2] == "what is published is owned by 'payments'"
    assert "owned" not in str(changed(a_view(owner="a"), a_view(owner="a", where=FAR), "delays"))


def test_a_new_version_of_another_kind_says_so() -> None:
    other = a_view(name="other")
    view = an_on_demand_view(other, name="delays", version=2)
    (found,) = changed(a_view(), view, "delays").differences
    assert str(found) == "kind: FeatureView became OnDemandView"


@pytest.mark.parametrize(
    ("version", "told"),
    [
        (9, "the last one is version 3, and this skips to 9"),
        (4, ""),
        ("3.1", ""),
        (1, "version 3 is published already: the name alone never leads to this one"),
    ],
)
def test_a_version_out_of_order_is_warned_of(version: int | str, told: str) -> None:
    more = {"mean_1d": MEAN, "flights_1h": COUNT, "n": COUNT}
    plan = plan_of(a_view(version=3), a_view(version=version, features=more))
    warnings = [text for one in plan.changes for text in one.warnings if "alone is" not in text]
    assert warnings == [told] * bool(told)


def test_no_terminal_obeys_a_text() -> None:
    assert printable("a\x1b[2Jb\r\u202ec\ud800\n\td") == "a\\x1b[2Jb\\r\\u202ec\\ud800\n\td"
    assert printable("Größe 数 ✓") == "Größe 数 ✓"


def test_a_plan_for_programs_holds_all_that_people_are_told() -> None:
    there = a_service(a_view())
    plan = with_all(there, a_view(version=2, features={"mean_1d": COUNT}))
    told = plan.to_dict()["changes"]
    assert isinstance(told, list)
    (change,) = (one for one in told if one["action"] == "create")
    assert change["dependents"] == [{"kind": "service", "name": "arrival_model@1"}]
    assert replace(plan, marked=()).to_dict()["marked"] == []
