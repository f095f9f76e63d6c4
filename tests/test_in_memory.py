"""`compute`: features of frames, without a store."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import skewless
from skewless import Entity, Every, FeatureService, FeatureView, OnDemandView, Source, agg, compute
from skewless.errors import DefinitionError, InputError, RefusedRowsWarning
from skewless.types import Float64, Int64, String
from tests.store.builders import (
    NOON,
    card,
    label,
    model,
    payment,
    payments,
    profile,
    ratio,
    spending,
)

LIMITS = Source("limits", schema={"card": String, "limit": Int64}, event_time="set_at")
limits = FeatureView("limits", entity=card, source=LIMITS, refresh="stream", features="*")
headroom = OnDemandView("headroom", features={"headroom": limits["limit"] - spending["largest_1h"]})
ROWS = [payment(-10, amount=3.0), payment(-20, amount=5.0), payment(-8 * 24 * 60)]
MEANS = [4.0, None]
LABELS = [label(0), label(0, card="nobody")]


def limit(minutes: float, value: int) -> dict[str, Any]:
    return {"card": "a", "limit": value, "set_at": NOON + timedelta(minutes=minutes)}


@pytest.mark.parametrize(
    "framed",
    [list, pd.DataFrame, pl.DataFrame, pa.Table.from_pylist, pl.LazyFrame],
    ids=["rows", "pandas", "polars", "arrow", "lazy"],
)
def test_frames_of_any_library_are_taken(framed: Any) -> None:
    made = compute(spending, events=framed(ROWS), labels=framed(LABELS))
    assert made.to_arrow()["amount_mean_1h"].to_pylist() == MEANS
    assert made.to_arrow()["payments_7d"].to_pylist() == [2, 0]


def test_a_file_is_taken_by_its_path(tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / "payments.parquet")
    made = compute(spending, events=str(tmp_path / "payments.parquet"), labels=LABELS)
    assert made.to_arrow()["amount_mean_1h"].to_pylist() == MEANS


def test_several_views_sources_and_on_demand_views_go_together() -> None:
    service = FeatureService("all", features=[spending, profile, ratio, headroom])
    made = compute(
        service,
        events={payments: ROWS, "limits": [limit(-60, 50), limit(-1, 70)]},
        labels=LABELS,
        with_status=True,
    )
    first = made.to_arrow().to_pylist()[0]
    assert first["headroom"] == 65.0
    assert first["amount_ratio"] == 5.0
    assert first["shop"] == "book"
    assert first["skewless_status__limits"] == "ok"


def test_features_are_chosen_one_by_one() -> None:
    made = compute([spending["payments_7d"], ratio], events=ROWS, labels=LABELS)
    assert made.features == ["payments_7d", "amount_ratio"]


def test_a_source_may_have_no_rows() -> None:
    made = compute(headroom, events={"payments": ROWS, "limits": []}, labels=LABELS)
    assert made.to_arrow()["headroom"].to_pylist() == [None, None]


@pytest.mark.parametrize("mode", ["as_served", "event_time", "replay"])
def test_the_modes_are_those_of_history(mode: str) -> None:
    # The event at -3 was known at +2.
    rows = [payment(-3, amount=7.0), payment(-10, amount=3.0)]
    labels = [label(3, seen=NOON), label(0, seen=NOON)]
    made = compute(
        spending["amount_mean_1h"],
        events=rows,
        labels=labels,
        mode=mode,
        watermark="seen" if mode == "replay" else None,
    )
    wanted = {"as_served": [5.0, 3.0], "event_time": [5.0, 5.0], "replay": [3.0, 3.0]}
    assert made.to_arrow()["amount_mean_1h"].to_pylist() == wanted[mode]


def test_a_column_may_say_when_a_row_became_known() -> None:
    source = Source("tx", schema={"card": String}, event_time="at", delay="5m", ingest_time="known")
    view = FeatureView(
        "v", entity=card, source=source, refresh="stream", features={"n": agg.count(window="1d")}
    )
    rows = [
        {"card": "a", "at": NOON - timedelta(minutes=30), "known": NOON - timedelta(minutes=1)},
        {"card": "a", "at": NOON - timedelta(minutes=30), "known": None},  # at 11:35
        {"card": "a", "at": NOON - timedelta(minutes=30), "known": NOON},
    ]
    made = compute(view, events=rows, labels=[label(0), label(1), label(-10)])
    assert made.to_arrow()["n"].to_pylist() == [2, 3, 1]


def test_rows_of_a_table_of_ones_own_count_as_there() -> None:
    source = Source(
        "tx", schema={"card": String}, event_time="at", table="lake.tx", ingest_time="known"
    )
    view = FeatureView(
        "v", entity=card, source=source, refresh=Every("1m"), features={"n": agg.count(window="1d")}
    )
    early = NOON - timedelta(minutes=30)
    rows = [{"card": "a", "at": early, "known": early}, {"card": "a", "at": early, "known": None}]
    made = compute(view, events=rows, labels=[label(0)])
    assert made.to_arrow()["n"].to_pylist() == [1]  # without an ingest time a row counts nowhere


def test_refused_rows_are_told_and_count_nowhere() -> None:
    rows = [*ROWS, payment(-1, paid_at=None), payment(-6, items=1.5)]
    with pytest.warns(RefusedRowsWarning, match=r"2 of 5 rows of 'payments' do not fit") as told:
        made = compute(spending, events=rows, labels=LABELS)
    assert told[0].filename == __file__
    assert made.to_arrow()["payments_7d"].to_pylist() == [2, 0]
    found = made.ingested["payments"]
    assert [row["row_number"] for row in found.rejected] == [3, 4]
    assert "3 accepted, 2 rejected" in repr(made)
    with pytest.raises(InputError, match="strict=True refuses them"):
        compute(spending, events=rows, labels=LABELS, strict=True)


def test_the_manifest_says_of_what_the_set_was_made_and_that_it_cannot_be_made_again() -> None:
    made = compute(model, events=ROWS, labels=LABELS).manifest
    assert made["store"] is None
    assert not made["rebuildable"]
    assert "compute it again" in made["rebuild_problems"][0]
    assert [item["name"] for item in made["unpublished"]] == [
        "card",
        "payments",
        "spending",
        "profile",
        "ratio",
    ]
    again = compute(model, events=ROWS, labels=LABELS).manifest
    assert again["events"] == made["events"]
    assert compute(model, events=ROWS[1:], labels=LABELS).manifest["events"] != made["events"]


def test_a_set_is_written_without_a_store(tmp_path: Path) -> None:
    made = compute(spending, events=ROWS, labels=LABELS)
    made.write_parquet(str(tmp_path / "set.parquet"))
    assert pq.read_table(tmp_path / "set.parquet").equals(made.to_arrow())


@pytest.mark.parametrize(
    ("features", "events", "why"),
    [
        ("spending", ROWS, "'spending'; compute knows nothing that is published"),
        ([], ROWS, "compute knows nothing that is published"),
        (headroom, ROWS, "read 2 sources, and events is one frame; give events={'"),
        (headroom, {"payments": ROWS}, "events lacks the rows of 'limits'"),
        (spending, {"payment": ROWS}, "'payment', and the features read no such source. Did you"),
        (spending, 7, "a int is not a frame"),
        (spending, [{"card": "a"}], "lacks the columns 'amount'"),
    ],
)
def test_what_does_not_go_together_is_refused(features: Any, events: Any, why: str) -> None:
    with pytest.raises(InputError, match=why):
        compute(features, events=events, labels=LABELS)


def test_two_sources_of_one_name_are_refused() -> None:
    other = Source("payments", schema={"card": String, "x": Float64}, event_time="at")
    view = FeatureView("x", entity=card, source=other, refresh="stream", features=["x"])
    with pytest.raises(DefinitionError, match="two different definitions are called 'payments'"):
        compute([spending, view], events=ROWS, labels=LABELS)


def test_an_entity_of_several_keys_will_do() -> None:
    both = Entity("both", keys={"card": String, "shop": String})
    view = FeatureView(
        "v", entity=both, source=payments, refresh="stream", features={"n": agg.count(window="1d")}
    )
    rows = [payment(-10), payment(-20), payment(-30, shop="tea"), payment(-30, shop=None)]
    labels = [{**label(0), "shop": shop} for shop in ("book", "tea", "none")]
    made = compute(view, events=rows, labels=labels)
    assert made.to_arrow()["n"].to_pylist() == [2, 1, 0]


def test_neither_aws_nor_a_local_one_is_asked() -> None:
    program = """
import sys
from datetime import datetime, UTC
from tests.test_in_memory import LABELS, ROWS, compute, spending
import botocore.client
def refuse(*_, **__): raise AssertionError("a client was made")
botocore.client.ClientCreator.create_client = refuse
compute(spending, events=ROWS, labels=LABELS)
assert "localaws" not in sys.modules
"""
    sdk = Path(skewless.__file__).parent.parent
    ran = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program],
        check=False,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parent.parent,
        env={**os.environ, "PYTHONPATH": f"{sdk}{os.pathsep}{Path(__file__).parent.parent}"},
    )
    assert ran.returncode == 0, ran.stderr
