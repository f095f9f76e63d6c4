"""Names of other tools are answered with ours, and nothing else is changed by it."""

from __future__ import annotations

import copy
import inspect
import pickle
from typing import TYPE_CHECKING, Any

import pytest

import skewless
from skewless import Entity, FeatureStore, FeatureView, Source, agg, types
from skewless.definitions import foreign
from skewless.definitions.aggregation import Function
from skewless.online.answer import Answer
from tests.store.builders import card, payments, spending

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ATTRIBUTES: list[tuple[Any, str, str]] = [
    (types, "Float32", "'skewless.types' has no attribute 'Float32': Float64 holds every float"),
    (types, "Int32", "Int64 holds every integer"),
    (types, "Vectors", "Did you mean 'Vector'?"),
    (agg, "nunique", "write agg.count_distinct"),
    (agg, "avg", "write agg.mean"),
    (agg, "std", "write agg.stddev_samp"),
    (agg, "counts", "Did you mean 'count'"),
    (skewless, "Field", "columns and types stand in Source(schema={...})"),
    (skewless, "FeatureViews", "Did you mean 'FeatureView'"),
    (Answer((), [], [], 0.0, 0), "to_df", "Answer has no 'to_df': write to_pandas()"),
]


@pytest.mark.parametrize(("owner", "name", "message"), ATTRIBUTES, ids=lambda item: str(item)[:40])
def test_an_attribute_of_other_tools_is_answered_with_ours(
    owner: Any, name: str, message: str
) -> None:
    with pytest.raises(AttributeError) as caught:
        getattr(owner, name)
    assert message in str(caught.value)
    assert not hasattr(owner, name)
    assert getattr(owner, name, None) is None


def test_what_is_imported_by_name_is_answered_as_well() -> None:
    with pytest.raises(ImportError, match="Float64 holds every float"):
        from skewless.types import Float32  # noqa: F401, PLC0415
    with pytest.raises(ImportError, match=r"write agg\.mean"):
        from skewless.agg import avg  # noqa: F401, PLC0415
    from skewless import store  # noqa: PLC0415 - a module that is there is imported as ever

    assert store.FeatureStore is FeatureStore


WRONG: dict[str, tuple[Callable[..., Any], dict[str, Any], str]] = {
    "repo_path": (FeatureStore, {"repo_path": "."}, r"write FeatureStore\.connect\(name\)"),
    "join_keys": (
        Entity,
        {"name": "u", "join_keys": ["u"]},
        "takes no argument 'join_keys'",
    ),
    "timestamp_field": (Source, {"name": "s", "timestamp_field": "ts"}, "write event_time="),
    "entities": (FeatureView, {"name": "v", "entities": [card]}, "write entity="),
    "full_feature_names": (
        FeatureStore.get_historical_features,
        {"full_feature_names": True},
        "write full_names=True",
    ),
    "feature_refs": (FeatureStore.get_online_features, {"feature_refs": []}, "write features="),
}


@pytest.mark.parametrize(("call", "arguments", "message"), WRONG.values(), ids=WRONG)
def test_an_argument_of_other_tools_is_answered_with_ours(
    call: Callable[..., Any], arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(TypeError, match=message):
        call(**arguments)


def test_an_argument_that_nobody_has_is_pythons_own_error() -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'nonsense'"):
        Entity("u", nonsense=1)  # type: ignore[call-arg]


TABLES: list[tuple[Mapping[str, str], set[str]]] = [
    (foreign.TYPES, set(types.__all__)),
    (foreign.AGGREGATES, {item.value for item in Function}),
    (foreign.MODULE, set(skewless.__all__)),
    (foreign.STORE, set(dir(FeatureStore))),
    (foreign.FRAMES, set(dir(Answer))),
]


@pytest.mark.parametrize(("words", "own"), TABLES, ids=range(len(TABLES)))
def test_no_name_of_ours_is_called_foreign(words: Mapping[str, str], own: set[str]) -> None:
    assert not words.keys() & own


def test_signatures_copies_and_pickles_are_as_before() -> None:
    assert list(inspect.signature(Entity).parameters)[:2] == ["name", "keys"]
    assert "full_names" in inspect.signature(FeatureStore.get_online_features).parameters
    for item in (card, payments, spending, Answer((), [], [], 1.5, 0)):
        assert copy.copy(item) == item
        assert copy.deepcopy(item) == item
        assert pickle.loads(pickle.dumps(item)) == item  # noqa: S301


def test_a_property_that_fails_tells_its_own_error() -> None:
    class Broken(FeatureStore):
        @property
        def name(self) -> str:
            raise AttributeError("the inner one")

    with pytest.raises(AttributeError, match="the inner one"):
        _ = object.__new__(Broken).name
    with pytest.raises(AttributeError, match=r"write ingest\(source, rows\)"):
        object.__new__(Broken).push  # noqa: B018
