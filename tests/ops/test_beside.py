"""An erasure beside others, stepped at its calls to AWS: what it calls complete is clean.

`SKEWLESS_STEPS=all` tries every call; otherwise some are drawn, other ones each day, in CI always
the same, whose seed may be given as `SKEWLESS_STEPS=2026-01-31`.
"""

from __future__ import annotations

import os
import random
import threading
import uuid
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import botocore.client
import pytest

from skewless import Every, FeatureStore, agg
from skewless.erasure import forget
from skewless.erasure.neighbours import Neighbours
from skewless.errors import NotDueError, StoreError
from skewless.materialize.days import DayItems
from tests.ops.builders import ERASED, NOON, MovableClock, payment, payments_view, shop
from tests.ops.raw import places_with

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")

LAST = {"last_card": agg.last("card", window="7d"), "n": agg.count(window="7d")}
VIEWS = (
    payments_view(),
    payments_view("stream_of_shops", entity=shop, features=LAST),
    payments_view("days_of_shops", entity=shop, features=LAST, refresh=Every("1d")),
)
NEXT_DAY = NOON + timedelta(hours=13)
_CLIENT: Any = botocore.client.BaseClient
_CALLS = 150  # about as many as an erasure of so small a store makes
# CI draws the same steps each time, so that a change is judged by what it changes.
_TODAY = "2026-01-31" if "CI" in os.environ else f"{datetime.now(UTC):%Y-%m-%d}"
_SEED = os.environ.get("SKEWLESS_STEPS", _TODAY)
_WRITES = ("PutItem", "UpdateItem", "TransactWriteItems")


def _steps(name: str, count: int) -> list[int]:
    if _SEED == "all":
        return list(range(_CALLS))
    return sorted(random.Random(_SEED + name).sample(range(_CALLS), count))  # noqa: S311


@pytest.fixture
def beside(monkeypatch: pytest.MonkeyPatch) -> FeatureStore:
    """A store with a card to be forgotten, whose log and bucket are old enough to be swept."""
    store = FeatureStore.local(f"ops-{uuid.uuid4().hex[:10]}", clock=MovableClock())
    store.apply(VIEWS)
    rows = [payment(-3000, card=ERASED, shop=name) for name in ("book", "only")]
    store.backfill("payments", [payment(-3100, card="c1"), *rows])
    for view in VIEWS:
        store.materialize(view)
    store.ingest("payments", [payment(-2, card="c1"), payment(-1, card=ERASED)])
    _clock(store).now = NEXT_DAY
    now = forget._now
    monkeypatch.setattr(forget, "_now", lambda: now() + timedelta(hours=2))
    return store


def _clock(store: FeatureStore) -> MovableClock:
    clock = store.clock
    assert isinstance(clock, MovableClock)
    return clock


def _other(store: FeatureStore) -> FeatureStore:
    return FeatureStore(store.aws, store.resources, clock=store.clock)


@contextmanager
def _at(step: int | None, act: Callable[[], None]) -> Iterator[None]:
    """Do something before this thread's call to AWS of that number, or before each of them.

    If there are fewer calls, it is done after the last one.
    """
    real = _CLIENT._make_api_call
    mine, counted, is_acting = threading.get_ident(), [0], [False]

    def call(self: Any, operation: str, request: Any) -> Any:
        if threading.get_ident() == mine and not is_acting[0]:
            counted[0] += 1
            if step is None or counted[0] == step + 1:
                is_acting[0] = True
                try:
                    act()
                finally:
                    is_acting[0] = False
        return real(self, operation, request)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_CLIENT, "_make_api_call", call)
        yield
    if step is not None and counted[0] <= step:
        act()


def _forgotten(store: FeatureStore) -> None:
    """Run the erasure to its end, and check that nothing is left and all agree."""
    for _ in range(4):
        report = store.forget("card", ERASED)
        if report.is_complete:
            break
        for view in VIEWS:
            store.materialize(view)
    assert report.is_complete, report
    assert places_with(store, ERASED) == []
    for view in VIEWS:
        store.materialize(view)
    assert places_with(store, ERASED) == []
    rows = [{"shop": name} for name in ("book", "only", "new")]
    for name in ("stream_of_shops", "days_of_shops"):
        store.verify(name, entity_rows=rows).raise_if_different()


@pytest.mark.parametrize("step", _steps("cut", 2))
def test_a_cut_of_neighbours_at_any_call(beside: FeatureStore, step: int) -> None:
    other = _other(beside)

    def cut() -> None:
        for view in VIEWS:
            other.materialize(view)

    with _at(step, cut):
        report = beside.forget("card", ERASED)
    if report.is_complete:
        assert places_with(beside, ERASED) == []
    _forgotten(beside)


@pytest.mark.parametrize("step", _steps("paused", 1))
@pytest.mark.parametrize("view", [view.name for view in VIEWS])
def test_a_cut_that_read_before_and_writes_at_any_call(
    beside: FeatureStore, view: str, step: int
) -> None:
    cut = _PausedCut(_other(beside), view)
    with cut.patched():
        cut.start()
        with _at(step, cut.finish):
            report = beside.forget("card", ERASED)
        if report.is_complete:
            assert places_with(beside, ERASED) == []
        cut.finish()
    _forgotten(beside)


@pytest.mark.parametrize("step", _steps("ingest", 2))
def test_an_event_of_the_key_at_any_call(beside: FeatureStore, step: int) -> None:
    other = _other(beside)
    new = [payment(60 * 13, card=ERASED, shop=name) for name in ("new", "book")]

    def ingest() -> None:
        other.ingest("payments", new)

    with _at(step, ingest):
        beside.forget("card", ERASED)
    _forgotten(beside)


@pytest.mark.parametrize("step", range(1, 4))
def test_a_load_that_looked_at_the_log_before(beside: FeatureStore, step: int) -> None:
    """Metadata, and the list of its files, are deleted between two calls of the load."""
    row = payment(-3200, card="c1")
    with _at(step, lambda: _forgotten(_other(beside))):
        loaded = beside.backfill("payments", [row], rewrite=True)
    assert loaded.accepted == 1


@pytest.mark.parametrize("step", _steps("publish", 2))
def test_a_view_of_neighbours_that_is_published_at_any_call(
    beside: FeatureStore, step: int
) -> None:
    """Its first cut waits while rows are removed, so that it holds none of them."""
    new = payments_view("new", entity=shop, features=LAST)
    other = _other(beside)

    def publish() -> None:
        other.apply([*VIEWS, new])
        with suppress(NotDueError):
            other.materialize(new)

    with _at(step, publish):
        beside.forget("card", ERASED)
    _forgotten(beside)
    other.materialize(new)
    assert places_with(beside, ERASED) == []
    other.verify("new", entity_rows=[{"shop": "book"}]).raise_if_different()


def test_readers_of_neighbours_find_all_other_events_all_along(beside: FeatureStore) -> None:
    other, seen = _other(beside), set()

    def read() -> None:
        (row,) = other.get_online_features("stream_of_shops", [{"shop": "book"}]).rows
        seen.add(row["n"])

    with _at(None, read):
        beside.forget("card", ERASED)
    assert seen <= {2, 3, 4}
    assert {2, 4} <= seen


@pytest.mark.parametrize("step", _steps("erasure", 2))
def test_an_erasure_of_another_at_any_call(beside: FeatureStore, step: int) -> None:
    second = ERASED[::-1]  # neither key is a part of the other: traces are searched for as bytes
    beside.ingest("payments", [payment(60 * 13, card=second), payment(60 * 13, card="c1")])
    other = _other(beside)

    def erase() -> None:
        other.forget("card", second)

    with pytest.MonkeyPatch.context() as patch:
        # By the true clock: files of the one that are being committed are no strays to the other.
        patch.setattr(forget, "_now", lambda: datetime.now(UTC))
        with _at(step, erase), suppress(StoreError):  # a file that both would delete
            beside.forget("card", ERASED)
    _forgotten(beside)
    assert other.forget("card", second).is_complete
    assert places_with(beside, second) == []


def test_an_erasure_of_another_while_day_items_are_looked_at_again(beside: FeatureStore) -> None:
    """What the other removed is not written back from the log as it was before."""
    second = ERASED[::-1]
    beside.ingest("payments", [payment(60 * 13, card=second), payment(60 * 13, card="c1")])
    other = _other(beside)
    real, done = DayItems._logged, list[bool]()

    def logged(days: DayItems, *given: Any, **more: Any) -> Any:
        found = real(days, *given, **more)
        if days is beside._workbench.days and looks and not done:
            done.append(True)
            other.forget("card", second)
        return found

    looks: list[bool] = []
    look_again = Neighbours.look_again

    def looking(neighbours: Neighbours) -> Any:
        looks.append(True)
        return look_again(neighbours)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forget, "_now", lambda: datetime.now(UTC))
        patch.setattr(DayItems, "_logged", logged)
        patch.setattr(Neighbours, "look_again", looking)
        beside.forget("card", ERASED)
    assert done
    assert places_with(beside, second) == []
    _forgotten(beside)


@pytest.mark.parametrize("step", _steps("death", 3))
def test_a_death_at_any_call(beside: FeatureStore, step: int) -> None:
    with suppress(_DeathError), _at(step, _die):
        try:
            beside.forget("card", ERASED)
        except _DeathError:
            assert all("reports/" not in place for place in places_with(beside, ERASED))
    _forgotten(beside)


class _DeathError(Exception):
    """The process ends here."""


def _die() -> None:
    raise _DeathError


class _PausedCut:
    """A cut in a thread of its own, which stands still before the first item that it writes."""

    def __init__(self, store: FeatureStore, view: str) -> None:
        self._store, self._view = store, view
        self._is_at_write, self._may_write = threading.Event(), threading.Event()
        self._known = {thread.ident for thread in threading.enumerate()}
        self._thread = threading.Thread(target=self._run)
        self._errors: list[BaseException] = []

    @contextmanager
    def patched(self) -> Iterator[None]:
        real = _CLIENT._make_api_call

        def call(client: Any, operation: str, request: Any) -> Any:
            if (
                not self._may_write.is_set()
                and threading.get_ident() not in self._known
                and operation == "BatchExecuteStatement"
            ):
                self._is_at_write.set()
                assert self._may_write.wait(60)
            return real(client, operation, request)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(_CLIENT, "_make_api_call", call)
            yield

    def start(self) -> None:
        self._thread.start()
        assert self._is_at_write.wait(60)

    def finish(self) -> None:
        self._may_write.set()
        self._thread.join(60)
        assert not self._errors

    def _run(self) -> None:
        try:
            self._store.materialize(self._view)
        except BaseException as error:  # noqa: BLE001 - it is told where the test waits
            self._errors.append(error)
