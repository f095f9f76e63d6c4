"""Search by words and filters."""

from __future__ import annotations

import pytest

from skewless import FeatureService, agg
from skewless.registry.published import Published
from skewless.registry.search import Filters, search
from tests.registry.builders import a_service, a_source, a_view, an_on_demand_view

VIEW = a_view(
    description="How late carriers arrive", owner="ops", tags={"tier": "gold", "team": "air"}
)
OTHER = a_view(
    name="others", source=a_source(name="trains"), features={"n": agg.count(window="1d")}
)
PUBLISHED = Published.of(
    [
        VIEW.entity,
        VIEW.source,
        OTHER.source,
        VIEW,
        OTHER,
        an_on_demand_view(VIEW),
        a_service(VIEW["mean_1d"], an_on_demand_view(VIEW)),
        FeatureService("other_model", features=[OTHER]),
    ]
)


def names(words: str, **filters: object) -> list[str]:
    return [hit.name for hit in search(PUBLISHED, words, Filters(**filters))]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("delays", ["delays@1"]),
        ("MEAN 1d", ["delays@1:mean_1d"]),
        ("delays mean", ["delays@1:mean_1d"]),
        ("late carriers", ["delays@1"]),
        ("gold", ["delays@1"]),
        ("delay", ["delays@1", "flights:delay", "trains:delay"]),
        ("nothing at all", []),
        ("  ", []),
    ],
)
def test_all_words_are_found_in_names_and_in_what_is_said(words: str, found: list[str]) -> None:
    assert names(words) == found


def test_filters_go_through_views_to_what_reads_them() -> None:
    assert names("model") == ["arrival_model@1", "other_model@1"]
    assert names("model", source="trains") == ["other_model@1"]
    assert names("model", entity="carrier") == ["arrival_model@1", "other_model@1"]
    assert names("model", entity="nobody") == []
    assert names("delays", owner="ops", tags={"tier": "gold", "team": ""}) == ["delays@1"]
    assert names("delays", tags={"tier": "silver"}) == []
