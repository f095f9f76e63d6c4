"""All workloads, by name, in the order in which they run and are shown."""

from __future__ import annotations

from benchmarks.workloads import (
    flights,
    fold,
    latest,
    local,
    materialize,
    online,
    start,
    whole,
    wide,
    windows,
)

WORKLOADS = {
    module.WORKLOAD.name: module.WORKLOAD
    for module in (
        latest,
        windows,
        flights,
        wide,
        online,
        fold,
        start,
        materialize,
        local,
        whole,
    )
}
