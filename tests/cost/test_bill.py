"""What `skewless cost` says, and what it asks for."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from skewless import Entity, Every, FeatureService, FeatureView, Source, agg, col
from skewless.cli.app import app
from skewless.cost import Prices, Traffic, predict, predict_change
from skewless.definitions.collection import Definitions
from skewless.errors import InputError, UnknownNameError
from skewless.registry.identity import Identity
from skewless.registry.marks import Mark, State
from skewless.registry.published import Published
from skewless.types import Bool, Int64, String

card = Entity("card", keys={"card": String})
payments = Source(
    "payments", schema={"card": String, "amount": Int64, "refused": Bool}, event_time="at"
)
stream = FeatureView(
    "stream",
    entity=card,
    source=payments,
    refresh="stream",
    features={"n": agg.count(window="7d"), "sum": agg.sum("amount", window="1d")},
)
daily = FeatureView("daily", entity=card, source=payments, refresh=Every("1d"), features=["amount"])
fraud = FeatureService("fraud", features=[stream, daily])
PUBLISHED = Published(Definitions.collect([fraud]))
EVENTS = {"payments": 3_000_000}


page = Entity("page", keys={"page": String})
clicks = Source("clicks", schema={"page": String}, event_time="at")
visits = FeatureView(
    "visits",
    entity=page,
    source=clicks,
    refresh="stream",
    features={"n": agg.count(window="1d")},
)


def traffic(**options: Any) -> Traffic:
    given: dict[str, Any] = {"entities": {"card": 1e6}, "events": EVENTS}
    return Traffic(**given | options)


def test_a_month_is_added_up_at_the_prices_that_are_given() -> None:
    free = dict.fromkeys(("read_units", "online_storage", "log_storage", "scanned"), 0.0)
    bill = predict(PUBLISHED, traffic(), Prices(write_units=1.0, **free))
    # An event a write of a day's item, an entity a day a write of each view, two for each ingest.
    assert bill.dollars == pytest.approx(30 * (3 + 1 + 1 + 2 * 3))


def test_a_retired_view_costs_nothing_any_more() -> None:
    at = datetime(2026, 11, 1, tzinfo=UTC)
    mark = Mark(state=State.RETIRED, reason="", successor="", by="ann", at=at)
    rest = replace(PUBLISHED, marks={Identity.of(stream): mark})
    items = {item.by for item in predict(rest, traffic()).items}
    assert {"stream@1", "daily@1"} & items == {"daily@1"}


def test_twice_the_predictions_are_twice_the_reads() -> None:
    once, twice = (
        {item.what: item.quantity for item in predict(PUBLISHED, asked).items}
        for asked in (traffic(predictions={"fraud": 1e6}), traffic(predictions={"fraud": 2e6}))
    )
    assert twice["rows read"] == 2 * once["rows read"] == 30 * 2e6 * 1.5
    assert twice["watermarks and lines read"] == once["watermarks and lines read"]


def test_larger_batches_write_lines_less_often() -> None:
    found = predict(PUBLISHED, traffic(events_per_ingest=1000)).items
    (lines,) = [item.quantity for item in found if item.what == "line written by ingests"]
    assert lines == 30 * 2 * 3_000


def test_an_example_that_a_view_leaves_out_is_refused() -> None:
    view = FeatureView(
        "refusals",
        entity=card,
        source=payments,
        refresh=Every("1d"),
        where=col("refused"),
        features={"n": agg.count(window="7d")},
    )
    published = Published(Definitions.collect([view]))
    with pytest.raises(InputError, match=r"left out by the condition of view refusals@1"):
        predict(published, traffic())
    example = {"payments": {"card": "c1", "refused": True}}
    assert predict(published, traffic(examples=example)).item_bytes["refusals@1"] > 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"entities": {"cart": 3}}, r"names the entity 'cart'; there are: card"),
        ({"events": {"payment": 3}}, r"names the source 'payment'; there are: payments"),
        ({"entities": {}}, r"how many entities of 'card'"),
        ({"entities": {"card": 0}}, r"how many entities of 'card' there are, more than 0"),
        ({"events": {"payments": -1}}, r"events of 'payments' is -1; it is a number from 0"),
        ({"events": {"payments": float("nan")}}, r"events of 'payments' is nan"),
        ({"events": {"payments": True}}, r"events of 'payments' is True"),
        ({"readers": 0}, r"readers is 0; it is a number from 1"),
        ({"examples": {"payments": {"x": 1}}}, r"has 'x', which is no column"),
        ({"examples": {"payments": {"card": 1}}}, r"example of source 'payments', column 'card'"),
        ({"examples": {"payments": {"card": None}}}, r"lacks a key of 'card'"),
    ],
)
def test_traffic_that_does_not_fit_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        predict(PUBLISHED, traffic(**options))


def test_predictions_of_what_nobody_knows_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="frauds"):
        predict(PUBLISHED, traffic(predictions={"frauds": 1}))


@pytest.mark.parametrize("daily_events", [1, 1e4, 1e12])
def test_any_rate_is_predicted(daily_events: float) -> None:
    bill = predict(PUBLISHED, traffic(events={"payments": daily_events}))
    assert all(item.quantity >= 0 for item in bill.items)


def test_the_workloads_of_the_documentation_cost_what_it_says(tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["init", str(tmp_path / "example")]).exit_code == 0
    page = (Path(__file__).parents[2] / "docs" / "costs.md").read_text()
    (row,) = re.findall(r"^\| \*\*skewless\*\* \|(.*)\|$", page, re.MULTILINE)
    told = [float(cell.strip(" *$").replace(",", "")) for cell in row.split("|")]
    found = []
    for entities, events, predictions, batch, readers in (
        (3e5, 1e6, 333e3, 1e3, 20),
        (5e6, 20e6, 50e6, 1e4, 100),
        (1e8, 3e8, 1e9, 1e5, 1000),
    ):
        words = ["--entities", f"customer={entities}", "--events", f"orders={events}"]
        words += ["--predictions", f"fraud_model={predictions}", "--readers", str(readers)]
        words += ["--batch", f"{batch:.0f}", "--json"]
        file = str(tmp_path / "example" / "definitions.py")
        answer = CliRunner().invoke(app, ["cost", file, *words])
        found.append(json.loads(answer.stdout)["dollars_a_month"])
    assert [round(dollars) for dollars in found] == told


def test_the_command_prints_a_bill(tmp_path: Path) -> None:
    file = tmp_path / "definitions.py"
    file.write_text(
        "from skewless import Entity, Every, FeatureView, Source\n"
        "from skewless.types import Int64, String\n"
        "card = Entity('card', keys={'card': String})\n"
        "payments = Source('payments', schema={'card': String, 'x': Int64}, event_time='at')\n"
        "daily = FeatureView('daily', entity=card, source=payments, refresh=Every('1d'),\n"
        "                    features=['x'])\n"
    )
    example = tmp_path / "event.json"
    example.write_text(json.dumps({"card": "c1", "x": 1}))
    options = ["--entities", "card=10", "--events", "payments=1e3", "--predictions", "daily=1_000"]
    words = ["cost", str(file), *options, "--example", f"payments={example}", "--json"]
    found = CliRunner().invoke(app, words)
    assert found.exit_code == 0, found.output
    bill = json.loads(found.stdout)
    assert bill["read_units_a_row"] == {"daily": 0.5}
    assert bill["dollars_a_month"] == sum(item["dollars"] for item in bill["items"])
    wrong = CliRunner().invoke(app, ["cost", str(file), "--entities", "card=many"])
    assert wrong.exit_code == 2
    assert "is no name and number" in wrong.output


def test_a_change_is_the_bill_before_and_after() -> None:
    hourly = FeatureView(
        "hourly", entity=card, source=payments, refresh=Every("1h"), features=["amount"]
    )
    before, after = predict_change(
        PUBLISHED, Definitions.collect([hourly]), traffic(predictions={"fraud": 1e6, "hourly": 1})
    )
    assert before == predict(PUBLISHED, traffic(predictions={"fraud": 1e6}))
    added = {item.by for item in after.items} - {item.by for item in before.items}
    assert added == {"hourly@1", "hourly"}
    assert after.dollars > before.dollars


def test_a_source_that_is_new_has_no_bill_before() -> None:
    expected = traffic(
        entities={"card": 1e6, "page": 10},
        events=EVENTS | {"clicks": 100},
        predictions={"visits": 5},
    )
    before, after = predict_change(PUBLISHED, Definitions.collect([visits]), expected)
    assert before == predict(PUBLISHED, traffic())
    assert after == predict(Published(Definitions.collect([fraud, visits])), expected)


def test_a_change_needs_the_traffic_of_what_is_new() -> None:
    with pytest.raises(InputError, match=r"view visits@1: say how many entities of 'page'"):
        predict_change(PUBLISHED, Definitions.collect([visits]), traffic())


def test_each_list_of_a_view_is_another_scan_of_a_cut() -> None:
    lists = {f"last_{most}": agg.last_n("amount", most, window="7d") for most in (2, 3)}
    plain, listed = (
        FeatureView("some", entity=card, source=payments, refresh=Every("1d"), features=features)
        for features in (
            {"last": agg.last("amount", window="7d")},
            {**lists, "first": agg.first_n("amount", 2, window="7d")},
        )
    )
    scanned = []
    for view in (plain, listed):
        bill = predict(Published(Definitions.collect([view])), traffic())
        scanned += [item.quantity for item in bill.items if item.what == "scanned for cuts"]
    # The longer of two lists of the last serves both.
    assert scanned[1] == pytest.approx(3 * scanned[0])
