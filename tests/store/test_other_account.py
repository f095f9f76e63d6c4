"""A reader in another account serves a store from its lock, and from nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from localaws import LocalAws
from skewless import FeatureStore
from skewless.errors import InputError, OnlineStoreError
from tests.localaws.permissions import allow
from tests.store.builders import model, payment

if TYPE_CHECKING:
    from pathlib import Path

    from localaws.core.session import LocalSession
    from tests.store.conftest import MovableClock

OTHER = "210987654321"
ROW = {"card": "a", "amount": 20.0}
READ = "dynamodb:BatchGetItem"


@pytest.fixture
def path(store: FeatureStore, tmp_path: Path) -> Path:
    """The lock of a store that has values."""
    store.apply(model)
    store.backfill("payments", [payment(-3000 + 10 * n) for n in range(290)])
    for view in ("spending", "profile"):
        store.materialize(view)
    path = tmp_path / "skewless.lock"
    store.lock("model", path)
    return path


@pytest.fixture
def arn(store: FeatureStore) -> str:
    return f"arn:aws:dynamodb:us-east-1:123456789012:table/{store.resources.online_table}"


def share(store: FeatureStore, arn: str) -> None:
    statement = {**allow(READ, arn), "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"}}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    store.aws.client("dynamodb").put_resource_policy(ResourceArn=arn, Policy=json.dumps(policy))


def reader(arn: str) -> LocalSession:
    return LocalAws.start().as_policy(allow(READ, arn), account=OTHER)


def values(store: FeatureStore) -> Any:
    answer = store.get_online_features("model", [ROW])
    # A store that a process opened on a local AWS closes lines; all others ask for them.
    asked = 0.5 if store.aws.endpoint is None else 0.0
    return answer.rows, answer.status, answer.read_units - asked


def test_a_reader_of_another_account_serves_the_same_values(
    store: FeatureStore, path: Path, arn: str, clock: MovableClock
) -> None:
    share(store, arn)
    locked = FeatureStore.from_lock(path, session=reader(arn), clock=clock)
    assert values(locked) == values(store)
    assert values(store)[0][0]["payments_7d"] == 290


@pytest.mark.parametrize("is_by_arn", [True, False])
def test_answers_are_read_whether_tables_are_keyed_by_arn_or_by_name(
    store: FeatureStore, path: Path, arn: str, clock: MovableClock, *, is_by_arn: bool
) -> None:
    """AWS does not say which."""
    share(store, arn)
    locked = FeatureStore.from_lock(path, session=reader(arn), clock=clock)
    name = arn if is_by_arn else store.resources.online_table
    asked: list[int] = []

    def rename(parsed: dict[str, Any], **_: Any) -> None:
        (found,) = parsed["Responses"].values()
        parsed["Responses"] = {name: found}
        asked.append(len(found))
        if len(asked) == 1:  # the first answer leaves out an item
            item = found.pop()
            keys = [{key: item[key] for key in ("pk", "sk")}]
            parsed["UnprocessedKeys"] = {name: {"Keys": keys}}

    locked.aws.client("dynamodb").meta.events.register("after-call.dynamodb.BatchGetItem", rename)
    assert values(locked)[:2] == values(store)[:2]
    assert asked[1:] == [1]


def test_a_lock_of_an_older_release_serves_in_the_store_s_own_account(
    store: FeatureStore, path: Path, clock: MovableClock
) -> None:
    forget_arn(path)
    local = LocalAws.start()
    locked = FeatureStore.from_lock(path, session=local.session(), clock=clock)
    assert values(locked) == values(store)


def test_a_lock_of_an_older_release_says_what_another_account_needs(
    store: FeatureStore, path: Path, arn: str, clock: MovableClock
) -> None:
    share(store, arn)
    forget_arn(path)
    session = LocalAws.start().as_policy(allow(READ), account=OTHER)
    locked = FeatureStore.from_lock(path, session=session, clock=clock)
    with pytest.raises(OnlineStoreError, match="another account, run skewless lock again"):
        values(locked)


def test_a_reader_who_is_not_named_is_told_of_reader_accounts(
    path: Path, arn: str, clock: MovableClock
) -> None:
    locked = FeatureStore.from_lock(path, session=reader(arn), clock=clock)
    with pytest.raises(OnlineStoreError, match="reader_accounts"):
        values(locked)


def test_an_arn_of_another_table_is_refused(path: Path) -> None:
    document = json.loads(path.read_text())
    document["online_table_arn"] += "-of-others"
    path.write_text(json.dumps(document))
    with pytest.raises(InputError, match="online_table_arn"):
        FeatureStore.from_lock(path)


def forget_arn(path: Path) -> None:
    document = json.loads(path.read_text())
    del document["online_table_arn"], document["digest"]
    path.write_text(json.dumps(document))
