"""Versions that are deprecated or yanked: who is told, and what goes on."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import pytest

from skewless import FeatureService, FeatureStore
from skewless.errors import InputError, UnknownNameError
from tests.store.builders import label, model, payment, profile, spending

if TYPE_CHECKING:
    from pathlib import Path

KEY = {"card": "a", "amount": 20.0}


@pytest.fixture
def served(store: FeatureStore) -> FeatureStore:
    store.apply(model)
    store.backfill("payments", [payment(-3000)])
    for view in ("profile", "spending"):
        store.materialize(view)
    return store


def test_a_deprecated_version_warns_and_goes_on(served: FeatureStore, tmp_path: Path) -> None:
    assert served.deprecate("spending@1", successor="profile@1", reason="too fast") == [
        "view 'spending' version 1"
    ]
    told = r"view 'spending' version 1 is deprecated: too fast. Use profile@1 instead"
    with pytest.warns(FutureWarning, match=told):
        served.lock("model", tmp_path / "a.lock")
    with pytest.warns(FutureWarning, match=told):
        served.get_historical_features([label()], spending)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        served.get_historical_features([label()], profile)
        assert served.get_online_features("model", KEY).rows[0]["payments_7d"] == 1
    later = FeatureService("later", features=[spending["payments_7d"]])
    (warning,) = served.plan(later).changes[-1].warnings
    assert warning.startswith("it reads view 'spending' version 1, which is deprecated: too fast")


def test_nothing_new_is_locked_to_a_yanked_version(served: FeatureStore, tmp_path: Path) -> None:
    served.lock("model", tmp_path / "there.lock")
    served.yank("spending@1", reason="wrong")
    with pytest.raises(InputError, match="'spending' version 1, which is yanked: wrong"):
        served.lock("model", tmp_path / "new.lock")
    assert not (tmp_path / "new.lock").exists()
    locked = FeatureStore.from_lock(
        tmp_path / "there.lock", session=served.aws.session, clock=served.clock
    )
    assert locked.get_online_features(None, KEY).rows[0]["payments_7d"] == 1
    served.lock("profile", tmp_path / "other.lock")
    served.restore("spending@1")
    served.lock("model", tmp_path / "new.lock")
    restored, yanked, _ = served.log()
    assert [entry.changes[0].action for entry in (yanked, restored)] == ["yank", "restore"]


def test_a_mark_outlives_an_apply_and_is_shown(served: FeatureStore) -> None:
    served.deprecate("model@1")
    served.apply(model)
    ((identity, mark),) = served.published.marks.items()
    assert (str(identity), mark.state) == ("service 'model' version 1", "deprecated")


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("spending", InputError, "names no version"),
        ("spending:amount@1", InputError, "names no version"),
        ("spending@7", UnknownNameError, "spending@7"),
        ("nobody@1", UnknownNameError, "nobody"),
    ],
)
def test_what_is_not_there_is_not_marked(
    served: FeatureStore, name: str, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        served.deprecate(name)
    with pytest.raises(UnknownNameError, match="spending@9"):
        served.deprecate("spending@1", successor="spending@9")
    assert not served.published.marks
