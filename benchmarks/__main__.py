"""Measure, side by side: `python -m benchmarks [smoke|small|mid|full] [WORKLOAD ...] [curves]`.

Without a size all three are measured, without a workload all but `whole`, and `curves` too.
`smoke` asks only whether answers agree, and keeps nothing. `page` writes the page anew.
"""

from __future__ import annotations

import signal
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
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    run = Run([_SIZES[word] for word in words if word in _SIZES] or list(Size)[1:])
    named = [word for word in words if word in WORKLOADS]
    is_all = not named and not {_CURVES, _PAGE} & {*words}
    try:
        for name in [name for name in WORKLOADS if name != _ASKED_FOR] if is_all else named:
            run.workload(name)
        if is_all or _CURVES in words:
            run.curves()
    except KeyboardInterrupt:
        print("stopped; cases that were done are kept", file=sys.stderr)
        return 130
    if run.sizes != [Size.SMOKE]:
        page.write(run.results)
        print(f"{page.PAGE} has the tables and pictures")
    return 1 if run.has_failed else 0


class Run:
    """One run of this program: a case that fails does not keep others from being measured.

    Attributes:
        has_failed: some answers did not agree, or a program failed.
    """

    def __init__(self, sizes: list[Size]) -> None:
        self.sizes = sizes
        self.results = Results.read()
        self.has_failed = False

    def workload(self, name: str) -> None:
        """Measure all cases; one that is the same at several sizes, at the largest."""
        workload = WORKLOADS[name]
        cases = {case.name: (size, case) for size in self.sizes for case in workload.cases(size)}
        for size, case in cases.values():
            about = machine.facts()
            try:
                found = _runner(size).measure(workload, case, size.rounds)
            except (DisagreementError, ProgramError, MemoryError) as error:
                self._fail(error)
                continue
            if size is Size.SMOKE:
                names = [one["name"] for one in found["contenders"] if one["samples"]]
                print(f"{name}: {case.name}: agreed: {', '.join(names)}", flush=True)
                continue
            print(f"\n{page.table(found, workload.unit)}", flush=True)
            self.results.keep(name, {**found, "size": size}, about)
            self.results.write()

    def curves(self) -> None:
        """Measure how all dimensions grow, at the largest size; a smoke run has none."""
        size = max(self.sizes)
        for curve in () if size is Size.SMOKE else curves.CURVES:
            about = machine.facts()
            found = []
            try:
                for point in curves.points(curve, _runner(size)):
                    found.append(point)  # noqa: PERF402 - what came before a failure is kept
            except (DisagreementError, ProgramError, MemoryError) as error:
                self._fail(error)
            grows = curves.slope(found, 1, "cpu_seconds") or 0
            print(f"{curve.name}: slope of processor time {grows:.2f}", flush=True)
            if found:
                self.results.keep_curve(curve.name, found, about)
                self.results.write()

    def _fail(self, error: Exception) -> None:
        print(f"left out: {error}", file=sys.stderr, flush=True)
        self.has_failed = self.has_failed or not isinstance(error, MemoryError)


def _runner(size: Size) -> Runner:
    return Runner(size, borrows=size is Size.SMOKE)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
