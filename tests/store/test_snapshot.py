"""The registry's snapshot, as a store writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from skewless.registry.snapshot import KEY, SnapshotObject
from tests.store.builders import model, profile

if TYPE_CHECKING:
    from skewless import FeatureStore


def test_each_apply_and_each_mark_writes_it(store: FeatureStore) -> None:
    snapshot = SnapshotObject(store.aws, store.resources)
    store.apply(profile)
    assert snapshot.problem() == ""
    store.apply(model)
    assert snapshot.problem() == ""
    store.deprecate("profile@1")
    assert snapshot.problem() == ""


def test_an_apply_has_succeeded_if_it_cannot_be_written(store: FeatureStore) -> None:
    s3 = store.aws.client("s3")
    store.aws._own.clients["s3"] = _Refusing(s3)
    with pytest.warns(
        UserWarning, match=r"the registry is written as it should be, but .*snapshot"
    ):
        store.apply(model)
    assert store.published.service("model")
    store.aws._own.clients["s3"] = s3
    store.apply(model)
    assert SnapshotObject(store.aws, store.resources).problem() == ""


class _Refusing:
    def __init__(self, client: object) -> None:
        self._client = client

    def __getattr__(self, name: str) -> object:
        return getattr(self._client, name)

    def put_object(self, **request: object) -> object:
        if request["Key"] == KEY:
            raise _refusal()
        return self._client.put_object(**request)  # type: ignore[attr-defined]


def _refusal() -> ClientError:
    return ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "PutObject")
