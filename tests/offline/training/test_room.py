"""A set that no memory holds is refused before anything is computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from skewless import Entity, FeatureView, Source
from skewless.compiler.plan import SelectionPlan, plan_selection
from skewless.errors import InputError
from skewless.offline.engines import memory
from skewless.offline.training import room
from skewless.types import Bool, Int64, String

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = Source("pings", schema={"k": String, "value": Int64, "flag": Bool}, event_time="at")
VIEW = FeatureView(
    "last",
    entity=Entity("thing", keys={"k": String}),
    source=SOURCE,
    refresh="stream",
    features=["value", "flag"],
)


@pytest.fixture
def a_container_of_a_megabyte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = tmp_path / "memory.max"
    limit.write_text("1000000\n")
    monkeypatch.setattr(memory, "_LIMIT_OF_A_CONTAINER", limit)


def plan_of(*features: str) -> SelectionPlan:
    return plan_selection([(VIEW, feature) for feature in features])


@pytest.mark.usefixtures("a_container_of_a_megabyte")
def test_more_rows_than_memory_holds_are_refused_with_numbers_and_the_way_out() -> None:
    with pytest.raises(InputError, match=r"300,000 rows with 1 features? take 0\.0 GB .* fewer"):
        room.check_room(300_000, plan_of("value"))


@pytest.mark.usefixtures("a_container_of_a_megabyte")
def test_what_may_fit_is_not_refused() -> None:
    room.check_room(125_000, plan_of("value"))
    room.check_room(300_000, plan_of("flag"))


@pytest.mark.parametrize("limit", ["max\n", None])
def test_a_container_without_a_limit_has_the_memory_of_its_machine(
    limit: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "memory.max"
    if limit is not None:
        path.write_text(limit)
    monkeypatch.setattr(memory, "_LIMIT_OF_A_CONTAINER", path)
    found = memory.memory_bytes()
    assert found is None or found > 10**8
    room.check_room(1_000, plan_of("value", "flag"))
