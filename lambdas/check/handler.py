"""Check: once a day, a sample of what is served against history, as bits.

    each service → keys from the log → served, and by Athena → what differs, once more → metrics

Then it removes what trials left: namespaces that expired, and items that none of them holds.

A different value is not a failure of the function: it counts in a metric. A service that could not
be compared is a failure.
"""

from __future__ import annotations

import re
from collections import Counter
from contextlib import contextmanager
from time import sleep
from traceback import extract_tb
from typing import TYPE_CHECKING, Any

from lambdas import runtime
from lambdas.check.sides import Sides
from skewless.definitions.expression import to_datetime
from skewless.definitions.names import versioned
from skewless.definitions.view import view_behind
from skewless.errors import OnlineStoreError, QueryError, SkewlessError, StoreError
from skewless.materialize.sweep import Sweep
from skewless.online.address import without_keys
from skewless.online.pace import settling
from skewless.online.view_items import ViewItems
from skewless.registry.model_register import ModelRegister
from skewless.registry.namespaces import Namespaces
from skewless.registry.selection import planned
from skewless.verify import compare, draw_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from skewless.definitions.service import AnyView, FeatureService
    from skewless.definitions.view import FeatureRef
    from skewless.registry.published import Published
    from skewless.verify import Report

    Compared = FeatureService | AnyView | list[FeatureRef]

_SAMPLE = 100
# The code at the start of Athena's errors. Values may follow it, so the rest is not logged.
_CODE = re.compile(r"[A-Z]+(_[A-Z]+)+(?=:)")


@runtime.handler
def handle(_event: dict[str, Any], _: LambdaContext) -> dict[str, Any]:
    """Compare every version of each service, or of each view if there is no service.

    What models are locked to beside services is compared as well.

    Raises:
        StoreError: some could not be compared; the others were, and are in the metrics. Or what
            trials left could not be removed.
    """
    published = runtime.published()
    store = Sides(runtime.aws, runtime.resources(), runtime.online_table(), published)
    named = _compared(published)
    named |= _locked(published, named)
    failed: set[str] = set()
    reports = _compare(store, named, failed)
    told = _tell(reports, _settled(store, named, reports, failed))
    left = _sweep()
    if failed:
        raise StoreError(
            f"{len(failed)} of {len(named)} could not be compared, and the log says why: "
            f"{', '.join(sorted(failed))}"
        )
    if left:
        raise StoreError(f"what trials left was not removed: {left}")
    return told


def _compared(published: Published) -> dict[str, Compared]:
    """Return what to compare, by the name that is logged.

    Locks pin older versions, so these are served as well. Of an older version only the features
    that no newer one has are compared, since the others are the same items.
    """
    services = published.live_services
    if not services:
        live = [view for view in published.views if published.retired(view) is None]
        return {versioned(view.name, view.version): view for view in live}
    named: dict[str, Compared] = {}
    seen: set[tuple[str, AnyView, str]] = set()
    for service in sorted(services, key=lambda item: item.version, reverse=True):
        rest = [pair for pair in service.features if (service.name, *pair) not in seen]
        seen.update((service.name, *pair) for pair in rest)
        if rest:
            is_whole = len(rest) == len(service.features)
            label = versioned(service.name, service.version)
            named[label] = service if is_whole else [view[feature] for view, feature in rest]
    return named


def _locked(published: Published, named: Mapping[str, Compared]) -> dict[str, Compared]:
    """Return what models are locked to that is part of no service, by view."""
    services = published.live_services
    if not services:
        return {}
    covered = {(view_behind(view), name) for item in services for view, name in item.features}
    locks = ModelRegister(runtime.aws, runtime.resources().registry_table).load()
    # Loose features: a lock of a service is compared with that.
    pinned = {name for lock in locks if lock.is_live and not lock.service for name in lock.features}
    found: dict[str, list[FeatureRef]] = {}
    for view in published.views:
        label = versioned(view.name, view.version)
        rest = [
            view[name]
            for name in view.feature_types
            if f"{label}:{name}" in pinned and (view, name) not in covered
        ]
        if rest and label not in named and published.retired(view) is None:
            found[label] = rest
    return {**found}


def _compare(store: Sides, named: Mapping[str, Compared], failed: set[str]) -> dict[str, Report]:
    """Compare a sample that changes each day; without a log there is no report."""
    reports = {}
    for name, features in named.items():
        with _noted(name, failed):
            plan = planned(store.published, features)
            if rows := draw_rows(store, plan, _SAMPLE, seed=f"{_now():%Y-%m-%d}"):
                reports[name] = compare(store, features, rows, [_now()])
    return reports


def _settled(
    store: Sides, named: Mapping[str, Compared], reports: Mapping[str, Report], failed: set[str]
) -> dict[str, Report]:
    """Compare differing rows once more, because an event is logged before it is served.

    Without this, a store that takes in events during the check would seem skewed.
    """
    suspects = {name: report for name, report in reports.items() if report.differences}
    if suspects:
        sleep(runtime.setting("LANDING_SECONDS") or 0.0)
    settled = dict(reports)
    for name, report in suspects.items():
        rows = {id(item.row): item.row for item in report.differences}
        with _noted(name, failed):
            again = compare(store, named[name], list(rows.values()), [_now()])
            settled[name] = again if again.compared else report
    return settled


def _tell(reports: Mapping[str, Report], settled: Mapping[str, Report]) -> dict[str, int]:
    """Log and count what was found: names of features, never a key or a value."""
    by_view: Counter[str] = Counter()
    for name, report in settled.items():
        for item in report.features:
            if item.different:
                by_view[item.view] += item.different
                about = {"view": item.view, "feature": item.feature, "different": item.different}
                runtime.logger.error("served values differ", extra={"features": name, **about})
    told = {
        "compared": sum(report.compared for report in reports.values()),
        "mismatches": by_view.total(),
        "stale": sum(report.stale for report in reports.values()),
        "failed": sum(report.failed for report in reports.values()),
    }
    failed = Counter(item.view for report in reports.values() for item in report.failures)
    for view, rows in failed.items():
        runtime.logger.warning("rows are served as failed", extra={"view": view, "rows": rows})
    for view, different in by_view.items():
        runtime.emit(view, ParityMismatches=different)
    if told["compared"]:  # otherwise an alarm would end although no value was compared
        runtime.emit(None, ParityMismatches=told["mismatches"])
    runtime.emit(
        None,
        ParityCompared=told["compared"],
        ParityStale=told["stale"],
        ParityFailed=told["failed"],
    )
    runtime.logger.info("checked", extra=told)
    return told


def _sweep() -> str:
    """Remove what trials left; return why something is still there."""
    names = runtime.resources()
    sweep = Sweep(
        Namespaces(runtime.aws, names.registry_table),
        runtime.published,
        ViewItems(runtime.aws, names.online_table),
        runtime.now(),
        runtime.now(),
        settling(runtime.aws.endpoint),
    )
    try:
        swept = sweep.run()
    except SkewlessError as error:
        return str(error)
    runtime.logger.info(
        "swept",
        extra={"namespaces": len(swept.expired), "views": swept.views, "items": swept.items},
    )
    return "; ".join(swept.left)


@contextmanager
def _noted(name: str, failed: set[str]) -> Iterator[None]:
    """Note a failure and go on with the other services."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - also one that nobody foresaw is this service's own
        # without the traceback, which could show keys and values
        runtime.logger.error("not compared", extra={"features": name, **_why(error)})
        failed.add(name)


def _why(error: Exception) -> dict[str, str]:
    about = {"error": type(error).__name__}
    match error:
        case QueryError(reason=reason) if code := _CODE.match(reason):
            about["reason"] = code.group()
        case OnlineStoreError():
            about["reason"] = without_keys(str(error))
        case SkewlessError():
            pass
        case _:  # its text may show a value; the place where it was raised does not
            raised = extract_tb(error.__traceback__)[-1]
            about["at"] = f"{raised.filename}:{raised.lineno}"
    return about


def _now() -> datetime:
    return to_datetime(runtime.now())
