"""Code shared by the handlers: the store, its published views, logs, metrics, errors.

Everything is made once in an environment, at first use. Logs name views, cuts and counts; they
hold no entity's key and no value.
"""

from __future__ import annotations

import functools
import json
import os
import time
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from skewless.aws import Aws, Resources
from skewless.compiler.plan import plan_view
from skewless.errors import InputError, SkewlessError
from skewless.online.address import without_keys
from skewless.online.table import OnlineTable
from skewless.registry.registry import Registry
from skewless.registry.rewrites import RewriteLog
from skewless.registry.selection import find_view

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from skewless.compiler.plan import ViewPlan
    from skewless.registry.published import Published

    Event = dict[str, Any]
    Handler = Callable[[Event, LambdaContext], Any]

logger = Logger()
aws = Aws()


@functools.cache
def resources() -> Resources:
    """The names of the store's resources."""
    return Resources.parse(
        os.environ["SKEWLESS_STORE"], json.loads(os.environ["SKEWLESS_RESOURCES"])
    )


@functools.cache
def online_table() -> OnlineTable:
    """The store's online table."""
    return OnlineTable(aws, resources().online_table)


@functools.cache
def rewrites() -> RewriteLog:
    """The rewrites of history that wait for a cut."""
    return RewriteLog(aws, resources().registry_table)


def published() -> Published:
    """Read the definitions as they are published now."""
    return Registry(aws, resources().registry_table).load()


@functools.cache
def view_plan(text: str) -> ViewPlan:
    """Return the plan of a view, `name@version`; a published view never changes.

    Raises:
        UnknownNameError: it is not published.
        InputError: it is an on-demand view, which has no state.
    """
    return plan_view(find_view(published(), text))


def setting(name: str) -> float | None:
    """Return a number from the environment, None where it is not set."""
    text = os.environ.get(name)
    return float(text) if text else None


def now() -> int:
    """The clock, in microseconds."""
    return time.time_ns() // 1000


def emit(view: str | None, **values: float) -> None:
    """Write metrics of the store, and of a view, to the log, from which CloudWatch takes them."""
    # Alarms know a store and a view; a service would be a dimension more.
    metrics = Metrics(namespace="skewless", service="")
    metrics.add_dimension("Store", resources().store)
    if view is not None:
        metrics.add_dimension("View", view)
    for name, value in values.items():
        unit = MetricUnit.Seconds if name.endswith("Seconds") else MetricUnit.Count
        metrics.add_metric(name=name, unit=unit, value=value)
    metrics.flush_metrics()


def handler(function: Handler) -> Handler:
    """Log what a handler is called for, and keep entities' keys out of its errors."""

    @logger.inject_lambda_context
    @functools.wraps(function)
    def guarded(event: Event, context: LambdaContext) -> Any:
        try:
            return function(event, context)
        except SkewlessError as error:
            message = without_keys(str(error))
            # Without the traceback, which would show the keys again.
            logger.error(  # noqa: TRY400
                "refused", extra={"error": type(error).__name__, "reason": message}
            )
            raise _same_kind(error, message) from None

    return guarded


def _same_kind(error: SkewlessError, message: str) -> Exception:
    # Step Functions goes by the name of the class; constructors differ, names do not.
    kind: type[Exception] = type(type(error).__name__, (Exception,), {})
    return kind(message)


def of_event(event: Mapping[str, Any], name: str) -> Any:
    """Return a field of an event.

    Raises:
        InputError: it is not there.
    """
    try:
        return event[name]
    except KeyError as error:
        raise InputError(
            f"the event has no {name!r}; it has {', '.join(sorted(event)) or 'nothing'}"
        ) from error
