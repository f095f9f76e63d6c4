"""Applies of whole stores: by processes at once, and killed at their calls to AWS."""

from __future__ import annotations

import copy
import os
import warnings
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from skewless import Entity, FeatureStore, FeatureView, agg
from skewless.errors import PublishError
from skewless.types import String
from tests.order.scheduler import KilledError
from tests.store.builders import card, payment, payments, spending
from tests.store.interleaving import STRIDE, at_call, kill

if TYPE_CHECKING:
    from collections.abc import Callable

    from skewless.definitions.collection import Definition


def a_view(name: str, window: str = "1d", description: str = "") -> FeatureView:
    return FeatureView(
        name,
        entity=card,
        source=payments,
        refresh="stream",
        features={"n": agg.count(window=window)},
        description=description,
    )


# More than one transaction of DynamoDB holds.
MANY = [Entity(f"e{number}", keys={"k": String}) for number in range(101)]
# Who applies what; those of one letter are in each other's way.
PEOPLE: dict[str, list[Definition]] = {
    "ann": [a_view("ann")],
    "bob": [a_view("bob")],
    "ci": [*MANY, a_view("ci")],
    "x1": [a_view("same", "1d"), a_view("x1")],
    "x2": [a_view("same", "2d"), a_view("x2")],
    "y1": [a_view("words", description="one"), *MANY[:1]],
    "y2": [a_view("words", description="two"), *MANY[:1]],
}


def at_once(work: dict[str, Callable[[], None]]) -> dict[str, str]:
    """Do all of these in forks of this process, which begin together.

    Returns:
        For each what it failed of; nothing if it did not.
    """
    gate, opener = os.pipe()
    results: dict[str, tuple[int, int]] = {}
    for name, task in work.items():
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            os.close(opener)
            os.read(gate, 1)  # returns when the last of the other ends is closed
            text = "it died"
            try:
                task()
                text = ""
            except PublishError as error:
                text = str(error)
            finally:
                os.write(writing, text.encode())
                os._exit(0)
        os.close(writing)
        results[name] = child, reading
    os.close(gate)
    os.close(opener)
    found = {}
    for name, (child, reading) in results.items():
        with os.fdopen(reading) as file:
            found[name] = file.read()
        os.waitpid(child, 0)
    return found


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_processes_that_apply_at_once_lose_nothing(store: FeatureStore) -> None:
    store.apply(spending)

    def applied(wanted: list[Definition], name: str) -> Callable[[], None]:
        def work() -> None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # the snapshot is whoever's comes last
                copy.copy(store).apply(wanted, message=name)

        return work

    lost = at_once({name: applied(wanted, name) for name, wanted in PEOPLE.items()})
    assert [lost[name] for name in ("ann", "bob", "ci")] == [""] * 3
    store.refresh()
    views = {view.name: view for view in store.published.views}
    winner, loser = ("x1", "x2") if lost["x2"] else ("x2", "x1")
    assert not lost[winner]
    assert "arn:aws:" in lost[loser] or "what version 1 means never changes" in lost[loser]
    assert (winner in views, loser in views) == (True, False)
    assert views["same"] == PEOPLE[winner][0]
    # Words may also be changed by the second, if it saw those of the first.
    described = [PEOPLE[name][0] for name in ("y1", "y2") if not lost[name]]
    assert views["words"] in described
    assert {entity.name for entity in store.published.definitions.entities} >= {
        entity.name for entity in MANY
    }
    assert not store.published.is_unfinished
    told = [entry.message for entry in store.log()]
    assert sorted(told) == sorted(["", *(name for name in PEOPLE if not lost[name])])


def test_killed_at_any_call_an_apply_leaves_the_old_or_the_new_and_is_mended_by_the_next(
    new_store: Callable[[], FeatureStore],
) -> None:
    number = 3
    while True:
        store = new_store()
        store.apply(card)
        with at_call(store, number, kill) as calls, suppress(KilledError):
            store.apply([spending, a_view("other")])
        other = copy.copy(store)
        names = {view.name for view in other.published.views}
        assert names in (set(), {"spending", "other"})
        other.apply([spending, a_view("other")])
        assert len(other.log()) == 2
        remaining = {one.subject for one in (*other.doctor().errors, *other.doctor().warnings)}
        assert not {one for one in remaining if one.startswith(("source", "table", "snapshot"))}
        assert other.ingest("payments", [payment()]).accepted == 1
        if number >= len(calls):
            return
        number += max(1, STRIDE // 2)


def test_an_apply_that_was_interrupted_when_it_counted_is_told_and_finished_by_the_next(
    store: FeatureStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skewless.registry.applies.MAX_WRITES", 5)
    wanted = MANY[:6]
    other = copy.copy(store)
    with monkeypatch.context() as patch:
        patch.setattr("skewless.registry.applies.Applies.finish", lambda _: kill())
        with pytest.raises(KilledError):
            store.apply(wanted)
    assert len(other.published.definitions.entities) == 6
    (told,) = [one for one in other.doctor().warnings if "interrupted" in one.what]
    assert told.remedy.startswith("skewless apply FILE")
    other.apply(wanted)
    assert not [one for one in other.doctor().warnings if "interrupted" in one.what]
    assert len(other.log()) == 1


def test_what_was_not_planned_is_not_applied(store: FeatureStore) -> None:
    """Without it, the words of another would be overwritten by a plan that never showed them."""
    one, other = a_view("one"), a_view("one", description="theirs")
    planned = store.plan([one, a_view("two")])
    store.apply(a_view("two"))
    store.apply([one, a_view("two")], planned=planned)  # less is left to do
    planned = store.plan([one, a_view("three")])
    copy.copy(store).apply(other, message="theirs")
    with pytest.raises(PublishError, match=r"(?s)since the plan was made, by arn.*describe"):
        store.apply([one, a_view("three")], planned=planned)
    store.refresh()
    assert {view.name for view in store.published.views} == {"one", "two"}
    assert store.published.view("one").description == "theirs"
