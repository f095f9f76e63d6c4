"""The log's tables are compacted by Glue, once they are published."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from skewless import FeatureStore
from skewless.offline.lake.optimizers import OPTIMIZERS, TableOptimizers
from tests.ops.builders import payments_view

if TYPE_CHECKING:
    from tests.ops.builders import MovableClock

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")


def test_publishing_gives_a_log_its_optimizers(store: FeatureStore) -> None:
    store.apply(payments_view())
    found = TableOptimizers(store.aws, store.resources)
    assert found.missing("payments") == ()
    glue = store.aws.client("glue")
    address = {
        "CatalogId": "123456789012",
        "DatabaseName": store.resources.database,
        "TableName": "payments",
    }
    for kind in OPTIMIZERS:
        made = glue.get_table_optimizer(**address, Type=kind)["TableOptimizer"]
        assert made["configuration"]["roleArn"] == store.resources.optimizer_role
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.get_table_optimizer(**address, Type="retention")


def test_a_log_of_hourly_files_is_compacted_each_day(store: FeatureStore) -> None:
    store.apply(payments_view())
    made = store.aws.client("glue").get_table_optimizer(
        CatalogId="123456789012",
        DatabaseName=store.resources.database,
        TableName="payments",
        Type="compaction",
    )
    compaction = made["TableOptimizer"]["configuration"]["compactionConfiguration"]
    assert compaction["icebergConfiguration"] == {"strategy": "binpack", "minInputFiles": 24}


@pytest.mark.parametrize(
    ("chosen", "is_late"),
    [
        (None, True),
        ({"strategy": "binpack"}, True),
        ({"strategy": "binpack", "minInputFiles": 100}, True),
        ({"strategy": "sort", "minInputFiles": 50}, False),
        ({"strategy": "binpack", "minInputFiles": 24}, False),
    ],
)
def test_publishing_again_mends_the_compaction_of_an_earlier_release_and_no_other(
    store: FeatureStore, chosen: dict[str, object] | None, *, is_late: bool
) -> None:
    store.apply(payments_view())
    found = TableOptimizers(store.aws, store.resources)
    settings: dict[str, object] = {"roleArn": store.resources.optimizer_role, "enabled": True}
    if chosen is not None:
        settings["compactionConfiguration"] = {"icebergConfiguration": chosen}
    glue = store.aws.client("glue")
    address = {
        "CatalogId": "123456789012",
        "DatabaseName": store.resources.database,
        "TableName": "payments",
        "Type": "compaction",
    }
    glue.update_table_optimizer(**address, TableOptimizerConfiguration=settings)
    assert found.compacts_late("payments") == is_late
    store.apply(payments_view())
    assert not found.compacts_late("payments")
    kept = glue.get_table_optimizer(**address)["TableOptimizer"]["configuration"]
    wanted = {"strategy": "binpack", "minInputFiles": 24} if is_late else chosen
    assert kept["compactionConfiguration"] == {"icebergConfiguration": wanted}


def test_publishing_again_brings_back_an_optimizer(store: FeatureStore) -> None:
    store.apply(payments_view())
    found = TableOptimizers(store.aws, store.resources)
    store.aws.client("glue").delete_table_optimizer(
        CatalogId="123456789012",
        DatabaseName=store.resources.database,
        TableName="payments",
        Type="compaction",
    )
    assert found.missing("payments") == ("compaction",)
    store.apply(payments_view())
    assert found.missing("payments") == ()


def test_a_store_without_a_role_has_no_optimizers(store: FeatureStore, clock: MovableClock) -> None:
    resources = replace(store.resources, optimizer_role="")
    FeatureStore(store.aws, resources, clock=clock).apply(payments_view())
    assert TableOptimizers(store.aws, resources).missing("payments") == OPTIMIZERS
