"""Verification of what two versions of one view serve, as an answer labels them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skewless import Every, FeatureService, FeatureView
from tests.store.builders import card, payment, payments, profile

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
