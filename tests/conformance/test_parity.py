"""The parity tests' drawn cases, by Trino: Athena's dialect, executed, gives the oracle's bits.

The same cases every time, and none is shrunk: a query takes Trino a good part of a second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given

from tests.parity.examples import fixed
from tests.parity.test_history import (
    assert_history_is_the_oracle,
    assert_on_demand_is_the_oracle,
    cases,
    cases_in_modes,
    on_demand_cases,
)
from tests.parity.test_names import assert_history_is_the_oracle as assert_names_are_told_apart
from tests.parity.test_names import cases as named_cases
from tests.parity.test_states import (
    assert_a_cut_serves_the_oracle,
    assert_the_unchanged_serve_the_oracle,
)

if TYPE_CHECKING:
    from tests.conformance.in_trino import Files


@given(drawn=cases_in_modes())
@fixed(25)
def test_history_in_trino_is_the_oracle_bit_for_bit(files: Files, drawn: Any) -> None:
    assert_history_is_the_oracle(files.history, *drawn)


@given(case=on_demand_cases())
@fixed(10)
def test_on_demand_features_in_trino_are_the_oracle_bit_for_bit(files: Files, case: Any) -> None:
    assert_on_demand_is_the_oracle(files.history, case)


@given(case=named_cases())
@fixed(10)
def test_history_of_hostile_names_in_trino_is_the_oracle_bit_for_bit(
    files: Files, case: Any
) -> None:
    assert_names_are_told_apart(files.history, case)


@given(case=cases())
@fixed(10)
def test_what_is_served_from_a_cut_by_trino_is_the_oracle_bit_for_bit(
    files: Files, case: Any
) -> None:
    assert_a_cut_serves_the_oracle(files.states_at, case)


@given(case=cases())
@fixed(5)
def test_an_entity_that_a_cut_by_trino_leaves_out_is_still_right(files: Files, case: Any) -> None:
    assert_the_unchanged_serve_the_oracle(files.states_at, case)
