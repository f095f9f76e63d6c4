"""Forks, copies, pickles and threads of a store: every event is counted, and counted once."""

from __future__ import annotations

import copy
import multiprocessing
import os
import pickle
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from skewless import FeatureStore, errors
from skewless.definitions.clock import StandingClock
from skewless.online.table import OnlineTable
from tests.store.builders import NOON, label, model, payment, spending

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.store.conftest import MovableClock

# From Python 3.12 on, a fork beside threads is warned of; that it is safe here is what is tested.
pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork"),
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),
]


def forked(work: Callable[[], object]) -> None:
    """Do something in a fork of this process; fail if it does."""
    child = os.fork()
    if not child:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0


def pickled(thing: Any) -> Any:
    return pickle.loads(pickle.dumps(thing))  # noqa: S301 - it was pickled here


def served(store: FeatureStore, clock: MovableClock, card: str = "a") -> Any:
    clock.now = NOON + timedelta(seconds=1)
    (row,) = store.get_online_features(spending, [{"card": card}]).rows
    clock.now = NOON
    return row["payments_7d"]


def by_history(store: FeatureStore, card: str = "a") -> Any:
    label_ = label(1 / 60, card=card)
    (row,) = store.get_historical_features([label_], spending).to_arrow().to_pylist()
    return row["payments_7d"]


@pytest.fixture
def filling(store: FeatureStore) -> FeatureStore:
    store.apply(model)
    store.materialize("spending")
    return store


def test_workers_of_a_prefork_server_lose_no_event(
    filling: FeatureStore, clock: MovableClock
) -> None:
    filling.ingest("payments", [payment()])
    for _ in range(3):
        forked(lambda: filling.ingest("payments", [payment()]))
    filling.ingest("payments", [payment()])
    assert served(filling, clock) == by_history(filling) == 5


def test_a_fork_of_a_fork_is_a_producer_of_its_own(
    filling: FeatureStore, clock: MovableClock
) -> None:
    def child() -> None:
        forked(lambda: filling.ingest("payments", [payment()]))
        filling.ingest("payments", [payment()])

    forked(child)
    filling.ingest("payments", [payment()])
    assert served(filling, clock) == by_history(filling) == 3


def test_what_waits_in_the_parent_is_not_applied_by_the_fork_as_well(
    filling: FeatureStore, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def throttled(*_: object) -> None:
        raise errors.OnlineStoreError("throttled")

    with monkeypatch.context() as patch:
        patch.setattr(OnlineTable, "put_stream", throttled)
        with pytest.raises(errors.OnlineStoreError):
            filling.ingest("payments", [payment()])
    forked(lambda: filling.ingest("payments", [payment()]))
    # As of before the event that waits: neither counts yet, and the answer says so.
    answer = filling.get_online_features(spending, [{"card": "a"}], now=clock())
    assert answer.rows[0]["payments_7d"] == 0
    assert answer.status[0]["spending"].as_of == NOON
    filling.ingest("payments", [payment()])
    assert served(filling, clock) == by_history(filling) == 3


def test_a_fork_reads_and_writes_by_connections_of_its_own(filling: FeatureStore) -> None:
    before = filling.aws.client("dynamodb")

    def child() -> None:
        assert filling.aws.client("dynamodb") is not before
        assert filling.get_online_features(spending, [{"card": "a"}]).rows

    forked(child)
    assert filling.aws.client("dynamodb") is before


@pytest.mark.parametrize(
    "copied",
    [copy.copy, copy.deepcopy, pickled],
    ids=["copy", "deepcopy", "pickle"],
)
def test_a_copy_of_a_store_is_a_producer_of_its_own(
    filling: FeatureStore, clock: MovableClock, copied: Callable[[FeatureStore], FeatureStore]
) -> None:
    filling.clock = StandingClock(NOON)
    filling.ingest("payments", [payment()])
    other = copied(filling)
    assert other.name == filling.name
    for store in (filling, other, filling, other):
        store.ingest("payments", [payment()])
    filling.clock = clock
    assert served(filling, clock) == by_history(filling) == 5


def test_a_copied_machine_goes_on_as_another_producer(
    filling: FeatureStore, clock: MovableClock
) -> None:
    """Memory and process number are the same in both: only the log can tell them apart."""
    filling.ingest("payments", [payment()])
    twin = copy.copy(filling)
    original = filling._workbench.front_door._producer
    clone = twin._workbench.front_door._producer
    clone.shard, clone.next_number = original.shard, original.next_number
    first, second = (store.ingest("payments", [payment(), payment()]) for store in (filling, twin))
    assert first.shard == original.shard != second.shard
    for store in (filling, twin, filling):
        store.ingest("payments", [payment()])
    assert served(filling, clock) == by_history(filling) == 8


def test_a_store_goes_to_spawned_processes_and_errors_come_back(
    filling: FeatureStore, clock: MovableClock
) -> None:
    filling.clock = StandingClock(NOON)
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        taken = pool.starmap(filling.ingest, [("payments", [payment()])] * 3)
        with pytest.raises(errors.UnknownNameError, match="no source 'paiments'"):
            pool.apply(filling.ingest, ("paiments", []))
    assert [result.accepted for result in taken] == [1, 1, 1]
    filling.clock = clock
    assert served(filling, clock) == by_history(filling) == 3


def test_threads_share_a_store_and_its_commits(filling: FeatureStore, clock: MovableClock) -> None:
    rows = [[payment(card=f"card-{number % 3}")] for number in range(24)]
    with ThreadPoolExecutor(12) as pool:
        results = list(pool.map(lambda some: filling.ingest("payments", some), rows))
    assert sum(result.accepted for result in results) == 24
    assert len({result.snapshot for result in results}) < 24
    for number in range(3):
        name = f"card-{number}"
        assert served(filling, clock, name) == by_history(filling, name) == 8


def test_each_thread_gets_the_end_of_its_own_rows(filling: FeatureStore) -> None:
    def ingest(number: int) -> tuple[int, list[int]]:
        rows = [payment(), *[payment(items="many")] * number]
        result = filling.ingest("payments", rows)
        return result.accepted, [row["row_number"] for row in result.rejected]

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(ingest, range(6)))
    assert found == [(1, list(range(1, number + 1))) for number in range(6)]


def test_a_failed_commit_is_the_error_of_all_who_shared_it(filling: FeatureStore) -> None:
    filling.aws.client("glue").delete_table(
        DatabaseName=filling.resources.database, Name="payments"
    )

    def ingest(_: int) -> str:
        with pytest.raises(errors.StoreError) as caught:
            filling.ingest("payments", [payment()])
        return str(caught.value)

    with ThreadPoolExecutor(4) as pool:
        assert all("there is no table" in text for text in pool.map(ingest, range(4)))


WAYS = ("here", "fork", "pickle", "deepcopy", "thread")


@settings(
    max_examples=6,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(st.sampled_from(WAYS), min_size=2, max_size=6))
@example(["here", "fork", "fork", "pickle", "fork", "thread", "here", "deepcopy"])
def test_every_event_counts_once_whichever_way_it_came(
    new_store: Callable[[], FeatureStore], clock: MovableClock, ways: list[str]
) -> None:
    store = new_store()
    store.apply(model)
    store.materialize("spending")
    store.clock = StandingClock(NOON)
    for way in ways:
        match way:
            case "here":
                store.ingest("payments", [payment()])
            case "fork":
                forked(partial(store.ingest, "payments", [payment()]))
            case "pickle":
                store = pickled(store)
                store.ingest("payments", [payment()])
            case "deepcopy":
                copy.deepcopy(store).ingest("payments", [payment()])
            case "thread":
                with ThreadPoolExecutor(1) as pool:
                    pool.submit(store.ingest, "payments", [payment()]).result()
    store.clock = clock
    assert served(store, clock) == by_history(store) == len(ways)


def test_answers_sets_and_reports_are_pickled(filling: FeatureStore) -> None:
    filling.clock = StandingClock(NOON)
    filling.backfill("payments", [payment(-30)], rewrite=True)
    answer = filling.get_online_features("model", [{"card": "a", "amount": 1.0}])
    training = filling.get_historical_features([label()], "model")
    for one in (answer, filling.plan(model), filling.published, model, spending):
        assert pickled(one) == one
    again = pickled(training)
    assert again.to_arrow().equals(training.to_arrow())
    assert again.manifest == training.manifest


EVERY_ERROR = [
    errors.DefinitionError("View 'v'", ["one", "two"]),
    errors.UnknownNameError("view", "x", ["y"]),
    errors.ErasedSnapshotError("orders", 7, "e-1"),
    errors.QueryError("Athena", "no", "id-1"),
    errors.InputError("no"),
    errors.NaiveTimestampError.of("column 'a'"),
]


@pytest.mark.parametrize("error", EVERY_ERROR, ids=lambda error: type(error).__name__)
def test_errors_are_the_same_after_a_pickle(error: errors.SkewlessError) -> None:
    again = pickled(error)
    assert type(again) is type(error)
    assert (str(again), again.args, vars(again)) == (str(error), error.args, vars(error))


def test_keys_are_kept_out_of_a_pickle(filling: FeatureStore) -> None:
    session = boto3.Session("AKIAEXAMPLE", "secret", region_name="eu-west-1")
    store = FeatureStore(type(filling.aws)(session), filling.resources)
    with pytest.raises(pickle.PicklingError, match="profile"):
        pickle.dumps(store)
    assert copy.deepcopy(store).aws.session is session


def test_a_profile_and_region_go_into_a_pickle(filling: FeatureStore) -> None:
    aws = type(filling.aws)(boto3.Session(region_name="eu-west-1"))
    assert pickled(aws).session.region_name == "eu-west-1"
