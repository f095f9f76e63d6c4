"""The AWS of one case, as a process of its own: it holds the store, and the contenders ask it.

python -m benchmarks.host <workload> <parameters as JSON> <folder>

It prints the variables that point others at it. The runner ends it; should the runner be killed, it
ends with its standard input.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.environment import REPOSITORY
from benchmarks.processes import ProgramError, end, environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

STORE = "benchmark"


@contextmanager
def prepared(workload: str, parameters: dict[str, Any], folder: Path) -> Iterator[dict[str, str]]:
    """Make a case's data, and yield the variables of the AWS that has them.

    Raises:
        ProgramError: the data could not be made.
    """
    arguments = (workload, json.dumps(parameters), str(folder))
    with serving("benchmarks.host", *arguments) as variables:
        yield variables


@contextmanager
def serving(
    module: str, *arguments: str, variables: Mapping[str, str] | None = None
) -> Iterator[dict[str, str]]:
    """Run a module that serves until its standard input ends, and yield what it printed."""
    with subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", module, *arguments],
        env=environment(variables or {}),
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for the runner alone, which then ends this
    ) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line:
                raise ProgramError(f"{module} {' '.join(arguments)} failed")
            yield json.loads(line)
        finally:
            end(process)


def main() -> None:
    """Serve one case."""
    from benchmarks.workloads import WORKLOADS  # noqa: PLC0415 - the runner needs none of it
    from localaws.server import LocalAws  # noqa: PLC0415 - same
    from skewless import FeatureStore  # noqa: PLC0415 - same

    workload, parameters, folder = WORKLOADS[sys.argv[1]], json.loads(sys.argv[2]), sys.argv[3]
    store = FeatureStore.local(STORE)
    workload.prepare(store, parameters, Path(folder))
    print(json.dumps(LocalAws.start().environment), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
