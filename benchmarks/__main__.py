"""Measure, side by side: `python -m benchmarks [smoke|small|mid|full] [WORKLOAD ...] [curves]`.

Without a size all three are measured, without a workload all but `whole`, and `curves` too.
`smoke` asks only whether answers agree, and keeps nothing. `page` writes the page anew.
"""

from __future__ import annotations

import sys

from benchmarks import curves, machine, page
from benchmarks.processes import ProgramError
from benchmarks.results import Results
from benchmarks.runner import DisagreementError, Runner
from benchmarks.sizes import Size
from benchmarks.workloads import WORKLOADS

_ASKED_FOR = "whole"  # runs only when it is named
_CURVES, _PAGE = "curves", "page"
_SIZES = {size.name.lower(): size for size in Size}


def main(words: list[str]) -> int:
    """Run what is asked for, and return the exit code."""
    known = {*_SIZES, *WORKLOADS, _CURVES, _PAGE}
    if unknown := [word for word in words if word not in known]:
        print(f"{unknown[0]!r} is none of {', '.join(sorted(known))}", file=sys.stderr)
        return 2
    results = Results.read()
    if words != [_PAGE]:
        sizes = [_SIZES[word] for word in words if word in _SIZES]
        try:
            _measure(sizes or [Size.SMALL, Size.MID, Size.FULL], words, results)
        except (DisagreementError, ProgramError, MemoryError) as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print("stopped; cases that were done are kept", file=sys.stderr)
            return 130
        if sizes == [Size.SMOKE]:
            return 0
    page.write(results)
    print(f"{page.PAGE} has the tables and pictures")
    return 0


def _measure(sizes: list[Size], words: list[str], results: Results) -> None:
    named = [word for word in words if word in WORKLOADS]
    is_all = not named and _CURVES not in words
    for name in WORKLOADS if is_all else named:
        if is_all and name == _ASKED_FOR:
            continue
        workload = WORKLOADS[name]
        # A case that is the same at several sizes is measured at the largest.
        cases = {case.name: (size, case) for size in sizes for case in workload.cases(size)}
        for size, case in cases.values():
            about = machine.facts()
            runner = Runner(size, borrows=size is Size.SMOKE)
            try:
                found = runner.measure(workload, case, size.rounds)
            except MemoryError as error:
                print(f"left out: {error}", file=sys.stderr)
                continue
            print(f"\n{name}: {case.name} | {workload.unit} | x | CPU | x | peak MB | x | ")
            for contender in found["contenders"]:
                print(page.row(found, contender, workload.unit), flush=True)
            if size is not Size.SMOKE:
                results.keep(name, {**found, "shown": workload.shown}, about)
                results.write()
    if is_all or _CURVES in words:
        _measure_curves(max(sizes), results)


def _measure_curves(size: Size, results: Results) -> None:
    runner = Runner(size, borrows=size is Size.SMOKE)
    for curve in () if size is Size.SMOKE else curves.CURVES:
        about = machine.facts()
        found = curves.points(curve, runner)
        slopes = [curves.slope(found, 1, measure) for measure in ("seconds", "peak_mb")]
        print(f"{curve.name}: slope of time {slopes[0]:.2f}, of memory {slopes[1]:.2f}", flush=True)
        results.keep_curve(curve.name, found, about)
        results.write()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
