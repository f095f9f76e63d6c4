from __future__ import annotations

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
    assert shop("dependents", "fraud_model").out == "fraud_model@1 is read by nothing.\n"


def test_a_graph_is_for_programs_and_for_pictures(shop: Run) -> None:
    found = shop("dependents", "orders:amount", "--json").document
    assert {"nodes", "edges"} == found.keys()
    assert shop("why", "fraud_model", "--mermaid").out.startswith("flowchart LR\n")


def test_what_is_not_there_is_told(shop: Run) -> None:
    ran = shop("why", "customer_order")
    assert ran.code == 1
    assert "Did you mean 'customer_orders'" in ran.err
