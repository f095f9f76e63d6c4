from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from tests.cli.shop import DEFINITIONS, NOW, an_order, write_lines

if TYPE_CHECKING:
    from tests.cli.conftest import Run

MARKET = """
market = FeatureView(
    "market",
    entity=None,
    source=orders,
    refresh="stream",
    features={
        "orders_30d": agg.count(window="30d"), "mean_30d": agg.mean("amount", window="30d")
    },
)
"""
ROW = ("--row", "customer_id=c1", "basket_amount=20")


def test_the_whole_loop_ends_in_equal_values(stocked: Run) -> None:
    ran = stocked("verify", "--features", "fraud_model", "--sample", "4")
    assert ran.code == 0
    assert "20 values of 4 rows: all equal, bit by bit." in ran.out
    found = stocked("verify", "-f", "fraud_model", "--sample", "4", "--json").document
    assert (found["is_equal"], found["different"]) == (True, 0)


def test_features_are_read_with_the_state_of_each_view(stocked: Run) -> None:
    ran = stocked("get", "-f", "fraud_model", *ROW)
    assert ran.code == 0
    assert "last_amount      10.5" in ran.out
    assert "customer_returns" in ran.out
    found = stocked("get", "-f", "fraud_model", *ROW, "--json").document
    assert found["rows"][0]["last_amount"] == 10.5
    assert found["status"][0]["customer_orders"]["status"] == "ok"


def test_several_rows_come_from_options_or_from_a_file(stocked: Run) -> None:
    rows = [{"customer_id": "c1"}, {"customer_id": "nobody", "note": "not asked for"}]
    Path("rows.json").write_text(json.dumps(rows))
    for given in (
        ["--rows", "rows.json"],
        ["--row", "customer_id=c1", "--row", "customer_id=nobody"],
    ):
        found = stocked("get", "-f", "customer_orders:last_amount", *given, "--json").document
        assert found["rows"] == [{"last_amount": 10.5}, {"last_amount": None}]
        assert found["status"][1]["customer_orders"]["status"] == "missing"


def test_the_clock_of_a_request_can_be_fixed_but_not_without_a_zone(stocked: Run) -> None:
    command = ["get", "-f", "customer_orders:orders_7d", "--row", "customer_id=c1", "--now"]
    assert stocked(*command, "2126-01-01T00:00:00Z").code == 0
    for wrong in ("2126-01-01T00:00:00", "soon"):
        ran = stocked(*command, wrong)
        assert ran.code == 2
        assert "'--now'" in ran.err


def test_a_value_that_does_not_fit_is_refused_with_its_row(stocked: Run) -> None:
    ran = stocked("get", "-f", "fraud_model", "--row", "customer_id=c1", "basket_amount=much")
    assert ran.code == 1
    assert "row 0: request 'basket_amount' is 'much', which is not Float64" in ran.err


def test_a_history_is_written_with_its_manifest(stocked: Run) -> None:
    labels = pa.table(
        {
            "customer_id": ["c1", "c2"],
            "seen_at": pa.array([NOW, NOW], pa.timestamp("us", "UTC")),
            "basket_amount": [20.0, 30.0],
            "is_fraud": [True, False],
        }
    )
    pq.write_table(labels, "labels.parquet")
    command = ["history", "labels.parquet", "-f", "fraud_model", "--timestamp", "seen_at", "-o"]
    ran = stocked(*command, "out.parquet")
    assert ran.code == 0
    assert "wrote out.parquet" in ran.out
    table = pq.read_table("out.parquet")
    assert table.num_rows == 2
    assert table.column_names[:4] == labels.column_names
    found = stocked(*command, "again.parquet", "--json").document
    manifest = json.loads(Path("out.parquet.manifest.json").read_text())
    assert found["manifest"]["digest"] == manifest["digest"]


def test_a_history_that_leaks_says_so(stocked: Run) -> None:
    labels = {"customer_id": ["c1"], "event_timestamp": pa.array([NOW], pa.timestamp("us", "UTC"))}
    pq.write_table(pa.table(labels), "labels.parquet")
    ran = stocked(
        "history",
        "labels.parquet",
        "--features",
        "customer_orders",
        "--output",
        "out.parquet",
        "--mode",
        "event_time",
    )
    assert ran.code == 0
    assert "may look better than it will serve" in " ".join(ran.err.split())


def test_a_history_into_no_folder_is_refused_before_the_work(shop: Run) -> None:
    ran = shop("history", "labels.parquet", "-f", "fraud_model", "-o", "no/where.parquet")
    assert ran.code == 1
    assert "there is no folder 'no'" in ran.err


def test_materializing_again_changes_nothing(stocked: Run) -> None:
    found = stocked("materialize", "customer_returns", "customer_orders@1", "--json").document
    assert [cut["is_new"] for cut in found["cuts"]] == [False, False]
    assert "already there" in stocked("materialize", "--all").out


def test_a_view_that_fails_does_not_stop_the_others(stocked: Run) -> None:
    ran = stocked("materialize", "nowhere", "customer_returns")
    assert ran.code == 1
    assert "customer_returns@1" in ran.out
    assert "1 of 2 views failed:\n  - nowhere: there is no view 'nowhere'" in ran.err
    found = stocked("materialize", "nowhere", "customer_returns", "--json")
    assert found.code == 1
    assert [item["view"] for item in found.document["failures"]] == ["nowhere"]


def test_materializing_needs_views_or_all_but_not_both(shop: Run) -> None:
    assert shop("materialize").code == 2
    assert shop("materialize", "customer_returns", "--all").code == 2


def test_a_cut_in_the_future_is_refused(shop: Run) -> None:
    ran = shop("materialize", "customer_returns", "--cut", "2126-01-01T00:00:00Z")
    assert ran.code == 1
    assert "is not due" in ran.err


def test_nothing_to_compare_is_a_failure(new_shop: Run) -> None:
    ran = new_shop("verify", "--features", "fraud_model")
    assert ran.code == 1
    assert "nothing to compare" in ran.err


def test_a_store_without_jobs_says_what_to_do_instead(stocked: Run) -> None:
    for options in (["--redrive"], ["--all", "--start"]):
        ran = stocked("materialize", *options)
        assert ran.code == 1
        assert "has no state machine" in ran.err
        assert "materialize(view) runs a cut in this process" in ran.err


def test_what_is_started_on_aws_takes_no_engine_and_redriving_takes_nothing(shop: Run) -> None:
    assert shop("materialize", "--all", "--start", "--engine", "duckdb").code == 2
    assert shop("materialize", "--all", "--redrive").code == 2


def test_labels_and_training_sets_may_be_csv(stocked: Run) -> None:
    at = NOW.replace(tzinfo=None, microsecond=0)
    lines = ["customer_id,seen_at,basket_amount,code", f"c1,{at},20,007", f"c2,{at},0.1,"]
    Path("labels.csv").write_text("\n".join(lines) + "\n")
    command = ["history", "labels.csv", "-f", "fraud_model", "--timestamp", "seen_at", "-o"]
    ran = stocked(*command, "out.csv", "--timezone", "UTC")
    assert ran.code == 0, ran.err
    with Path("out.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["code"] for row in rows] == ["007", ""]
    assert rows[0]["last_amount"] == "14.5"
    assert Path("out.csv.manifest.json").is_file()
    assert "Here, --timezone says the zone" in " ".join(stocked(*command, "out.csv").err.split())


def test_a_name_of_a_file_that_is_not_written_is_refused_before_the_work(shop: Run) -> None:
    ran = shop("history", "labels.parquet", "-f", "fraud_model", "-o", "out.xlsx")
    assert ran.code == 1
    assert "what is written is Parquet (.parquet) or CSV (.csv)" in " ".join(ran.err.split())


def test_features_of_no_entity_need_no_rows(in_store: Run, folder: Path) -> None:
    path = folder / "market.py"
    path.write_text(f"{DEFINITIONS}\n{MARKET}")
    history = write_lines("old.jsonl", *(an_order(n, f"c{n % 3}") for n in range(1, 9)))
    Path("labels.csv").write_text(f"event_timestamp\n{NOW.isoformat()}\n")
    for command in (
        ["apply", str(path), "--yes"],
        ["backfill", "orders", history],
        ["materialize", "--all"],
        ["verify", "-f", "market"],
    ):
        ran = in_store(*command)
        assert ran.code == 0, ran.err

    found = in_store("get", "-f", "market", "--json").document
    assert found["rows"] == [{"orders_30d": 8, "mean_30d": 15.0}]
    assert "one value for all rows" in in_store("get", "-f", "market").out
    assert "none: one value for all rows" in in_store("show", "market").out
    made = in_store("history", "labels.csv", "-f", "market", "-o", "set.csv")
    assert made.code == 0, made.err
    assert Path("set.csv").read_text().splitlines()[1].endswith(",8,15")


def test_features_of_an_entity_need_rows_and_name_what_is_needed(shop: Run) -> None:
    ran = shop("get", "-f", "fraud_model")
    assert ran.code == 2
    assert "customer_id, basket_amount" in ran.err
    rows = Path("rows.json")
    rows.write_text("[]")
    both = shop("get", "-f", "fraud_model", *ROW, "--rows", str(rows))
    assert both.code == 2
    assert "not both" in both.err
