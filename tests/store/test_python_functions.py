"""Python functions as on-demand features: published, trained on, served, locked and verified."""

from __future__ import annotations

import json
import math
from decimal import Decimal as Number
from typing import TYPE_CHECKING, Any

import pytest

from localaws import LocalAws
from skewless import (
    FeatureService,
    FeatureStore,
    FeatureView,
    OnDemandView,
    agg,
    on_demand_view,
    request_time,
)
from skewless.definitions.version import Version
from skewless.errors import CompileError, DocumentError, FunctionError, PublishError
from skewless.types import (
    Array,
    Bool,
    Bytes,
    Date,
    Decimal,
    Float64,
    Int64,
    String,
    Timestamp,
)
from tests.store.builders import NOON, card, label, payment, payments, profile, spending

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from skewless.types import ValueType
    from tests.store.conftest import MovableClock

ENGINES = ["duckdb", "athena"]


def distance(left: float, right: float) -> float:
    return math.sqrt((left - right) * (left - right))


@on_demand_view(
    inputs=[spending["amount_mean_1h"], profile["shop"], request_time()],
    request={"amount": Float64},
    features={
        "ratio": Float64,
        "away": Float64,
        "code": String,
        "late": Bool,
        "at": Timestamp,
        "cents": Decimal(18, 2),
        "hours": Array(Int64),
    },
)
def judged(
    amount_mean_1h: float | None, shop: str | None, request_time: datetime, amount: float | None
) -> dict[str, Any]:
    """Say how a payment differs from the usual one."""
    from decimal import Decimal as Exact  # noqa: PLC0415 - functions may import where they need it

    ratio: float = amount / amount_mean_1h  # type: ignore[operator]
    return {
        "ratio": ratio,
        "away": distance(amount, amount_mean_1h),  # type: ignore[arg-type]
        "code": f"{shop or 'none'}:{ratio:.2f}".upper(),
        "late": request_time.hour >= 12,
        "at": request_time,
        "cents": round(Exact(amount), 2),  # type: ignore[arg-type]
        "hours": [request_time.hour, len(shop or "")],
    }


@on_demand_view(
    inputs=[spending["amount_mean_1h"]],
    request={"amount": Float64},
    features={"usual": Float64, "above": Bool},
)
def against(amount_mean_1h: float | None, amount: float | None) -> dict[str, Any]:
    """Is written as expressions."""
    if not amount_mean_1h or amount is None:
        return {"usual": None, "above": False}
    return {"usual": amount / amount_mean_1h, "above": amount > 2 * amount_mean_1h}


DOUBLED = OnDemandView("doubled", features={"doubled": judged["ratio"] * 2})
MODEL = FeatureService("model", features=[judged, DOUBLED, spending["payments_7d"]])
LABELS = [label(-5), label(-5, card="nobody"), label(-5, amount=None), label(-5, amount=2.5)]


@pytest.fixture
def filled(store: FeatureStore) -> FeatureStore:
    store.apply(MODEL)
    store.backfill("payments", [payment(-30 - 2000 * n, amount=8.0) for n in range(3)])
    store.materialize(profile)
    store.materialize(spending)
    return store


def rows() -> list[dict[str, Any]]:
    return [{key: row[key] for key in ("card", "amount")} for row in LABELS]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_function_gives_in_history_what_it_gives_in_serving_and_fails_on_the_same_rows(
    filled: FeatureStore, engine: str
) -> None:
    made = filled.get_historical_features(LABELS, MODEL, engine=engine, errors="null")
    history = made.table.select(list(made.features)).to_pylist()
    served = filled.get_online_features(MODEL, rows(), now=LABELS[0]["event_timestamp"])
    assert history == served.rows
    assert history[0] == {
        "ratio": 2.5,
        "away": 12.0,
        "code": "BOOK:2.50",
        "late": False,
        "at": LABELS[0]["event_timestamp"],
        "cents": 20,
        "hours": [11, 4],
        "doubled": 5.0,
        "payments_7d": 3,
    }
    assert [row["ratio"] for row in history] == [2.5, None, None, 0.3125]
    assert made.manifest["failed"] == dict.fromkeys((*judged.feature_types, "doubled"), 2)
    assert served.failed[1] == (*judged.feature_types, "doubled")
    assert served.failed[3] == ()
    assert filled.rebuild(LABELS, made.manifest, engine=engine).manifest["failed"]


def test_a_row_that_fails_is_named_with_view_feature_and_inputs(filled: FeatureStore) -> None:
    told = (
        r"ratio in 1, .* of 1 label rows(.|\n)*row 0: judged@1: judged\(amount_mean_1h=None, "
        r"shop=None, request_time=datetime(.*), amount=20\.0\) raised TypeError: unsupported "
        r"operand .*, in `ratio = amount / amount_mean_1h`"
    )
    with pytest.raises(FunctionError, match=told):
        filled.get_historical_features(LABELS[1:2], MODEL)
    answer = filled.get_online_features(MODEL, rows())
    status = answer.status[1]["judged"]
    assert status.status == "failed"
    assert status.reason is not None
    assert "judged(amount_mean_1h=None, shop=None" in status.reason
    assert answer.status[1]["doubled"].reason == "it reads judged.ratio, which failed"
    assert "judged" not in answer.status[0]
    assert answer.rows[1]["payments_7d"] == 0


def test_the_source_travels_in_the_lock(
    filled: FeatureStore, tmp_path: Path, clock: MovableClock
) -> None:
    path = tmp_path / "skewless.lock"
    filled.lock(MODEL, path)
    locked = FeatureStore.from_lock(path, session=LocalAws.start().session(), clock=clock)
    expected = filled.get_online_features(MODEL, rows()).rows
    assert locked.get_online_features(None, rows()).rows == expected
    assert expected[0]["code"] == "BOOK:2.50"


def test_a_source_in_a_lock_is_judged_again(filled: FeatureStore, tmp_path: Path) -> None:
    path = tmp_path / "skewless.lock"
    filled.lock(MODEL, path)
    lock = json.loads(path.read_text())
    text = json.dumps(lock).replace("return math.sqrt(", "return open(")
    path.write_text(text)
    with pytest.raises(DocumentError, match="open cannot be in it"):
        FeatureStore.from_lock(path, session=LocalAws.start().session())


def test_another_python_than_that_of_the_definition_is_refused(
    filled: FeatureStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skewless.compiler.called.this_version", lambda: "3.99")
    told = r"was defined under Python 3\.\d+, and this is Python 3"
    with pytest.raises(CompileError, match=told):
        filled.get_online_features([judged], rows())
    with pytest.raises(CompileError, match=told):
        filled.get_historical_features(LABELS, [judged])


def test_what_a_function_makes_is_verified_of_drawn_rows(filled: FeatureStore) -> None:
    report = filled.verify(MODEL, sample=5)
    report.raise_if_different()
    assert report.compared == 5 * 9


def test_another_source_is_another_meaning_and_the_plan_shows_the_lines(
    filled: FeatureStore,
) -> None:
    def ratio(amount: float | None) -> dict[str, Any]:
        return {"x": amount}

    make = on_demand_view(request={"amount": Float64}, features={"x": Float64}, name="other")
    filled.apply(make(ratio))

    def ratio(amount: float | None) -> dict[str, Any]:  # type: ignore[no-redef]
        # Comments, names of types and layout mean nothing.
        return {"x": amount}

    assert str(filled.plan([make(ratio)]).changes) == "(Change(unchanged view 'other' version 1),)"

    def ratio(amount: float | None) -> dict[str, Any]:  # type: ignore[no-redef]
        return {"x": amount or 1.0}

    told = str(filled.plan([make(ratio)]))
    assert "- return {'x': amount}; + return {'x': amount or 1.0}" in told


@pytest.mark.parametrize("engine", ENGINES)
def test_a_function_that_runs_in_sql_gives_what_it_gives_in_serving(
    filled: FeatureStore, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    filled.apply(against)
    made = filled.get_historical_features(LABELS, [against], engine=engine)
    assert "view__against_v1__feature__usual" in made.manifest["sql"].lower()
    history = made.table.select(list(made.features)).to_pylist()
    served = filled.get_online_features([against], rows(), now=LABELS[0]["event_timestamp"])
    assert history == served.rows
    assert [row["usual"] for row in history] == [2.5, None, None, 0.3125]
    assert [row["above"] for row in history] == [True, False, False, False]
    monkeypatch.setattr("skewless.compiler.called.this_version", lambda: "3.99")
    with pytest.raises(CompileError, match="was defined under Python"):
        filled.get_historical_features(LABELS, [against])
    with pytest.raises(CompileError, match="was defined under Python"):
        filled.get_online_features([against["above"]], rows())


def test_a_function_that_is_not_published_has_a_history(store: FeatureStore) -> None:
    store.apply([payments])
    store.backfill("payments", [payment(-30, amount=8.0)])
    made = store.get_historical_features(LABELS[:1], [DOUBLED])
    assert made.table["doubled"].to_pylist() == [5.0]
    again = store.rebuild(LABELS[:1], made.manifest)
    assert again.manifest["digest"] == made.manifest["digest"]


def test_values_of_every_type_are_given_and_taken_alike(store: FeatureStore) -> None:
    own: dict[str, ValueType] = {"items": Array(Float64), "shown": String, "count": Int64}
    lists = FeatureView(
        "lists",
        entity=card,
        source=payments,
        refresh="stream",
        features={
            "last": agg.last_n("amount", 3, window="7d"),
            "shops": agg.value_counts("shop", window="7d"),
        },
    )

    @on_demand_view(
        inputs=[lists["last"], lists["shops"]],
        request={"day": Date, "price": Decimal(9, 2), "raw": Bytes},
        features={"on": Date, "cost": Decimal(9, 2), "data": Bytes, **own},
    )
    def every(last: Any, shops: Any, day: Any, price: Any, raw: Any) -> dict[str, Any]:
        last.append(1.0)  # it is the function's own list
        return {
            "on": day,
            "cost": price,
            "data": raw,
            "items": sorted(last),
            "shown": f"{last} {shops} {day} {price} {raw}",
            "count": sum(shops.values()),
        }

    store.apply(every)
    store.backfill("payments", [payment(-30 - n, amount=n / 3, shop="x'y") for n in range(2)])
    store.materialize(lists)
    given: dict[str, Any] = {"price": Number("2.50"), "raw": b"\x00", "day": NOON.date()}
    labels = [label(**given), label(card="nobody", price=None, raw=None, day=None)]
    rows = [{key: row[key] for key in ("card", *given)} for row in labels]
    served = store.get_online_features([every], rows, now=NOON)
    for engine in ENGINES:
        made = store.get_historical_features(labels, [every], engine=engine)
        assert made.table.select(list(made.features)).to_pylist() == served.rows
    assert served.rows[0]["items"] == [0.0, 1 / 3, 1.0]
    assert served.rows[1]["shown"] == "[1.0] {} None None None"
    assert served.rows[1]["count"] == 0


def test_a_function_that_never_returns_what_it_should_is_not_published(
    store: FeatureStore,
) -> None:
    @on_demand_view(request={"amount": Float64}, features={"x": Float64})
    def wrong(amount: float | None) -> dict[str, Any]:
        if amount is None:
            raise ValueError("no amount")
        return {"x": str(amount)}

    with pytest.raises(PublishError, match=r"never returned what its features are.*not Float64"):
        store.apply(wrong)
    assert not store.published.definitions.on_demand_views


def test_a_view_that_adds_nothing_to_a_published_function_is_told_so(store: FeatureStore) -> None:
    store.apply([payments, against])
    again = against.with_function(against.function, Version(1, 1))  # type: ignore[arg-type]
    assert "against" in str(store.plan([again]))
