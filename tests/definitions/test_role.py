from __future__ import annotations

import copy
import pickle
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import pytest

from skewless import Definitions, Entity, FeatureService, FeatureView, OnDemandView, Source
from skewless.compiler.plan import plan_selection
from skewless.definitions.service import flatten, select
from skewless.errors import DefinitionError, UnknownNameError
from skewless.types import Float64, Int64, String

if TYPE_CHECKING:
    from collections.abc import Callable

SOURCE = Source(
    "flights",
    schema={"origin": String, "dest": String, "seats": Int64, "late": Float64},
    event_time="at",
)
ROUTE = Entity("route", keys={"origin": String, "dest": String})
VIEW = FeatureView(
    "routes", entity=ROUTE, source=SOURCE, features=["seats", "late"], refresh="stream"
)
OUT = VIEW.with_name("out")
BACK = VIEW.with_name("back").with_join_key_map({"origin": "dest", "dest": "origin"})


def outputs(*features: Any, full_names: bool = False) -> list[str]:
    return [item.output for item in select(flatten(features), full_names=full_names)]


def refusal(make: Callable[[], object]) -> str:
    with pytest.raises(DefinitionError) as caught:
        make()
    return str(caught.value)


def test_a_map_moves_the_keys_it_names_and_the_others_keep_their_names() -> None:
    moved = VIEW.with_join_key_map({"dest": "via"})
    assert moved.columns_of_keys == {"origin": "origin", "dest": "via"}
    assert moved.name == "routes"
    again = moved.with_join_key_map({"origin": "start"}).with_name("first_leg")
    assert again.columns_of_keys == {"origin": "start", "dest": "via"}
    assert str(again) == "routes@1 as first_leg (origin=start, dest=via)"


def test_keys_may_swap_their_columns() -> None:
    assert BACK.columns_of_keys == {"origin": "dest", "dest": "origin"}


def test_roles_are_equal_if_view_name_and_columns_are() -> None:
    assert VIEW.with_name("out") == OUT
    assert hash(VIEW.with_name("out")) == hash(OUT)
    assert OUT != BACK
    assert VIEW.with_name("out").with_join_key_map({"dest": "via"}) != OUT


def test_a_role_is_copied_and_pickled() -> None:
    assert copy.deepcopy(BACK) == pickle.loads(pickle.dumps(BACK)) == BACK  # noqa: S301 - our own


def test_outputs_are_called_by_the_role_as_they_would_be_by_the_view() -> None:
    assert outputs(OUT) == ["seats", "late"]
    assert outputs(OUT, full_names=True) == ["out__seats", "out__late"]
    assert outputs(OUT["seats"], BACK["late"], VIEW["late"]) == [
        "seats",
        "back__late",
        "routes__late",
    ]


def test_a_feature_that_a_role_has_not_is_refused_by_name() -> None:
    with pytest.raises(UnknownNameError, match=r"seat.*Did you mean 'seats'"):
        OUT["seat"]


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: VIEW.with_name("Out"), "must be lower case"),
        (lambda: VIEW.with_name("a__b"), "holds '__'"),
        (lambda: VIEW.with_join_key_map({}), "for example {'origin': 'sender_id'}, not {}"),
        (lambda: VIEW.with_join_key_map(cast("Any", "dest")), "not 'dest'"),
        (lambda: VIEW.with_join_key_map({"desk": "x"}), "no key 'desk'. Did you mean 'dest'?"),
        (lambda: VIEW.with_join_key_map(cast("Any", {7: "x"})), "no key 7"),
        (
            lambda: VIEW.with_join_key_map(cast("Any", {"dest": 7})),
            "the column name 7 must be letters",
        ),
        (lambda: VIEW.with_join_key_map({"dest": "ingest_time"}), "is reserved"),
        (
            lambda: VIEW.with_join_key_map({"dest": "x", "origin": "X"}),
            "'origin' and 'dest' would both be read from the column 'x'",
        ),
        (lambda: VIEW.with_join_key_map({"dest": "origin"}), "that the map leaves out keeps"),
    ],
)
def test_a_role_that_is_none_says_the_way_out(make: Callable[[], object], told: str) -> None:
    assert told in refusal(make)


def test_a_name_stands_for_one_role_of_a_selection() -> None:
    read = OnDemandView("sum", features={"s": BACK["seats"] + OUT["seats"]})
    also_back = VIEW.with_name("back")
    selections: list[list[Any]] = [
        [BACK, also_back],
        [BACK, VIEW.with_name("routes")["seats"], VIEW],
        [read, also_back],
        [read, VIEW.with_name("sum")],
    ]
    for features in selections:
        told = refusal(partial(FeatureService, "model", features=features))
        assert "give each role a name of its own, with view.with_name('sender')" in told
    told = refusal(lambda: OnDemandView("x", features={"s": BACK["seats"] + also_back["seats"]}))
    assert "'back' would be" in told


def test_a_column_of_keys_is_of_one_type_and_no_output() -> None:
    other = FeatureView(
        "seats_of",
        entity=Entity("number", keys={"seats": Int64}),
        source=SOURCE,
        features=["late"],
        refresh="stream",
    )
    moved = other.with_join_key_map({"seats": "origin"})
    told = refusal(lambda: FeatureService("model", features=[OUT, moved["late"]]))
    assert "'origin' is String as the key 'origin' of entity 'route' in the role 'out'" in told
    named = VIEW.with_join_key_map({"dest": "late"})
    assert "has the name of the key 'dest'" in refusal(
        lambda: FeatureService("m", features=[named])
    )


def test_a_view_is_planned_once_for_all_its_roles() -> None:
    on_demand = OnDemandView("sum", features={"s": BACK["seats"] + VIEW["seats"]})
    plan = plan_selection(FeatureService("model", features=[OUT, on_demand]))
    assert [view.name for view in plan.views] == ["routes@1"]
    assert plan.labels == ("out", "back", "routes")
    assert plan.keys == {"origin": String, "dest": String}


def test_what_is_published_of_a_role_is_its_view() -> None:
    assert list(Definitions.collect([OUT])) == [ROUTE, SOURCE, VIEW]
    service = FeatureService("model", features=[OUT, BACK])
    assert Definitions.collect(service).views == (VIEW,)
