from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.conftest import Run


def test_why_goes_down_to_columns(shop: Run) -> None:
    ran = shop("why", "customer_orders:orders_7d")
    assert ran.code == 0
    assert "orders: customer_id, order_id, ordered_at" in ran.out
    assert shop("why", "orders:amount").out == "orders:amount is read as it is.\n"


def test_dependents_go_up_to_services(shop: Run) -> None:
    ran = shop("dependents", "orders:amount")
    assert "Services" in ran.out
    assert "fraud_model@1" in ran.out


def test_what_nothing_stands_on_is_told(new_shop: Run) -> None:
    assert new_shop("dependents", "fraud_model").out == "fraud_model@1 is read by nothing.\n"


def test_a_graph_is_for_programs_and_for_pictures(shop: Run) -> None:
    found = shop("dependents", "orders:amount", "--json").document
    assert {"nodes", "edges"} == found.keys()
    assert shop("why", "fraud_model", "--mermaid").out.startswith("flowchart LR\n")


def test_what_is_not_there_is_told(shop: Run) -> None:
    ran = shop("why", "customer_order")
    assert ran.code == 1
    assert "Did you mean 'customer_orders'" in ran.err


def test_the_whole_graph_is_told_and_as_events_of_openlineage(shop: Run) -> None:
    assert "fraud_model@1" in shop("lineage").out
    producer = "https://git.example.com/features"
    lines = shop("lineage", "--openlineage", producer).out.splitlines()
    assert {json.loads(line)["producer"] for line in lines} == {producer}
    assert len(shop("lineage", "--openlineage", producer, "--json").document["events"]) == len(
        lines
    )
    wrong = shop("lineage", "--openlineage", "features")
    assert (wrong.code, "is no URI" in wrong.err) == (1, True)


def test_models_are_registered_listed_and_ended(new_shop: Run) -> None:
    assert "for model 'churn' (lock " in new_shop("lock", "fraud_model", "--model", "churn").out
    assert "churn" in new_shop("models").out
    assert "model churn" in new_shop("dependents", "orders:amount").out
    refused = new_shop("retire", "fraud_model@1", "--latest")
    assert refused.code == 1
    assert "skewless unlock churn --lock" in refused.err
    assert new_shop("register", "skewless.lock", "--model", "other").code == 0
    (lock, _) = new_shop("models", "--json").document["models"]
    assert new_shop("unlock", "churn", "--lock", lock["digest"][:8]).code == 0
    assert "churn" not in new_shop("models").out
    assert "deployed no more" in new_shop("models", "churn", "--all").out
