from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks import aggregates, charts, page
from benchmarks.agreement import difference
from benchmarks.curves import CURVES, slope
from benchmarks.environment import HERE, packages_of
from benchmarks.page import PAGE, row
from benchmarks.results import Results
from benchmarks.sizes import Size
from benchmarks.workloads import WORKLOADS
from skewless.definitions.aggregation import Function

if TYPE_CHECKING:
    from pathlib import Path

_PEERS = sorted(path.stem for path in (HERE / "peers").glob("*.txt"))


@pytest.mark.parametrize("name", WORKLOADS)
def test_each_workload_has_a_place_on_the_page(name: str) -> None:
    assert f"<!-- {name} -->\n" in PAGE.read_text()


@pytest.mark.parametrize("function", Function)
def test_the_page_says_how_large_each_aggregate_is(function: Function) -> None:
    name, aggregation = aggregates.ASKED[function]
    rows = aggregates.events(aggregates.EVENTS[0])
    size = len(aggregates.state_of(aggregates.plan_of(aggregation), rows))

    assert f"\n| `{name}` | {size:,} | " in PAGE.read_text()


@pytest.mark.parametrize("name", WORKLOADS)
@pytest.mark.parametrize("size", Size)
def test_the_programs_of_each_case_are_there(name: str, size: Size) -> None:
    workload = WORKLOADS[name]

    assert workload.cases(size)
    for contender in workload.contenders:
        programs = [contender.program, *filter(None, [contender.setup])]
        assert all((HERE / "programs" / f"{program}.py").exists() for program in programs)
        assert contender.peer is None or contender.peer in _PEERS


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)
def test_a_curve_varies_what_its_workload_has(curve: Any) -> None:
    base = WORKLOADS[curve.workload].cases(Size.SMALL)[0].parameters

    assert base.keys() | {"hop"} >= {*curve.base, curve.parameter}
    assert len({*curve.values, *curve.more}) == len(curve.values) + len(curve.more)


@pytest.mark.parametrize("peer", _PEERS)
def test_a_peer_is_locked_by_versions_alone(peer: str) -> None:
    assert all(version[0].isdigit() for version in packages_of(peer).values())


@pytest.mark.parametrize(
    ("theirs", "told"),
    [
        ({"row": [1, 0], "a": [2.0, 1.0], "b": [None, "x"], "more": [0, 0]}, ""),
        ({"row": [0, 1], "a": [1.0, 2.0 + 1e-12], "b": ["x", None]}, ""),
        ({"row": [0, 1], "a": [1.0, 2.1], "b": ["x", None]}, "other values: a in 1 rows"),
        ({"row": [0, 1], "a": [1.0, None], "b": ["x", None]}, "other values: a in 1 rows"),
        ({"row": [0, 1], "a": [1.0, 2.0], "b": ["y", "z"]}, "other values: b in 2 rows"),
        ({"row": [0], "a": [1.0], "b": ["x"]}, "1 of 2 rows"),
        ({"row": [0, 2], "a": [1.0, 2.0], "b": ["x", None]}, "other rows"),
        ({"row": [0, 1], "a": [1.0, 2.0]}, "no b"),
    ],
)
def test_answers_that_differ_are_told(tmp_path: Path, theirs: dict[str, Any], told: str) -> None:
    ours = {"row": [0, 1], "a": [1.0, 2.0], "b": ["x", None]}
    for name, columns in (("ours", ours), ("theirs", theirs)):
        pq.write_table(pa.table(columns), tmp_path / f"{name}.parquet")

    assert difference(tmp_path / "ours.parquet", tmp_path / "theirs.parquet", 1e-9) == told


def test_the_slope_of_a_straight_line_is_one() -> None:
    points = [
        {"at": at, "contenders": [{"samples": [{"seconds": at * 3.0}, {"seconds": at * 3.0}]}]}
        for at in (1.0, 10.0, 1_000.0)
    ]

    assert slope(points, 0, "seconds") == pytest.approx(1)


def test_a_line_says_whether_a_goal_was_met() -> None:
    samples = [{"seconds": seconds, "cpu_seconds": 1.0, "peak_mb": 50.0} for seconds in (3, 1, 2)]
    case: dict[str, Any] = {
        "case": "any",
        "each": 2,
        "goals": {"cpu_seconds": 1.5, "peak_mb": 0.5},
        "contenders": [
            {"name": "least", "note": "", "samples": samples[:1]},
            {"name": "skewless", "note": "", "samples": samples},
        ],
    }

    line = row(case, case["contenders"][1], "ms")

    assert line == (
        "| **skewless** | 1,000 | 0.67 | 500 | 1.00 | 50.0 | 1.00 | "
        "CPU meets 1.5; memory misses 0.5 |"
    )


def test_tables_of_other_programs_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "page.md"
    other = "<!-- each-other -->\n\n| a |\n\n<!-- end -->\n"
    path.write_text(f"{other}<!-- whole -->\n\n| old |\n\n<!-- end -->\n")
    monkeypatch.setattr(page, "PAGE", path)
    monkeypatch.setattr(charts, "draw", lambda _: None)

    page.write(Results({}, {}))

    whole = "<!-- whole -->\n\nNot measured yet.\n\n<!-- end -->\n"
    assert path.read_text() == other + whole


def test_a_case_measured_anew_takes_the_place_of_the_old(tmp_path: Path) -> None:
    results = Results.read(tmp_path / "results.json")
    for seconds, case, size in ((1.0, "large", 2), (2.0, "little", 1), (3.0, "large", 2)):
        results.keep("latest", {"case": case, "size": size, "seconds": seconds}, {})
    results.write(tmp_path / "results.json")

    kept = Results.read(tmp_path / "results.json").workloads["latest"]
    assert [(one["case"], one["seconds"]) for one in kept] == [("little", 2.0), ("large", 3.0)]
    assert json.loads((tmp_path / "results.json").read_text())["curves"] == {}
