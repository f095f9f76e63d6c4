"""Names that other tools use: the error for such a name says what it is called here.

There is one table for each place where a name may be written. Nothing here adds an error: it only
improves the message of one that Python would raise anyway.
"""

from __future__ import annotations

import dis
import functools
import inspect
import sys
from typing import TYPE_CHECKING, Any, NoReturn, ParamSpec, TypeVar

from skewless.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

_INTEGER = "Int64 holds every integer"
_FLOAT = "Float64 holds every float"
_TIME = "Timestamp is an instant, in microseconds"
TYPES: Mapping[str, str] = {
    **dict.fromkeys(("Int", "Integer", "Long", "Int8", "Int16", "Int32", "BigInt"), _INTEGER),
    **dict.fromkeys(("UInt8", "UInt16", "UInt32", "UInt64"), _INTEGER),
    **dict.fromkeys(("Float", "Float16", "Float32", "Double"), _FLOAT),
    **dict.fromkeys(("Boolean",), "write Bool"),
    **dict.fromkeys(("Str", "Text", "Varchar", "Utf8"), "write String"),
    **dict.fromkeys(("Binary", "Blob"), "write Bytes"),
    **dict.fromkeys(("UnixTimestamp", "DateTime", "Datetime", "EventTimestamp"), _TIME),
    **dict.fromkeys(("List", "PrimitiveFeastType"), "write Array(T)"),
    "Embedding": "write Vector(n)",
}
AGGREGATES: Mapping[str, str] = {
    **dict.fromkeys(("avg", "average"), "write agg.mean"),
    **dict.fromkeys(("std", "stddev", "stdev"), "write agg.stddev_samp, or agg.stddev_pop"),
    **dict.fromkeys(("var", "variance"), "write agg.var_samp, or agg.var_pop"),
    **dict.fromkeys(("latest", "last_value", "newest"), "write agg.last"),
    **dict.fromkeys(("earliest", "first_value", "oldest"), "write agg.first"),
    **dict.fromkeys(("minimum", "lowest"), "write agg.min"),
    **dict.fromkeys(("maximum", "highest"), "write agg.max"),
    **dict.fromkeys(("total",), "write agg.sum"),
    **dict.fromkeys(("size", "n", "count_all"), "write agg.count"),
    **dict.fromkeys(("latest_n", "recent", "tail"), "write agg.last_n, or agg.last_distinct_n"),
    **dict.fromkeys(("earliest_n", "head"), "write agg.first_n"),
    **dict.fromkeys(("nlargest", "max_n", "top_k", "topk"), "write agg.top_n"),
    **dict.fromkeys(("nsmallest", "min_n"), "write agg.bottom_n"),
    **dict.fromkeys(
        ("approx_count_distinct", "nunique", "n_unique", "approx_unique_count"),
        "write agg.count_distinct",
    ),
    **dict.fromkeys(("quantile", "approx_percentile", "approx_quantile"), "write agg.percentile"),
    **dict.fromkeys(("frequencies", "freq", "counts_by"), "write agg.value_counts"),
    **dict.fromkeys(("most_common", "most_frequent"), "write agg.mode"),
}
MODULE: Mapping[str, str] = {
    **dict.fromkeys(("Field", "Feature"), "columns and types stand in Source(schema={...})"),
    **dict.fromkeys(
        ("FileSource", "BatchSource", "DataSource", "PushSource", "KafkaSource", "StreamSource"),
        "write Source; a view's refresh says whether it streams",
    ),
    **dict.fromkeys(
        ("BatchFeatureView", "StreamFeatureView", "FeatureGroup", "FeatureTable"),
        'write FeatureView with refresh=Every(...) or refresh="stream"',
    ),
    **dict.fromkeys(
        ("on_demand_feature_view", "OnDemandFeatureView", "RequestSource"),
        "write OnDemandView(name, request={...}, features={...}), or @on_demand_view(...) over a "
        "function of one row's values",
    ),
    "ValueType": "types stand in skewless.types",
    "Aggregation": "write agg.mean('amount', window='7d')",
    "Store": "write FeatureStore",
}
STORE: Mapping[str, str] = {
    **dict.fromkeys(
        ("get_feature", "get_features", "get_online_feature", "read_online", "serve"),
        "write get_online_features(features, rows)",
    ),
    **dict.fromkeys(
        (
            "get_historical_feature",
            "get_training_data",
            "create_training_set",
            "get_offline_features",
        ),
        "write get_historical_features(labels, features)",
    ),
    **dict.fromkeys(
        ("materialize_incremental",), "write materialize(view): it runs the cut that is due"
    ),
    **dict.fromkeys(("push", "write_to_online_store", "ingest_df"), "write ingest(source, rows)"),
    **dict.fromkeys(
        ("write_to_offline_store", "load", "insert"), "write backfill(source, frame), or ingest"
    ),
    **dict.fromkeys(
        (
            "get_feature_view",
            "list_feature_views",
            "get_feature_service",
            "list_feature_services",
            "get_entity",
            "list_entities",
            "list_views",
        ),
        "what is published is in store.published.definitions",
    ),
    **dict.fromkeys(("delete", "delete_feature_view", "teardown"), "what is published stays"),
}
FRAMES: Mapping[str, str] = {
    **dict.fromkeys(("to_df", "to_dataframe", "to_pd", "df", "toPandas"), "write to_pandas()"),
    **dict.fromkeys(("to_pl",), "write to_polars()"),
    **dict.fromkeys(("to_arrow_table", "to_pa"), "write to_arrow()"),
    **dict.fromkeys(
        ("to_csv", "to_parquet", "persist"), "write write_parquet(uri) of a training set"
    ),
}
ARGUMENTS: Mapping[str, str] = {
    "full_feature_names": "write full_names=True",
    **dict.fromkeys(("feature_refs", "feature_service", "feature_views"), "write features="),
    **dict.fromkeys(
        ("event_timestamp_column", "timestamp_column", "timestamp_key"),
        "write timestamp= for the column of instants of labels",
    ),
    **dict.fromkeys(("entities", "rows"), "write entity_rows="),
    **dict.fromkeys(("labels", "spine", "entity_dataframe"), "write entity_df="),
    **dict.fromkeys(
        ("repo_path", "config", "fs_yaml_file"),
        "write FeatureStore.connect(name), FeatureStore.local() or FeatureStore.from_lock(path)",
    ),
}
FUNCTIONS: Mapping[str, str] = {
    **dict.fromkeys(
        ("sources", "feature_views", "upstream"), "write inputs=[view['feature'], ...]"
    ),
    **dict.fromkeys(("schema", "output_schema"), "write features={'name': Type}"),
    "request_source": "write request={'name': Type}",
    "mode": "a function is called row by row, in training and in serving: leave it out",
    **dict.fromkeys(("online", "offline"), "every view is both: leave it out"),
}
DEFINED: Mapping[str, str] = {
    **dict.fromkeys(("entities",), "write entity=, which is one Entity"),
    **dict.fromkeys(("batch_source", "stream_source"), "write source="),
    **dict.fromkeys(("join_keys", "join_key", "value_type", "key"), "write keys={'name': Type}"),
    **dict.fromkeys(
        ("timestamp_field", "event_timestamp_column", "timestamp"), "write event_time="
    ),
    **dict.fromkeys(("created_timestamp_column",), "write ingest_time="),
    **dict.fromkeys(("aggregations", "aggregates"), "write features={'name': agg.mean(...)}"),
    **dict.fromkeys(("schema", "fields"), "columns and types stand in Source(schema={...})"),
    **dict.fromkeys(("online", "offline"), "every view is both: leave it out"),
    **dict.fromkeys(("path", "s3_uri"), "events come in by store.backfill(source, path)"),
    **dict.fromkeys(("filter", "filter_expr"), "write where="),
    **dict.fromkeys(("batch_schedule", "schedule"), "write refresh=Every(...)"),
}


def no_attribute(owner: str, name: str, words: Mapping[str, str], known: Iterable[str]) -> NoReturn:
    """Raise the error that Python would, with a hint at our name.

    A module's `__getattr__` calls it last. For `from owner import name` it is an ImportError,
    because Python would drop the message of an AttributeError.

    Args:
        owner: what lacks the name.
        name: the name.
        words: what other tools call things, and what to write here.
        known: the names that there are.
    """
    hint = f": {words[name]}" if name in words else ""
    if not hint and not name.startswith("_"):
        hint = "." + did_you_mean(name, [item for item in known if not item.startswith("_")])
    text = f"{owner} has no attribute {name!r}{hint}"
    frame = sys._getframe(2)  # noqa: SLF001 - who asked
    if frame.f_lasti >= 0 and frame.f_code.co_code[frame.f_lasti] == dis.opmap["IMPORT_FROM"]:
        raise ImportError(text)
    raise AttributeError(text)


def other_word(owner: object, name: str, words: Mapping[str, str]) -> Any:
    """Raise for an attribute that an object lacks; a class's `__getattr__` calls it.

    Raises:
        AttributeError: it says what to write. For an unknown name it is Python's own error, or
            the property's if a property raised it.
    """
    if name in words:
        raise AttributeError(f"{type(owner).__name__} has no {name!r}: {words[name]}")
    return object.__getattribute__(owner, name)


def answering(words: Mapping[str, str]) -> Callable[[type[T]], type[T]]:
    """Explain arguments that other tools' classes take and this class does not."""

    def decorate(made: type[T]) -> type[T]:
        untyped: Any = made
        untyped.__init__ = hinted(words, made.__name__)(untyped.__init__)
        return made

    return decorate


def hinted(
    words: Mapping[str, str], called: str | None = None
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Explain an argument that other tools' functions take and this function does not.

    Args:
        words: what other tools call arguments, and what to write here.
        called: what the error calls the function, if not by its own name.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        own = inspect.signature(function).parameters
        foreign = words.keys() - own.keys()

        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            for name in kwargs:
                if name in foreign:
                    shown = called or function.__qualname__
                    raise TypeError(f"{shown} takes no argument {name!r}: {words[name]}")
            return function(*args, **kwargs)

        return call

    return decorate
