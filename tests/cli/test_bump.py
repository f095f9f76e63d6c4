from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.cli.shop import DEFINITIONS, changed_definitions

if TYPE_CHECKING:
    from tests.cli.conftest import Run

COUNT = 'agg.count(window="7d")'
NUMBER = '"orders_7d": agg.count(window="7d")'


def words(text: str) -> str:
    return " ".join(text.split())


def test_an_added_feature_needs_a_minor_version(shop: Run) -> None:
    changed = changed_definitions(NUMBER, NUMBER + ', "orders_1d": agg.count(window="1d")')
    ran = shop("bump", changed)
    assert ran.code == 0, ran.err
    assert "customer_orders: 1 becomes 1.1" in ran.out
    assert "fraud_model: 1 becomes 1.1" in ran.out
    assert "basket" not in ran.out  # it reads nothing that was added
    assert Path(changed).read_text().count("version=") == 2
    assert shop("plan", changed).code == 0
    assert shop("bump", changed, "--json").document == {"is_changed": False, "versions": []}


def test_another_value_moves_all_that_reads_it(shop: Run) -> None:
    changed = changed_definitions(COUNT, 'agg.count(window="8d")')
    found = shop("bump", changed, "--json")
    assert found.code == 0, found.err
    versions = found.document["versions"]
    assert {(each["name"], each["after"]) for each in versions} >= {("customer_orders", "2")}
    assert any("became agg.count(window='8d')" in text for text in versions[0]["reasons"])
    assert shop("plan", changed).code == 0


def test_a_check_writes_nothing(shop: Run) -> None:
    changed = changed_definitions(COUNT, 'agg.count(window="8d")')
    before = Path(changed).read_text()
    ran = shop("bump", changed, "--check")
    assert ran.code == 1
    assert "run skewless bump" in ran.err
    assert Path(changed).read_text() == before


def test_what_no_version_mends_is_told_and_the_file_stays(shop: Run) -> None:
    changed = changed_definitions('"customer_id": String', '"customer_id": Bool')
    text = Path(changed).read_text()
    ran = shop("bump", changed)
    assert ran.code == 1
    assert "no version makes these publishable" in words(ran.err)
    assert Path(changed).read_text() == text


def test_a_version_that_is_no_literal_is_left_to_the_user(shop: Run) -> None:
    made = DEFINITIONS.replace(COUNT, 'agg.count(window="8d")').replace(
        '"customer_orders"', '"customer_" + "orders"', 1
    )
    Path("made.py").write_text(made)
    ran = shop("bump", "made.py")
    assert ran.code == 1
    assert "needs version=2" in words(ran.err)
    assert Path("made.py").read_text() == made
