"""Identities: names in their namespaces, and a digest of meaning."""

from __future__ import annotations

import pytest

from skewless import FeatureService, OnDemandView
from skewless.definitions.version import Version
from skewless.registry.identity import Identity, level, meaning, reads
from tests.registry.builders import (
    a_service,
    a_source,
    a_view,
    an_entity,
    an_on_demand_view,
    everything,
)


@pytest.mark.parametrize(
    ("item", "key", "words"),
    [
        (an_entity(), "entity#carrier#00001", "entity 'carrier'"),
        (a_source(), "source#flights#00001", "source 'flights'"),
        (a_view(version=12), "view#delays#00012", "view 'delays' version 12"),
        (an_on_demand_view(), "view#trend#00001", "view 'trend' version 1"),
        (a_service(), "service#arrival_model#00001", "service 'arrival_model' version 1"),
    ],
)
def test_a_definition_is_published_under_a_key(item: object, key: str, words: str) -> None:
    identity = Identity.of(item)  # type: ignore[arg-type]
    assert (identity.key, str(identity)) == (key, words)
    assert Identity.parse(key) == identity


def test_versions_sort_as_numbers() -> None:
    versions = (Version(2), Version(2, 1), Version(2, 10), Version(9), Version(10), Version(100))
    keys = [Identity("view", "delays", version).key for version in versions]
    assert sorted(keys) == keys


@pytest.mark.parametrize("key", ["view#delays", "view#delays#one", "view#a#b#00001"])
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match=r"unpack|invalid literal"):
        Identity.parse(key)


@pytest.mark.parametrize("make", [an_entity, a_source, a_view, an_on_demand_view, a_service])
def test_words_change_no_meaning(make: object) -> None:
    plain, told = make(), make(description="new", owner="us", tags={"a": "b"})  # type: ignore[operator]
    assert meaning(plain) == meaning(told)
    assert len(meaning(plain)) == 16


def test_a_definition_stands_above_all_it_refers_to() -> None:
    levels = {Identity.of(item): level(item) for item in everything()}
    for item in everything():
        for view in reads(item) if isinstance(item, OnDemandView | FeatureService) else ():
            assert levels[Identity.of(item)] > levels[Identity.of(view)]
    assert level(an_entity()) == level(a_source())
    assert level(a_view()) > level(a_source())


def test_a_view_that_is_read_twice_is_named_once() -> None:
    view = a_view()
    assert reads(a_service(view["mean_1d"], view["flights_1h"])) == (view,)
