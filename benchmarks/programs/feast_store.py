"""A Feast repository in the task's folder: one feature view for each file of events."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
from feast.types import Float64, Int64, String

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.task import Task

_LONG = timedelta(days=3_650)
_KINDS = (*[Float64] * 5, *[Int64] * 3, *[String] * 2)


def opened(task: Task) -> FeatureStore:
    """Return the store of a task, for which nothing need have been applied."""
    folder = task.folder / f"feast-{task.parameters['offline']}"
    folder.mkdir(exist_ok=True)
    config = RepoConfig(
        project="benchmark",
        provider="local",
        registry=str(folder / "registry.db"),
        offline_store={"type": task.parameters["offline"]},
        online_store={"type": "dynamodb", "region": "us-east-1"},
        entity_key_serialization_version=3,
    )
    return FeatureStore(config=config)


def names(task: Task) -> list[list[str]]:
    """Return for each view the names of its features."""
    pattern = task.parameters["pattern"]
    return [
        [pattern.format(view=view, number=number) for number in range(task.parameters["features"])]
        for view in range(task.parameters["views"])
    ]


def references(task: Task) -> list[str]:
    """Return all features, as Feast is asked for them."""
    return [
        f"events_{view}:{name}" for view, features in enumerate(names(task)) for name in features
    ]


def entity(task: Task) -> Entity:
    """Return whose features they are."""
    key = task.parameters["key"]
    return Entity(name=key, join_keys=[key], value_type=ValueType.INT64)


def views(task: Task) -> list[FeatureView]:
    """Return the definitions."""
    key, kinds = task.parameters["key"], _kinds(task)
    return [
        FeatureView(
            name=f"events_{view}",
            entities=[entity(task)],
            ttl=_LONG,
            schema=[
                Field(name=key, dtype=Int64),
                *(
                    Field(name=name, dtype=kinds[number % len(kinds)])
                    for number, name in enumerate(features)
                ),
            ],
            source=_source(task.folder / f"events_{view}.parquet", task.parameters["time"]),
        )
        for view, features in enumerate(names(task))
    ]


def _kinds(task: Task) -> tuple[object, ...]:
    return (Float64,) if task.parameters["is_float"] else _KINDS


def _source(path: Path, time: str) -> FileSource:
    return FileSource(name=path.stem, path=str(path), timestamp_field=time)
