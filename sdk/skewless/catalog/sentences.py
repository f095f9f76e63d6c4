"""What a feature means, in one plain sentence. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from skewless.definitions.aggregation import TIMES, Function
from skewless.definitions.expression import ColumnNode, render
from skewless.definitions.on_demand import OnDemandView

if TYPE_CHECKING:
    from skewless.definitions.aggregation import Aggregation
    from skewless.definitions.expression import Node
    from skewless.definitions.service import View
    from skewless.definitions.view import FeatureView

_OF_A_VALUE = {
    Function.COUNT: "The number of events that have a {x}",
    Function.SUM: "The sum of {x}",
    Function.MEAN: "The mean of {x}",
    Function.MIN: "The least {x}",
    Function.MAX: "The greatest {x}",
    Function.VAR_SAMP: "The sample variance of {x}",
    Function.VAR_POP: "The population variance of {x}",
    Function.STDDEV_SAMP: "The sample standard deviation of {x}",
    Function.STDDEV_POP: "The population standard deviation of {x}",
    Function.FIRST: "The first {x}",
    Function.LAST: "The last {x}",
    Function.FIRST_N: "The first {n} values of {x}",
    Function.LAST_N: "The last {n} values of {x}",
    Function.LAST_DISTINCT_N: "The last {n} different values of {x}",
    Function.TOP_N: "The {n} greatest values of {x}",
    Function.BOTTOM_N: "The {n} least values of {x}",
    Function.ANY: "Whether {x} is true of any event",
    Function.ALL: "Whether {x} is true of all events",
    Function.SHARE: "The share of events of which {x} is true",
    Function.DECAYED_COUNT: "The number of events that have a {x}, of which an event {decay}",
    Function.DECAYED_SUM: "The sum of {x}, of which an event {decay}",
    Function.DECAYED_MEAN: "The mean of {x}, in which an event {decay}",
    Function.COUNT_DISTINCT: "The number of different values of {x}",
    Function.VALUE_COUNTS: "How often each value of {x} occurs",
    Function.MODE: "The most frequent {x}",
    Function.HISTOGRAM: "How many values of {x} lie between the edges {edges}",
    Function.PERCENTILE: "The {q} quantile of {x}",
}
_OF_EVENTS = {
    Function.COUNT: "The number of events",
    Function.DECAYED_COUNT: "The number of events, of which an event {decay}",
    Function.SECONDS_SINCE_LAST: "The seconds since the last event",
    Function.SECONDS_SINCE_FIRST: "The seconds since the first event",
    Function.MEAN_GAP: "The mean seconds from one event to the next",
}


_NAMED = re.compile(r"(?:col|request)\('(\w+)'\)", re.ASCII)
_OF_VIEW = re.compile(r"\b\w+\['(\w+)'\]", re.ASCII)


def sentence(view: View, feature: str) -> str:
    """Say what one feature of a view means.

    Args:
        view: the view; of a view in several parts, any that has the feature.
        feature: its name.

    Returns:
        One sentence with its full stop. Conditions are written nearly as in definitions.
    """
    match view:
        case OnDemandView() if view.function is not None:
            return f"Made by the Python function {view.function}, of {view.function.arguments}."
        case OnDemandView():
            return f"Computed when it is asked for: {_plain(view.expressions[feature])}."
        case _:
            aggregate = view.aggregations.get(feature)
            if aggregate is None:
                return f"{_latest(view, feature)}."
            return f"{_aggregated(aggregate, view.where)}."


def _latest(view: FeatureView, feature: str) -> str:
    limit = "" if view.ttl is None else f", unless the event is older than {view.ttl}"
    return f"The {feature} of the latest event{_where(view.where)}{limit}"


def _aggregated(aggregate: Aggregation, of_view: Node | None) -> str:
    parameters = aggregate.parameters
    has_no_value = aggregate.input is None or aggregate.function in TIMES
    text = (_OF_EVENTS if has_no_value else _OF_A_VALUE)[aggregate.function].format(
        x="" if aggregate.input is None else _plain(aggregate.input),
        n=parameters.n,
        q=parameters.q,
        edges=", ".join(map(render, parameters.edges or ())),
        decay=f"counts half after each {aggregate.half_life}",
    )
    if aggregate.by is not None:
        text += f", for each {_plain(aggregate.by)}"
    comma = "" if aggregate.by is None and aggregate.half_life is None else ","
    text += f"{comma} {_span(aggregate)}{_where(of_view, aggregate.where)}"
    if aggregate.default is not None:
        text += f"; {render(aggregate.default)} if there is none"
    return text


def _span(aggregate: Aggregation) -> str:
    if aggregate.window is None:
        return "over all history"
    if aggregate.offset is None:
        return f"over the last {aggregate.window}"
    return f"over the {aggregate.window} before the last {aggregate.offset}"


def _where(*conditions: Node | None) -> str:
    found = " and ".join(_plain(each) for each in conditions if each is not None)
    return f", where {found}" if found else ""


def _plain(node: Node) -> str:
    """Write an expression with bare names of columns, fields and features."""
    text = render(node)
    if isinstance(node, ColumnNode):
        return node.name
    bare = _OF_VIEW.sub(r"\1", _NAMED.sub(r"\1", text)).replace("~", "not ")
    return bare[1:-1] if _is_bracketed(bare) else bare


def _is_bracketed(text: str) -> bool:
    """Say whether the first bracket closes at the very end, with no text in quotes on the way."""
    if not text.startswith("(") or "'" in text or '"' in text:
        return False
    depth = 0
    for place, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0:
            return place == len(text) - 1
    return False
