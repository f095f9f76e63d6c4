"""Verification of what two versions of one view serve, as an answer labels them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from skewless import Every, FeatureService, FeatureView
from skewless.errors import InputError
from tests.store.builders import NOON, card, payment, payments, profile

if TYPE_CHECKING:
    from skewless import FeatureStore

AGAIN = FeatureView(
    "profile",
    entity=card,
    source=payments,
    refresh=Every("1d", delay="2h"),
    features=["amount"],
    version=2,
)


def test_a_service_that_reads_two_versions_of_a_view_is_verified(store: FeatureStore) -> None:
    both = FeatureService("both", features=[profile["shop"], AGAIN["amount"]])
    store.apply(both)
    store.backfill("payments", [payment(-3000, card=name) for name in "abc"])
    store.materialize("profile@1")
    store.materialize("profile@2")
    answer = store.get_online_features(both, {"card": "a"})
    assert set(answer.status[0]) == {"profile@1", "profile@2"}
    report = store.verify(both, sample=4)
    report.raise_if_different()
    assert (report.compared, report.stale) == (8, 0)


def test_one_stale_version_of_a_view_leaves_the_row_out(store: FeatureStore) -> None:
    store.apply([profile, AGAIN])
    store.backfill("payments", [payment(-3000)])
    store.materialize("profile@1")
    report = store.verify([profile["shop"], AGAIN["amount"]], entity_rows=[{"card": "a"}])
    assert (report.compared, report.stale) == (0, 1)


@pytest.mark.parametrize(
    "rows",
    [pd.DataFrame({"card": ["a", "x"]}), [{"card": "a"}, {"card": "x"}]],
    ids=["frame", "rows"],
)
@pytest.mark.parametrize("instants", [NOON, NOON.isoformat(), [NOON], None], ids=str)
def test_rows_in_a_frame_and_one_instant_are_taken(
    store: FeatureStore, rows: Any, instants: Any
) -> None:
    store.apply(profile)
    store.backfill("payments", [payment(-3000)])
    store.materialize("profile")
    report = store.verify("profile", entity_rows=rows, instants=instants)
    assert (report.rows, report.compared, report.is_equal) == (2, 4, True)


@pytest.mark.parametrize("sample", [0, -1, 1.5, "x", True], ids=repr)
def test_a_sample_is_a_whole_number_from_one(store: FeatureStore, sample: Any) -> None:
    store.apply(profile)
    with pytest.raises(InputError, match=r"sample is .*; it is a whole number from 1"):
        store.verify("profile", sample=sample)


def test_an_entity_is_forgotten_by_itself_or_by_name(store: FeatureStore) -> None:
    store.apply(profile)
    for entity in (card, "card"):
        assert store.forget(entity, "a", dry_run=True).entity == "card"
