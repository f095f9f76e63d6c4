"""Lineage: from columns to services, and back."""

from __future__ import annotations

import pytest

from skewless import FeatureService, agg, col, on_demand_view
from skewless.errors import InputError, UnknownNameError
from skewless.registry.lineage import Lineage
from skewless.registry.published import Published
from skewless.types import Float64
from tests.registry.builders import (
    a_view,
    everything,
    plan_of,
)

GRAPH = Lineage.of(Published.of(everything()))


def texts(graph: Lineage) -> set[str]:
    return {str(node) for node in graph.nodes}


def test_a_feature_is_made_of_the_columns_that_it_reads() -> None:
    found = GRAPH.upstream(GRAPH.find("delays:flights_1h"))
    assert texts(found) == {"delays@1:flights_1h", "flights:carrier", "flights:arrived_at"}
    found = GRAPH.upstream(GRAPH.find("trend:per_mile"))
    assert texts(found) == {
        "trend@1:per_mile",
        "delays@1:mean_1d",
        "flights:carrier",
        "flights:arrived_at",
        "flights:delay",
    }


def test_conditions_are_read_as_well() -> None:
    view = a_view(where=col("distance") > 0, features={"n": agg.count(window="1d")})
    graph = Lineage.of(Published.of([view.entity, view.source, view]))
    assert "flights:distance" in texts(graph.upstream(graph.find("delays:n")))


def test_what_stands_on_a_column_goes_up_to_services() -> None:
    assert texts(GRAPH.downstream(GRAPH.find("flights:distance"))) == {
        "flights:distance",
        "last_seen@1:distance",
        "arrival_model@1",
    }
    assert texts(GRAPH.downstream(GRAPH.find("arrival_model"))) == {"arrival_model@1"}


def test_functions_and_roles_are_read_through() -> None:
    view = a_view()
    role = view.with_name("other").with_join_key_map({"carrier": "operator"})

    @on_demand_view(inputs=[role["mean_1d"]], features={"y": Float64})
    def later(mean_1d):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
        return {"y": mean_1d}

    service = FeatureService("m", features=[later, role["flights_1h"]])
    graph = Lineage.of(Published.of([view.entity, view.source, view, later, service]))
    assert {"m@1", "later@1:y"} <= texts(graph.downstream(graph.find("delays:mean_1d")))
    assert "flights:delay" in texts(graph.upstream(graph.find("later:y")))


def test_a_major_version_has_all_that_was_added_to_it() -> None:
    first = a_view()
    wanted = a_view(
        version="1.1",
        features={**first.aggregations, "max_1d": agg.max("delay", window="1d")},
    )
    added = plan_of([first], [wanted]).definitions.views
    second = a_view(version=2, features={"n": agg.count(window="1d")})
    graph = Lineage.of(Published.of([first.entity, first.source, *added, second]))
    of_first = {"delays@1:mean_1d", "delays@1:flights_1h"}
    assert {str(node) for node in graph.find("delays@1")} == {*of_first, "delays@1.1:max_1d"}
    assert {str(node) for node in graph.find("delays@1.0")} == of_first
    assert {str(node) for node in graph.find("delays@2")} == {"delays@2:n"}
    assert len(graph.find("delays")) == 4


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("delay", UnknownNameError, "Did you mean 'delays'"),
        ("delays:mean", UnknownNameError, "Did you mean 'mean_1d'"),
        ("delays@7", UnknownNameError, "'delays'"),
        ("a b", InputError, "names nothing"),
    ],
)
def test_what_is_not_there_is_told(text: str, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        GRAPH.find(text)


def test_the_graph_is_data_and_a_picture() -> None:
    graph = Lineage.of(Published.of(everything()))
    data = graph.to_dict()
    assert {"from": "flights:delay", "to": "delays@1:mean_1d"} in data["edges"]  # type: ignore[operator]
    picture = graph.upstream(graph.find("delays:flights_1h")).to_mermaid()
    assert picture.splitlines()[0] == "flowchart LR"
    assert picture.count("-->") == 2
    assert 'subgraph g1["delays@1"]' in picture
