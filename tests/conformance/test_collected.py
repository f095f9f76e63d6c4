"""What windows collect of values of every type, by Trino: the oracle's bits, in history and cuts.

Every function over every type; drawn views have a few aggregates only.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from skewless import Every, FeatureView
from skewless.compiler.plan import plan_view
from skewless.offline.query.mode import Mode
from skewless.online.fold import Folder
from tests import reference, strategies
from tests.parity.bits import bits
from tests.parity.test_history import assert_history_is_the_oracle, logical
from tests.reference import DAY, Event
from tests.store.answering import user
from tests.store.test_lists import SCALARS, lists, told
from tests.store.test_maps import bought, card, maps

if TYPE_CHECKING:
    from tests.conformance.in_trino import Files

CUT = 20_000 * DAY
DRAW = random.Random(20241004)  # noqa: S311 - the same events every time
VALUES: dict[str, list[Any]] = {
    "flag": [False, True],
    "whole": [0, 1, -1, 127, 128, 255, 256, 2**53 + 1, 2**63 - 1, -(2**63)],
    "real": [0.0, -0.5, 1e-6, 7.0, 1e12, 1e-300],
    "text": [*strategies.TEXTS, "a\x00b"],
    "raw": [b"", b"\x00", b"\xff", b"a"],
    "seen": [0, -1, CUT, CUT + 1],
    "born": [0, -1, 20_000],
    "price": [reference.scaled_decimal(units, 4) for units in (0, 70_000, 69_999, -1, 10**15)],
}


def events() -> list[Event]:
    found = []
    for number in range(300):
        at = CUT - DRAW.randrange(40 * DAY)
        values = {name: DRAW.choice([None, *VALUES[name]]) for name in SCALARS}
        row = {"user_id": number % 3, "shop": "s", "at": at, **values}
        found.append(Event(row, at, at + DRAW.choice([0, 1, DAY]), number))
    return found


EVENTS = events()
WORDS = sorted({name.partition("_")[0] for name in lists.feature_types})


def one_kind(word: str) -> FeatureView:
    """Return a view of the features whose names begin so: one statement has 150 stages at most."""
    chosen = {name: item for name, item in lists.aggregations.items() if name.startswith(word)}
    return FeatureView("lists", entity=user, source=told, refresh=Every("1d"), features=chosen)


@pytest.mark.parametrize("word", WORDS)
def test_what_windows_collect_in_trino_is_the_oracle_bit_for_bit(files: Files, word: str) -> None:
    view = one_kind(word)
    labels = [
        ({"user_id": number, "shop": "s"}, CUT + days * DAY)
        for number in range(4)
        for days in (-20, -1, 0, 1, 33)
    ]
    assert_history_is_the_oracle(files.history, (view, EVENTS, labels), Mode.AS_SERVED)


@pytest.mark.parametrize("word", WORDS)
def test_what_a_cut_by_trino_collects_serves_the_oracle_bit_for_bit(
    files: Files, word: str
) -> None:
    view = one_kind(word)
    plan = plan_view(view)
    states = files.states_at(plan, EVENTS, CUT)
    assert len(states) == 3
    for key, state in states.items():
        values, *_ = Folder(plan).fold([state], CUT)
        named = dict(zip(view.entity.keys, key, strict=True))
        wanted, _ = reference.view_value(view, EVENTS, named, CUT)
        got = {
            name: bits(logical(value, view.feature_types[name])) for name, value in values.items()
        }
        assert got == {name: bits(value) for name, value in wanted.items()}


@pytest.mark.parametrize("name", maps.feature_types)
def test_maps_by_trino_are_the_oracle_bit_for_bit(files: Files, name: str) -> None:
    view = FeatureView(
        "maps",
        entity=card,
        source=bought,
        refresh=Every("1d"),
        features={name: maps.aggregations[name]},
    )
    events = purchases()
    labels = [({"card": key}, CUT + days * DAY) for key in "abc" for days in (-20, -1, 0, 1, 33)]
    assert_history_is_the_oracle(files.history, (view, events, labels), Mode.AS_SERVED)
    plan = plan_view(view)
    states = files.states_at(plan, events, CUT)
    assert len(states) == 2
    for (key,), state in states.items():
        values, *_ = Folder(plan).fold([state], CUT)
        wanted, _ = reference.view_value(view, events, {"card": key}, CUT)
        assert bits(logical(values[name], view.feature_types[name])) == bits(wanted[name])


def purchases() -> list[Event]:
    chance = random.Random(20241129)  # noqa: S311 - the same events every time
    found = []
    for number in range(200):
        at = CUT - chance.randrange(40 * DAY)
        values = {
            "kind": chance.choice([None, "", "food", "é", "'; --"]),
            "shop": chance.choice([None, 0, 1, -(2**63)]),
            "price": chance.choice([None, reference.scaled_decimal(chance.randrange(-99, 99), 2)]),
            "big": chance.choice([None, 1, 2**40]),
        }
        row = {"card": chance.choice("ab"), "at": at, **values}
        found.append(Event(row, at, at + chance.choice([0, 1, DAY]), number))
    return found
