from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.conftest import Run


def test_a_list_has_all_kinds(shop: Run) -> None:
    ran = shop("list")
    assert ran.code == 0
    for text in ("Views", "Services", "Sources", "Entities", "fraud_model", "on demand"):
        assert text in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80


def test_a_list_of_one_kind_has_no_other(shop: Run) -> None:
    found = shop("list", "sources", "--json").document
    assert list(found) == ["sources"]
    assert found["sources"][0]["columns"]["amount"] == "Float64"


def test_a_list_of_an_empty_store_says_so(in_store: Run) -> None:
    assert in_store("list", "views").out == "no views are published\n"


def test_a_view_is_shown_as_it_was_written(shop: Run) -> None:
    ran = shop("show", "customer_orders")
    assert "agg.mean('amount', window='30d')" in ran.out
    assert "~col('returned')" in ran.out


def test_every_kind_can_be_shown(shop: Run) -> None:
    for name, text in {
        "basket": "request('basket_amount')",
        "fraud_model@1": "customer_returns@1",
        "orders": "ordered_at",
        "customer": "customer_id",
    }.items():
        ran = shop("show", name)
        assert ran.code == 0
        assert text in ran.out


def test_a_shown_definition_for_programs_is_keyed_by_its_kind(shop: Run) -> None:
    found = shop("show", "fraud_model", "--json").document
    assert found["service"]["version"] == 1
    assert len(found["service"]["fingerprint"]) == 16


def test_an_unknown_name_or_version_is_refused(shop: Run) -> None:
    ran = shop("show", "custmer")
    assert ran.code == 1
    assert "Did you mean 'customer'" in ran.err
    assert shop("show", "customer_orders@2").code == 1


def test_search_finds_features_and_columns(shop: Run) -> None:
    ran = shop("search", "orders", "7d")
    assert "customer_orders@1:orders_7d" in ran.out
    found = shop("search", "orders", "7d", "--json").document["found"]
    assert found[0]["kind"] == "feature"
    assert shop("search", "zebra").out == "nothing published has 'zebra'\n"


def test_a_list_is_filtered(shop: Run) -> None:
    found = shop("list", "views", "--entity", "customer", "--json").document["views"]
    assert "customer_orders" in {item["name"] for item in found}
    assert shop("list", "views", "--owner", "nobody").out == "no views with this are published\n"


def test_what_is_marked_is_marked_in_lists_and_where_it_is_shown(new_shop: Run) -> None:
    assert "Mark" not in new_shop("list", "views").out
    given = ("customer_returns@1", "--reason", "guessed", "--successor", "customer_orders@1")
    assert new_shop("deprecate", *given).code == 0
    assert new_shop("list", "views").out.splitlines()[0].rstrip().endswith("Mark")
    marks = [view["mark"] for view in new_shop("list", "views", "--json").document["views"]]
    assert marks.count("deprecated") == 1
    assert "is deprecated: guessed. Use customer_orders@1" in new_shop("show", given[0]).out
    assert new_shop("restore", given[0]).code == 0
    views = new_shop("list", "views", "--json").document["views"]
    assert {view["mark"] for view in views} == {None}
