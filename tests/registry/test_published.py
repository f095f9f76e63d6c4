from __future__ import annotations

import pickle

from skewless import agg
from skewless.compiler.plan import plan_selection, plan_view
from skewless.definitions.collection import Definitions
from skewless.registry.identity import Identity
from skewless.registry.published import Published
from tests.registry.builders import a_view

VIEW, SECOND = a_view(), a_view(version=2, features={"mean_2d": agg.mean("delay", window="2d")})


def published() -> Published:
    return Published(Definitions.collect([VIEW, SECOND]))


def test_a_view_is_compiled_once_for_what_is_published() -> None:
    store = published()
    plan = store.plan(VIEW)
    assert plan == plan_view(VIEW)
    assert store.plan(VIEW) is plan
    assert store.plans_of(VIEW.source)[0] is plan
    selection = plan_selection([(VIEW, "mean_1d")], planned=store.plan)
    assert selection.views[0] is plan


def test_a_plan_is_never_that_of_another_view() -> None:
    store = published()
    assert store.plan(SECOND) is not store.plan(VIEW)
    assert store.plan(SECOND).view is SECOND


def test_plans_change_neither_what_is_equal_nor_what_is_pickled() -> None:
    planned, fresh = published(), published()
    planned.plan(VIEW)
    assert planned == fresh
    again = pickle.loads(pickle.dumps(planned))  # noqa: S301 - our own
    assert again == fresh
    view = again.definitions.views[0]
    assert again.plan(view).view is view


def test_a_fingerprint_that_was_checked_is_taken_for_the_published_view_alone() -> None:
    known = {Identity.of(VIEW).key: "0" * 16}
    store = Published(Definitions.collect([VIEW]), fingerprints=known)
    namesake = a_view(features={"other": agg.count(window="1h")})
    assert store.plan(VIEW).fingerprint == "0" * 16
    assert store.plan(namesake) == plan_view(namesake)
    assert store.plan(SECOND) == plan_view(SECOND)
