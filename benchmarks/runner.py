"""Runs a workload: data, agreement, and then all contenders in turn, each in its own process."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.agreement import difference
from benchmarks.contender import OURS
from benchmarks.environment import REPOSITORY, python_of
from benchmarks.host import prepared, serving
from benchmarks.processes import ProgramError, run
from benchmarks.task import Task

if TYPE_CHECKING:
    from benchmarks.contender import Contender
    from benchmarks.sizes import Size
    from benchmarks.workload import Case, Workload

LIMIT = 600.0  # seconds, for one process
SLOW = 60.0  # seconds: who takes longer is measured once, in the process that showed its answer
_SCRATCH = REPOSITORY / "build" / "benchmarks"


class DisagreementError(Exception):
    """skewless and the baseline gave different answers, or one gave none."""


class Runner:
    """One run at one size.

    Attributes:
        borrows: peers run in this environment, and those that it lacks are left out.
    """

    def __init__(self, size: Size, *, borrows: bool) -> None:
        self.size = size
        self.borrows = borrows

    def measure(self, workload: Workload, case: Case, rounds: int) -> dict[str, Any]:
        """Return the samples of all contenders.

        Raises:
            DisagreementError: skewless did not answer as the baseline.
            MemoryError: the case needs more memory than there is.
        """
        _check_memory(workload, case)
        _SCRATCH.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f"{workload.name}-", dir=_SCRATCH))
        try:
            with ExitStack() as stack:
                aws = stack.enter_context(prepared(workload.name, case.parameters, folder))
                reads = aws
                if workload.replays:
                    noted = str(folder / "reads.jsonl")
                    replay = serving("benchmarks.replay", noted, variables=aws)
                    reads = {**aws, **stack.enter_context(replay)}
                return self._measured(workload, case, folder, (aws, reads), rounds)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _measured(
        self,
        workload: Workload,
        case: Case,
        folder: Path,
        aws: tuple[dict[str, str], dict[str, str]],
        rounds: int,
    ) -> dict[str, Any]:
        samples: dict[str, list[dict[str, float]]] = {}
        notes: dict[str, str] = {}
        ready: dict[str, list[str]] = {}
        end = time.monotonic() + self.size.seconds
        for contender in self._taking_part(workload, notes):
            answer = folder / f"{contender.name}.answer.{workload.answers}"
            task = Task(folder, answer, {**case.parameters, **contender.arguments})
            python = python_of(contender.peer, borrows=self.borrows)
            try:
                if contender.setup:
                    run(_command(python, contender.setup, task), aws[0], LIMIT)
                command = _command(python, contender.program, task, is_whole=contender.is_whole)
                first = run(command, aws[1], LIMIT)
            except ProgramError as error:
                notes[contender.name] = str(error)
                continue
            if first["seconds"] > SLOW or not rounds:
                samples[contender.name] = [first]
                notes[contender.name] = "measured once" if rounds else ""
            else:
                ready[contender.name] = command
        self._check(workload, folder, notes)
        for done in range(rounds):
            if done and time.monotonic() > end:
                often = "once" if done == 1 else f"{done} times"
                notes |= dict.fromkeys(ready, f"measured {often}, for lack of time")
                break
            for name, command in ready.items():
                samples.setdefault(name, []).append(run(command, aws[1], LIMIT))
        return {
            "case": case.name,
            "parameters": case.parameters,
            "goals": case.goals,
            "each": workload.each(case.parameters),
            "contenders": [
                {
                    "name": contender.name,
                    "note": notes.get(contender.name, ""),
                    "samples": samples.get(contender.name, []),
                }
                for contender in workload.contenders
            ],
        }

    def _taking_part(self, workload: Workload, notes: dict[str, str]) -> list[Contender]:
        """Return who is asked, skewless first: the baseline may ask for what it read."""
        asked = []
        for contender in workload.contenders:
            if self.borrows and contender.peer not in {None, "duckdb", "polars"}:
                notes[contender.name] = "not asked in a smoke run"
            elif self.size > contender.largest:
                notes[contender.name] = f"not asked: {contender.bounded}"
            else:
                asked.append(contender)
        return sorted(asked, key=lambda contender: contender.name != OURS)

    def _check(self, workload: Workload, folder: Path, notes: dict[str, str]) -> None:
        """See that answers agree; a peer may differ, which is noted, but the baseline may not."""
        files = {path.name.split(".answer")[0]: path for path in folder.glob("*.answer.*")}
        baseline = workload.contenders[0].name
        needed = {OURS, baseline}
        if self.borrows:
            needed.update(name for name, note in notes.items() if not note.startswith("not asked"))
        for name in needed:
            if name not in files:
                raise DisagreementError(f"{workload.name}: {name}: {notes.get(name, 'no answer')}")
        for name, file in files.items():
            differs = difference(files[OURS], file, workload.tolerance)
            if differs and (name == baseline or self.borrows):
                raise DisagreementError(f"{workload.name}: {name} has {differs}")
            if differs:
                notes[name] = "; ".join(filter(None, (notes.get(name, ""), f"gave {differs}")))


def _command(python: str, program: str, task: Task, *, is_whole: bool = False) -> list[str]:
    command = [python, "-m", f"benchmarks.programs.{program}", task.command()]
    if is_whole:
        return [sys.executable, "-m", "benchmarks.programs.outside", *command]
    return command


def _check_memory(workload: Workload, case: Case) -> None:
    """Say before the start what does not fit."""
    free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES") / 1e9
    about = Path("/proc/meminfo")
    if about.exists():
        lines = dict(line.split(":") for line in about.read_text().splitlines())
        free = int(lines["MemAvailable"].split()[0]) * 1024 / 1e9
    if free < case.memory_gb:
        raise MemoryError(
            f"{workload.name}, {case.name}, needs some {case.memory_gb:.0f} GB, and {free:.1f} are "
            "free: choose a smaller size, such as ARGS=small"
        )
