"""A value that leaves its range is an error that names it, or null where that is asked for."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from skewless.errors import InputError, ValueOverflowError
from tests.store.conftest import NOON
from tests.store.test_failures import GREATEST, a_note, later, notebook, numbers, ratio, served

if TYPE_CHECKING:
    from skewless import FeatureStore
    from tests.store.conftest import MovableClock

__all__ = ["notebook"]
ENGINES = ["duckdb", "athena"]


def labels(*users: str, minutes: float = 1) -> list[dict[str, Any]]:
    at = NOON + timedelta(minutes=minutes)
    return [{"user": user, "event_timestamp": at} for user in users]


@pytest.fixture
def overflowing(notebook: FeatureStore, clock: MovableClock) -> FeatureStore:
    """`bad` overflows in std and sum; `worse` has a value without units; `good` and `new` do not.

    The squares of `near` have 38 digits and no more.
    """
    rows = [a_note("bad", x=GREATEST), a_note("bad", x=GREATEST), a_note("good", x=2)]
    rows += [a_note("good", x=4), a_note("near", x=7 * 10**18), a_note("near", x=-7 * 10**18)]
    notebook.ingest("notes", rows)
    later(clock, minutes=1)
    return notebook


@pytest.mark.parametrize("engine", ENGINES)
def test_the_error_names_features_entities_and_rows(overflowing: FeatureStore, engine: str) -> None:
    asked = labels("good", "bad", "new", *["bad"] * 4)
    with pytest.raises(ValueOverflowError) as raised:
        overflowing.get_historical_features(asked, numbers, engine=engine)
    message = str(raised.value)
    assert "numbers.std (agg.stddev_pop('x', window='1h'" in message
    assert "in 5 of 7 label rows, from 0: row 1 (user='bad'), 3 (user='bad'), 4 " in message
    assert "and 2 more; numbers.sum" in message
    assert "numbers.n" not in message
    assert "errors='null'" in message


def test_a_feature_that_overflows_in_a_role_is_an_error_too(overflowing: FeatureStore) -> None:
    writer = numbers.with_name("writer").with_join_key_map({"user": "writer"})
    asked = [{**row, "writer": row["user"]} for row in labels("good", "bad")]
    with pytest.raises(ValueOverflowError, match=r"writer\.std .* in 1 of 2 .*writer='bad'"):
        overflowing.get_historical_features(asked, [writer])


@pytest.mark.parametrize("engine", ENGINES)
def test_errors_null_makes_these_cells_null_and_counts_them(
    overflowing: FeatureStore, engine: str
) -> None:
    asked = labels("good", "bad", "new", "near", "bad")
    found = overflowing.get_historical_features(asked, numbers, engine=engine, errors="null")
    bad = {"std": None, "sum": None, "std_y": 0.0, "n": 2}
    rows = [{name: row[name] for name in bad} for row in found.to_arrow().to_pylist()]
    assert rows == [
        {"std": 1.0, "sum": 6, "std_y": 0.0, "n": 2},
        bad,
        {"std": -1.0, "sum": None, "std_y": None, "n": 0},
        {"std": 7e18, "sum": 0, "std_y": 0.0, "n": 2},
        bad,
    ]
    assert found.manifest["overflowed"] == {"std": 2, "sum": 2}
    for user, row in zip(("good", "bad", "new", "near"), rows, strict=False):
        assert served(overflowing, numbers, user) == row


@pytest.mark.parametrize("engine", ENGINES)
def test_a_feature_computed_from_one_that_overflows_is_null_as_well(
    overflowing: FeatureStore, engine: str
) -> None:
    asked = labels("bad", "good")
    found = overflowing.get_historical_features(asked, ratio, engine=engine, errors="null")
    rows = [
        {name: row[name] for name in ("or_zero", "n_more")} for row in found.to_arrow().to_pylist()
    ]
    assert rows == [{"or_zero": None, "n_more": 3.0}, {"or_zero": 1.0, "n_more": 3.0}]
    assert found.manifest["overflowed"] == {"or_zero": 1}
    assert overflowing.get_online_features(ratio, labels("bad", "good")).rows == rows
    with pytest.raises(ValueOverflowError, match=r"ratio\.or_zero \(computed from a feature"):
        overflowing.get_historical_features(asked, ratio, engine=engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_features_beside_one_that_overflows_are_no_error(
    overflowing: FeatureStore, engine: str
) -> None:
    found = overflowing.get_historical_features(labels("bad"), numbers["n"], engine=engine)
    assert found.to_arrow()["n"].to_pylist() == [2]
    assert found.manifest["overflowed"] == {}


def test_errors_is_one_of_two_words(overflowing: FeatureStore) -> None:
    with pytest.raises(InputError, match="errors is 'ignore'; it is 'raise', or 'null'"):
        overflowing.get_historical_features(labels("bad"), numbers, errors="ignore")


def test_a_set_with_cells_that_overflow_is_made_again_as_it_was(
    overflowing: FeatureStore,
) -> None:
    asked = labels("good", "bad")
    made = overflowing.get_historical_features(asked, numbers, errors="null")
    again = overflowing.rebuild(asked, made.manifest)
    assert again.manifest["digest"] == made.manifest["digest"]
    assert again.manifest["overflowed"] == {"std": 1, "sum": 1}
