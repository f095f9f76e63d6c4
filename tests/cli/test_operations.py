"""`skewless forget` and `skewless doctor`, as their users run them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from skewless import Entity
from skewless.cli.forget import key_of
from skewless.errors import InputError
from skewless.types import Int64, String
from tests.cli.shop import an_order, write_lines

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Run

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")


@pytest.fixture
def sold(new_shop: Run, folder: Path) -> Run:
    """A shop with two customers."""
    old = write_lines("old.jsonl", *(an_order(n, f"c{n % 2}") for n in range(3, 9)))
    assert new_shop("backfill", "orders", old).code == 0
    assert new_shop("materialize", "--all").code == 0
    return new_shop


def test_a_customer_is_forgotten_once(sold: Run) -> None:
    ran = sold("forget", "--entity", "customer", "--key", "c1", "--yes", "--json")
    assert ran.code == 0, ran.err
    rows = [item for item in ran.document["removed"] if item["what"] == "rows"]
    assert rows == [{"place": "log orders", "what": "rows", "count": 3}]
    assert ran.document["signature"]["algorithm"] == "ECDSA_SHA_256"
    again = sold("forget", "--entity", "customer", "--key", "c1", "--yes")
    assert again.code == 0
    assert "Nothing of it is there." in again.out


def test_it_shows_what_it_would_remove_and_asks(sold: Run) -> None:
    ran = sold("forget", "--entity", "customer", "--key", "c1", answer="n\n")
    assert ran.code == 1
    assert "To remove" in ran.out
    assert "nothing was erased" in ran.err
    assert "log orders" in sold("forget", "--entity", "customer", "--key", "c1", "--dry-run").out


def test_with_json_nobody_is_asked(shop: Run) -> None:
    ran = shop("forget", "--entity", "customer", "--key", "c1", "--json")
    assert ran.code == 2
    assert "--yes" in ran.err


def test_an_entity_that_is_not_published_is_refused_by_name(shop: Run) -> None:
    ran = shop("forget", "--entity", "customers", "--key", "c1", "--yes")
    assert ran.code == 1
    assert "Did you mean 'customer'" in ran.err


def test_a_key_of_several_columns_is_given_by_name() -> None:
    route = Entity("route", keys={"origin": String, "number": Int64})
    assert key_of(["origin=JFK", "number=42"], route) == {"origin": "JFK", "number": 42}
    with pytest.raises(InputError, match="--key origin=VALUE --key number=VALUE"):
        key_of(["JFK"], route)


def test_a_key_of_one_column_is_a_value_and_may_hold_a_sign() -> None:
    customer = Entity("customer", keys={"id": String})
    for text, value in (("42", "42"), ("id=42", "42"), ("a=b", "a=b")):
        assert key_of([text], customer) == {"id": value}


def test_the_doctor_tells_of_views_that_were_never_cut(new_shop: Run) -> None:
    ran = new_shop("doctor")
    assert ran.code == 0, ran.err
    assert "→ skewless materialize" in ran.out
    document = new_shop("doctor", "--json").document
    assert document["is_healthy"]
    assert {one["severity"] for one in document["findings"]} == {"ok", "warning"}


def test_a_stream_view_is_repaired_and_another_has_nothing_to_repair(sold: Run) -> None:
    ran = sold("repair", "customer_orders", "--json")
    assert (ran.code, ran.document) == (0, {"repaired": ["customer_orders"]})
    ran = sold("repair", "customer_returns")
    assert ran.code == 1
    assert "materialize it" in ran.err
