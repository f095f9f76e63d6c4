"""Roles of a view in a store: published services, training sets, answers, locks and reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from localaws import LocalAws
from skewless import FeatureService, FeatureStore, OnDemandView, compute
from skewless.errors import InputError, RebuildError
from skewless.offline.tables.named import read_named
from tests.store.builders import NOON, payment, payments, profile, spending

if TYPE_CHECKING:
    from pathlib import Path

    from tests.store.conftest import MovableClock

SENDER = profile.with_name("sender").with_join_key_map({"card": "sender"})
RECEIVER = profile.with_name("receiver").with_join_key_map({"card": "receiver"})
SAME = OnDemandView("same", features={"shop": SENDER["shop"] == RECEIVER["shop"]})
MODEL = FeatureService("transfers", features=[SENDER["shop"], RECEIVER["shop"], SAME])
ROWS = [{"sender": "a", "receiver": "b"}, {"sender": "b", "receiver": "b"}]


@pytest.fixture
def filled(store: FeatureStore) -> FeatureStore:
    store.apply(MODEL)
    store.backfill(
        "payments", [payment(-3000, card="a", shop="book"), payment(-3000, card="b", shop="tea")]
    )
    store.materialize(SENDER)
    return store


def labels() -> list[dict[str, Any]]:
    return [{**row, "event_timestamp": NOON} for row in ROWS]


def shops(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(row["sender__shop"], row["receiver__shop"], row["same__shop"]) for row in rows]


WANTED = [("book", "tea", False), ("tea", "tea", True)]


@pytest.mark.parametrize("engine", ["duckdb", "athena"])
def test_training_gives_each_role_its_own_entity_and_statuses_by_its_name(
    filled: FeatureStore, engine: str
) -> None:
    made = filled.get_historical_features(labels(), MODEL, engine=engine, with_status=True)
    rows = made.to_arrow().to_pylist()
    assert shops(rows) == WANTED
    assert [row["skewless_status__sender"] for row in rows] == ["ok", "ok"]
    again = filled.rebuild(labels(), made.manifest)
    assert again.manifest["digest"] == made.manifest["digest"]


def test_serving_and_a_lock_give_each_role_its_own_entity(
    filled: FeatureStore, tmp_path: Path, clock: MovableClock
) -> None:
    answer = filled.get_online_features(MODEL, ROWS)
    assert shops(answer.rows) == WANTED
    assert set(answer.status[0]) == {"sender", "receiver"}
    path = tmp_path / "skewless.lock"
    filled.lock(MODEL, path)
    filled.lock(MODEL, path)  # the same service may be written again
    locked = FeatureStore.from_lock(path, session=LocalAws.start().session(), clock=clock)
    assert shops(locked.get_online_features(None, ROWS).rows) == WANTED


def test_roles_are_verified_of_drawn_rows(filled: FeatureStore) -> None:
    report = filled.verify(MODEL, sample=5)
    report.raise_if_different()
    assert [item.view for item in report.features] == ["sender@1", "receiver@1", "same@1"]


def test_a_row_without_a_roles_column_is_refused_by_that_column(filled: FeatureStore) -> None:
    with pytest.raises(InputError, match=r"row 0: .*lacks 'receiver'"):
        filled.get_online_features(MODEL, [{"sender": "a"}])
    with pytest.raises(InputError, match=r"entity_df lacks 'receiver' \(String\)"):
        filled.get_historical_features(
            [{"sender": "a", "event_timestamp": NOON}], [SENDER, RECEIVER]
        )


def test_a_role_of_a_view_that_is_not_published_is_refused(filled: FeatureStore) -> None:
    with pytest.raises(InputError, match="is not published; run skewless apply"):
        filled.get_online_features([spending.with_name("sender")], ROWS)


def test_a_service_whose_role_moves_is_another_version(filled: FeatureStore) -> None:
    moved = SENDER.with_join_key_map({"card": "payer"})
    changed = FeatureService("transfers", features=[moved["shop"], RECEIVER["shop"]])
    told = str(filled.plan([changed]))
    assert (
        "the role 'sender': profile@1 as sender (card=sender) became "
        "profile@1 as sender (card=payer)" in told
    )


def test_an_entity_is_erased_from_sets_in_whatever_role_it_stands(filled: FeatureStore) -> None:
    uri = f"s3://{filled.resources.bucket}/sets/transfers.parquet"
    loose = profile.with_name("payer").with_join_key_map({"card": "payer"})
    rows = [{"payer": name, "event_timestamp": NOON} for name in "abc"]
    filled.get_historical_features(labels(), MODEL).write_parquet(uri)
    filled.get_historical_features(rows, [loose]).write_parquet(f"{uri}.loose")
    filled.forget("card", "a")
    assert read_named(uri, filled.aws).num_rows == 1
    left = read_named(f"{uri}.loose", filled.aws)
    assert left["payer"].to_pylist() == ["b", "c"]


def test_a_role_of_a_view_that_is_not_published_has_a_history(store: FeatureStore) -> None:
    store.apply(payments)
    store.backfill("payments", [payment(-3000, card="a", shop="book")])
    made = store.get_historical_features(labels(), [SENDER["shop"], RECEIVER["shop"], SAME])
    assert shops(made.to_arrow().to_pylist()) == [("book", None, None), (None, None, None)]
    again = store.rebuild(labels(), made.manifest)
    assert again.manifest["digest"] == made.manifest["digest"]


def test_a_manifest_whose_role_was_edited_is_no_longer_made_again(filled: FeatureStore) -> None:
    made = filled.get_historical_features(labels(), [SENDER])
    manifest = dict(made.manifest)
    manifest["features"] = [{**item, "role": {"name": "x"}} for item in manifest["features"]]
    with pytest.raises(RebuildError, match="its manifest has a role that skewless did not write"):
        filled.rebuild(labels(), manifest)


def test_roles_are_computed_of_frames_as_in_a_store() -> None:
    events = [payment(-3000, card="a", shop="book"), payment(-3000, card="b", shop="tea")]
    made = compute([SENDER["shop"], RECEIVER["shop"], SAME], events=events, labels=labels())
    assert shops(made.to_arrow().to_pylist()) == WANTED
