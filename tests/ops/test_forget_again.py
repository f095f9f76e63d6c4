"""An erasure that dies anywhere is finished by the next, and its report counts all of it."""

from __future__ import annotations

from typing import Any

import pytest

from skewless import FeatureStore
from skewless.erasure import sets
from skewless.erasure.removal import Removal
from skewless.erasure.report import Erasure
from skewless.errors import StoreError
from skewless.offline.lake.expired import ExpiredSnapshots
from skewless.offline.storage.stored import StoredObjects
from skewless.offline.training import training_set
from skewless.online.items import EntityItems
from tests.ops.builders import ERASED, MovableClock, payment
from tests.ops.test_forget import counts, fill, items
from tests.ops.traces import traces

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")


class DeathError(Exception):
    """The process ends here."""


# Where a run dies, and whether before or after it has done what is named.
DEATHS = [
    (Removal, "_rewrite", "before"),
    (Removal, "_rewrite", "after"),
    (Removal, "_reseal", "after"),
    (ExpiredSnapshots, "add", "after"),
    (Removal, "_delete", "before"),
    (StoredObjects, "delete", "after"),
    (sets, "write_set", "before"),
    (training_set, "write_bytes", "after"),
    (EntityItems, "delete", "before"),
    (Erasure, "signed", "after"),
]
# Iceberg keeps sixteen characters of a text as bounds: the cards differ in these.
DOOMED = [f"card-{n:04d}-4242-4242-to-be-forgotten" for n in range(len(DEATHS) + 3)]


@pytest.fixture(scope="module")
def shared() -> FeatureStore:
    """One store with the traces of a card for each test that asks for one."""
    store = FeatureStore.local("ops-deaths", clock=MovableClock())
    fill(store, *DOOMED)
    return store


@pytest.mark.parametrize(
    ("doomed", "place", "name", "moment"),
    [(card, *death) for card, death in zip(DOOMED, DEATHS, strict=False)],
    ids=[f"{moment}-{name}" for _, name, moment in DEATHS],
)
def test_a_run_that_died_is_finished_by_the_next(
    shared: FeatureStore,
    doomed: str,
    monkeypatch: pytest.MonkeyPatch,
    place: Any,
    name: str,
    moment: str,
) -> None:
    expected = counts(shared.forget("card", doomed, dry_run=True))
    assert {what for _, what in expected} >= {"rows", "items", "snapshots", "files"}
    real = getattr(place, name)

    def dying(*arguments: Any, **options: Any) -> Any:
        if moment == "after":
            real(*arguments, **options)
        raise DeathError

    with monkeypatch.context() as patch:
        patch.setattr(place, name, dying)
        with pytest.raises(DeathError):
            shared.forget("card", doomed)
    report = shared.forget("card", doomed)
    assert report.is_complete
    assert traces(shared, doomed) == []
    assert items(shared, doomed) == []
    done = counts(report)
    for (where, what), count in expected.items():
        if what in ("rows", "items"):
            assert done[where, what] == count, where
    assert shared.forget("card", doomed).removed == ()


def test_the_next_run_is_the_same_erasure(
    shared: FeatureStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    doomed = DOOMED[-1]
    with monkeypatch.context() as patch:
        patch.setattr(Erasure, "signed", _die)
        with pytest.raises(DeathError):
            shared.forget("card", doomed)
    pending = traces(shared, "20", "reports/pending/")
    assert len(pending) == 1
    report = shared.forget("card", doomed)
    assert report.id in pending[0]
    assert traces(shared, "20", "reports/pending/") == []


def _die(*_arguments: Any) -> Any:
    raise DeathError


def test_the_journal_of_a_run_that_died_holds_no_key(
    shared: FeatureStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    doomed = DOOMED[-2]
    with monkeypatch.context() as patch:
        patch.setattr(EntityItems, "delete", _die)
        with pytest.raises(DeathError):
            shared.forget("card", doomed)
    assert len(traces(shared, "20", "reports/pending/")) == 1
    assert traces(shared, doomed, "reports/") == []
    shared.forget("card", doomed)


def test_another_entity_does_not_resume_it(
    shared: FeatureStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    doomed = DOOMED[-3]
    with monkeypatch.context() as patch:
        patch.setattr(Erasure, "signed", _die)
        with pytest.raises(DeathError):
            shared.forget("card", doomed)
    other = shared.forget("card", "nobody")
    (pending,) = traces(shared, "20", "reports/pending/")
    assert other.id not in pending
    assert shared.forget("card", doomed).id in pending


def test_a_writer_that_comes_first_does_not_bring_it_back(
    store: FeatureStore, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store)
    source = store.published.source("payments")
    other = FeatureStore(store.aws, store.resources, clock=clock)
    rewrite = Removal._rewrite

    def raced(self: Removal, *arguments: Any) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(Removal, "_rewrite", rewrite)
            other.ingest("payments", [payment(0, card=ERASED), payment(0, card="c1")])
        rewrite(self, *arguments)

    before = store._workbench.log.scan(source).read_all().num_rows
    erased = counts(store.forget("card", ERASED, dry_run=True))["log payments", "rows"]
    monkeypatch.setattr(Removal, "_rewrite", _once(raced, rewrite))
    store.forget("card", ERASED)
    left = store._workbench.log.scan(source).read_all()
    assert left.num_rows == before - erased + 1
    assert traces(store, ERASED, "log/") == []


def _once(first: Any, then: Any) -> Any:
    waiting = [first]

    def call(*arguments: Any) -> Any:
        return (waiting.pop() if waiting else then)(*arguments)

    return call


def test_items_that_come_back_are_removed_and_told(
    store: FeatureStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store)
    other = FeatureStore(store.aws, store.resources, clock=store.clock)
    find = EntityItems.find
    seen: list[str] = []

    def returning(self: EntityItems, partition: str) -> Any:
        if partition in seen and "spending" in partition and len(seen) == seen.index(partition) + 3:
            other.ingest("payments", [payment(0, card=ERASED)])
        seen.append(partition)
        return find(self, partition)

    monkeypatch.setattr(EntityItems, "find", returning)
    report = store.forget("card", ERASED)
    assert any("came back" in reason for reason in report.again)
    assert items(store, ERASED) == []


def test_a_tag_that_keeps_the_rows_is_named(store: FeatureStore) -> None:
    fill(store)
    source = store.published.source("payments")
    log = store._workbench.log.table(source)
    table = log.load()
    table.manage_snapshots().create_tag(table.snapshots()[0].snapshot_id, "audit").commit()
    with pytest.raises(StoreError, match="audit"):
        store.forget("card", ERASED)
    log.load().manage_snapshots().remove_tag("audit").commit()
    assert store.forget("card", ERASED).is_complete
    assert traces(store, ERASED) == []
