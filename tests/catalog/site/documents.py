"""Catalogs written by hand: one with everything, one with nothing, and one with hostile texts."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any

from skewless.catalog.document import (
    Bin,
    Catalog,
    ColumnRow,
    Cost,
    EntityPage,
    FeatureRow,
    GraphNode,
    LockRow,
    LogChange,
    LogRow,
    MarkRow,
    ModelPage,
    Sampled,
    ServiceFeature,
    ServicePage,
    SourcePage,
    TableFacts,
    TypedName,
    VersionRow,
    ViewPage,
    Words,
)

AT = "2026-05-02T10:30:00+00:00"
CUT = "2026-05-02T00:00:00+00:00"
WRITTEN = "2026-05-02T10:12:00+00:00"
ANN = "arn:aws:sts::111122223333:assumed-role/data-science/ann"
EMPTY = Catalog(store="prod", region="eu-central-1", made_at=AT, release="0.1.0")

_AMOUNTS = Sampled(
    at=CUT,
    rows=1200,
    nulls=31,
    bins=tuple(
        Bin(low=10.0 * n, high=10.0 * n + 10, count=count)
        for n, count in enumerate((40, 210, 330, 250, 140, 90, 60, 30, 12, 5, 1, 1))
    ),
    minimum="0.5",
    maximum="119.2",
    mean="31.7",
    examples=("12.5", "31.0", "8.25"),
)
_BECAME = (
    "feature 'mean_30d': agg.mean('amount', window='30d', hop='1d') became "
    "agg.mean('amount', window='30d', hop='1h')"
)
_MERCHANTS = Sampled(
    at=CUT,
    rows=1200,
    nulls=0,
    common=(("groceries", 610), ("travel", 320), ("rent", 44)),
    examples=("groceries", "travel"),
)


def _feature(view: str, name: str, meaning: str, code: str = "", **more: object) -> FeatureRow:
    filled = {"type": "Float64", "window": "", "since": "1.0", "fingerprint": "9f86d081" * 8} | more
    return FeatureRow(id=f"{view}:{name}", name=name, code=code, meaning=meaning, **filled)  # type: ignore[arg-type]


def _spending(major: int, hop: str) -> tuple[FeatureRow, ...]:
    view = f"spending@{major}"
    return (
        _feature(
            view,
            "mean_30d",
            f"The mean of amount over the last 30 days, whose edge moves by {hop}",
            f"agg.mean('amount', window='30d', hop='{hop}')",
            window="30d",
            reads=("orders:amount", "orders:ordered_at"),
            used_by=(f"habits@1:{'ratio' if major == 2 else 'old_ratio'}", f"fraud_model@{major}"),
            sampled=_AMOUNTS,
        ),
        _feature(
            view,
            "orders_7d",
            "How many orders there were in the last 7 days",
            "agg.count(window='7d')",
            type="Int64",
            window="7d",
            reads=("orders:ordered_at",),
            used_by=(f"fraud_model@{major}",),
            alike=() if major == 2 else ("spending@2:orders_7d",),
            sampled=_AMOUNTS,
        ),
        _feature(
            view,
            "top_shop",
            "The most common shop of the last 30 days",
            "agg.mode('shop', window='30d')",
            type="String",
            window="30d",
            since=f"{major}.1",
            reads=("orders:shop",),
            sampled=_MERCHANTS,
        ),
    )


_TAGS = {"tier": "1", "reviewed": ""}
_PAYMENTS = Words(description="What people spend, and how often", owner="payments", tags=_TAGS)
_RISK = Words(description="Is this payment a fraud?", owner="risk", tags={"tier": "1"})
_TRAINING = """store = FeatureStore.connect("prod")
labels = pl.read_parquet("labels.parquet")  # user_id, event_time
training = store.training_set("fraud_model@2", labels)"""
_SERVING = """store = FeatureStore.from_lock("skewless.lock")
answer = store.get_online([{"user_id": "ann", "amount": 12.5}])"""


def _view(major: int) -> ViewPage:
    is_newest = major == 2
    mark = MarkRow(
        version="1.1",
        state="deprecated",
        reason="A mean of whole days moves too fast",
        successor="spending@2",
        by=ANN,
        at="2026-04-30T09:00:00+00:00",
    )
    return ViewPage(
        id=f"spending@{major}",
        name="spending",
        latest=f"{major}.1",
        is_newest=is_newest,
        kind="feature view",
        words=_PAYMENTS,
        features=_spending(major, "1h" if is_newest else "1d"),
        entity="user",
        source="orders",
        refresh="stream" if is_newest else "every 1d",
        where="~col('is_test')",
        as_of=CUT,
        other_majors=("spending@1",) if is_newest else ("spending@2",),
        versions=(
            VersionRow(
                version=f"{major}.1", at=CUT, by=ANN, changes=("feature 'top_shop' is new",)
            ),
            VersionRow(version=f"{major}.0", at="2026-03-01T08:00:00+00:00", by=ANN),
        ),
        upgrade=(
            _BECAME,
            "refresh: every 1d became stream",
        )
        if is_newest
        else (),
        marks=() if is_newest else (mark,),
        services=(f"fraud_model@{major}",),
        cost=Cost(read_units=1.5, item_bytes=5_320, monthly=12.4 if is_newest else None),
        training=_TRAINING,
        serving=_SERVING,
    )


_HABITS = ViewPage(
    id="habits@1",
    name="habits",
    latest="1.0",
    is_newest=True,
    kind="on-demand view",
    words=Words(description="This payment beside those before it", owner="risk", tags={}),
    features=(
        _feature(
            "habits@1",
            "ratio",
            "The amount of the request, divided by mean_30d of spending",
            "request('amount') / spending['mean_30d']",
            reads=("spending@2:mean_30d",),
            used_by=("fraud_model@2",),
            why_not_sampled="It is computed when it is asked for, from what the request has",
        ),
    ),
    refresh="on demand",
    request=(TypedName(name="amount", type="Float64"),),
    function="def ratio(amount: float, mean_30d: float | None) -> float | None:\n    return None\n",
    versions=(VersionRow(version="1.0"),),
    services=("fraud_model@2",),
)


def _service(major: int) -> ServicePage:
    view = f"spending@{major}"
    names = ("mean_30d", "orders_7d", *(("ratio",) if major == 2 else ()))
    return ServicePage(
        id=f"fraud_model@{major}",
        name="fraud_model",
        latest=f"{major}.0",
        is_newest=major == 2,
        words=_RISK,
        features=tuple(
            ServiceFeature(
                output=f"payer__{name}" if major == 2 else name,
                feature=f"habits@1:{name}" if name == "ratio" else f"{view}:{name}",
                type="Float64",
                role="payer" if major == 2 and name != "ratio" else "",
            )
            for name in names
        ),
        inputs=(TypedName(name="user_id", type="String"), TypedName(name="amount", type="Float64")),
        other_majors=("fraud_model@1",) if major == 2 else ("fraud_model@2",),
        versions=(VersionRow(version=f"{major}.0", at=CUT, by=ANN),),
        upgrade=("feature 'payer__ratio' is new",) if major == 2 else (),
        marks=()
        if major == 2
        else (
            MarkRow(version="1.0", state="yanked", reason="Wrong", successor="", by=ANN, at=CUT),
        ),
        models=("churn", "fraud") if major == 2 else (),
        cost=Cost(read_units=2.0, item_bytes=6_000, monthly=31.0),
        training=_TRAINING,
        serving=_SERVING,
        lock=f"skewless lock fraud_model@{major}",
    )


def _lock(service: str, *remarks: str) -> LockRow:
    return LockRow(
        digest="2cf24dba5fb0a30e26e83b2ac5b9e29e",
        service=service,
        at="2026-05-01T12:00:00+00:00",
        by=ANN,
        commit="0a1b2c3d4e5f60718293",
        training=("s3://models/fraud/2026-05-01/manifest.json",),
        remarks=remarks,
    )


_COLUMNS = (
    ColumnRow(name="order_id", type="String", role="event id"),
    ColumnRow(
        name="ordered_at",
        type="Timestamp",
        role="event time",
        readers=tuple(f"spending@{n}:{name}" for n in (1, 2) for name in ("mean_30d", "orders_7d")),
    ),
    ColumnRow(
        name="amount", type="Float64", readers=("spending@1:mean_30d", "spending@2:mean_30d")
    ),
    ColumnRow(name="shop", type="String", readers=("spending@1:top_shop", "spending@2:top_shop")),
    ColumnRow(name="is_test", type="Bool"),
)
_VIEWS = (_view(1), _view(2), _HABITS)
_SERVICES = (_service(1), _service(2))


def _graph() -> tuple[tuple[GraphNode, ...], tuple[tuple[str, str], ...]]:
    nodes = [
        GraphNode(id=f"orders:{column.name}", kind="column", owner="orders", name=column.name)
        for column in _COLUMNS
    ]
    edges = []
    for view in _VIEWS:
        for feature in view.features:
            nodes.append(GraphNode(id=feature.id, kind="feature", owner=view.id, name=feature.name))
            edges += [(read, feature.id) for read in feature.reads]
    for service in _SERVICES:
        nodes.append(GraphNode(id=service.id, kind="service", owner=service.id, name=""))
        edges += [(feature.feature, service.id) for feature in service.features]
        for model in service.models:
            nodes.append(GraphNode(id=f"model {model}", kind="model", owner=model, name=""))
            edges.append((service.id, f"model {model}"))
    return tuple(nodes), tuple(edges)


_NODES, _EDGES = _graph()
RICH = Catalog(
    store="prod",
    region="eu-central-1",
    made_at=AT,
    release="0.1.0",
    entities=(
        EntityPage(
            name="user",
            words=Words(description="Somebody who buys", owner="payments", tags={}),
            keys=(TypedName(name="user_id", type="String"),),
            views=("spending@1", "spending@2"),
        ),
        EntityPage(
            name="shop",
            words=Words(tags={}),
            keys=(TypedName(name="shop", type="String"),),
            views=(),
        ),
    ),
    sources=(
        SourcePage(
            name="orders",
            words=Words(description="Each order, once it is paid", owner="payments", tags=_TAGS),
            columns=_COLUMNS,
            event_time="ordered_at",
            delay="15m",
            event_id="order_id",
            log=TableFacts(
                rows=1_482_113, bytes=91_000_000, written_at="2026-05-02T10:12:00+00:00"
            ),
            views=("spending@1", "spending@2"),
            monthly=4.2,
        ),
        SourcePage(
            name="visits",
            words=Words(owner="web", tags={}),
            columns=(ColumnRow(name="ip", type="String"),),
            event_time="at",
            delay="0s",
            table="web.visits",
            is_personal=True,
        ),
    ),
    views=_VIEWS,
    services=_SERVICES,
    models=(
        ModelPage(
            name="churn",
            locks=(_lock("fraud_model@2.0", "It is locked to spending@1, which is deprecated"),),
            features=("spending@2:mean_30d", "spending@2:orders_7d"),
        ),
        ModelPage(
            name="fraud",
            locks=(_lock("fraud_model@2.0"), _lock("fraud_model@1.0")),
            features=("spending@2:mean_30d", "habits@1:ratio"),
        ),
    ),
    nodes=_NODES,
    edges=_EDGES,
    log=(
        LogRow(
            at=CUT,
            by=ANN,
            commit="0a1b2c3d4e5f60718293",
            message="Means of hours: those of days were a day late",
            changes=(
                LogChange(
                    action="create",
                    subject="view 'spending' version 2.1",
                    details=(_BECAME,),
                ),
                LogChange(action="deprecate", subject="view 'spending' version 1.1", details=()),
            ),
        ),
        LogRow(at="2026-03-01T08:00:00+00:00", by=ANN, commit="", message="", changes=()),
    ),
)


_EVIL = (
    "\"'><script>window.pwned = 1</script></script></style><!--<img src=x onerror=window.pwned=1>"
    "{{ 7*7 }}\u202e\u2066\x00\x1b\ud800\u2028 \U0001f986 " + "W" * 300
)
_LONG = "A very long story. " * 500 + "x" * 1000


def _poisoned(value: Any) -> Any:
    """Return the same with a hostile text behind each text, alike behind those that are alike."""
    if isinstance(value, str):
        return value and value + _EVIL
    if isinstance(value, Words):
        return Words(
            description=f"javascript:window.pwned=1 {_LONG}{_EVIL}",
            owner=f"javascript:{value.owner}{_EVIL}",
            tags={f"{_EVIL}{key}": f"{item}{_EVIL}\n" for key, item in value.tags.items()},
        )
    if is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in fields(value)]
        return type(value)(**{name: _poisoned(getattr(value, name)) for name in names})
    return tuple(_poisoned(each) for each in value) if isinstance(value, tuple) else value


def _hostile() -> Catalog:
    """Every text is hostile; what refers to another by its name still does."""
    poisoned: Catalog = _poisoned(RICH)
    sampled = Sampled(
        at="never",
        rows=0,
        nulls=5,
        bins=(
            Bin(low=float("nan"), high=1.0, count=1),
            Bin(low=-1e308, high=1e308, count=3),
            Bin(low=5.0, high=float("inf"), count=2),
        ),
        common=(("", 9), (_EVIL, -1)),
        examples=("", _EVIL),
    )
    view = poisoned.views[0]
    features = tuple(replace(feature, sampled=sampled) for feature in view.features)
    return replace(poisoned, views=(replace(view, features=features), *poisoned.views[1:]))


HOSTILE = _hostile()
