"""`make deploy-local`: deploy the stacks to a local AWS, use them, and say whether all is equal.

The real command line of the CDK, the templates and packages that AWS would get, functions as
processes of their own, queries executed, IAM enforced. Nothing leaves the machine.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from deployment.cdk_cli import CdkCli, why_not
from deployment.flights import DeploymentError, Flights, Started
from localaws import LocalAws

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skewless.verify import Report

STACKS = ("skewless-dev-data", "skewless-dev-jobs")
EXAMPLE_STACK = "skewless-flights"


class Walk:
    """The steps, each told as it is done."""

    def __init__(self, folder: Path, days: int | None) -> None:
        self.console = Console()
        self.folder = folder
        self.aws = LocalAws.start(functions=True)
        self.cli = CdkCli(self.aws, folder / "cdk.out")
        self.flights = Flights(self.aws, days=days)
        self._began = time.monotonic()

    def run(self) -> bool:
        """Walk; return whether everything served was equal.

        What does not wait for another step goes beside it: most of the time some program starts.
        """
        with ThreadPoolExecutor() as beside:
            read = beside.submit(self.flights.read)
            self.deploy()
            read.result()
            same = beside.submit(self.see_no_difference)
            self.load()
            same.result()
            serving = beside.submit(self.deploy_function)
            self.fill()
            serving.result()
            self.serve()
            trained = beside.submit(self.train)
            equal = self.compare()
            trained.result()
            return equal

    def deploy(self) -> None:
        """Render and review both stacks, bootstrap, and deploy them."""
        self.cli.synth()
        self.tell("the stacks are rendered and reviewed")
        self.cli.bootstrap()
        self.tell("the account is bootstrapped")
        self.cli.deploy(*STACKS)
        self.tell(f"deployed {' and '.join(STACKS)}")

    def see_no_difference(self) -> None:
        """See that nothing is left to change."""
        difference = self.cli.diff(*STACKS)
        if "Number of stacks with differences: 0" not in difference:
            raise DeploymentError(
                f"there are differences right after the deployment:\n{difference}"
            )
        self.tell("cdk diff: no differences")

    def load(self) -> None:
        """Publish and load history."""
        rows = self.flights.load()
        told = ", ".join(f"{count:,} of {source}" for source, count in rows.items())
        moved = self.flights.moved_by.days
        self.tell(f"published the definitions; loaded {told} (real, and {moved:,} days on)")

    def fill(self) -> None:
        """Let the schedules fire."""
        started = self.flights.fire()
        self.tell(f"{len(started)} schedules fired")
        ended = self.flights.wait()
        self.tell(f"{ended} executions of the state machine succeeded")

    def deploy_function(self) -> None:
        """Deploy the inference function with its lock file."""
        lock = self.flights.lock(self.folder / "skewless.lock")
        cli = CdkCli(self.aws, self.folder / "flights.out", (("skewless:flights", str(lock)),))
        cli.synth()
        cli.deploy(EXAMPLE_STACK, exclusively=True)
        self.tell("deployed the inference function, with the lock file in its bundle")

    def serve(self) -> None:
        """Ask the function while events arrive."""
        arrived = self.flights.ingest()
        asked = self.flights.requests(50)
        answer = self.flights.ask(asked)
        statuses: list[str] = [
            view["status"] for flight in answer["status"] for view in flight.values()
        ]
        served = sum(status == "ok" for status in statuses)
        self.tell(
            f"{arrived:,} flights landed; the function answered for {len(asked)}: "
            f"{served:,} of {len(statuses):,} views ok"
        )

    def train(self) -> None:
        """Run the training script as SageMaker would, with the training role's rights."""
        printed = self.flights.train(self.folder / "ml")
        self.tell(f"trained as the training role: {printed.strip().splitlines()[-1]}")

    def compare(self) -> bool:
        """Compare what is served with history, and show it by view."""
        report = self.flights.verify(sample=200)
        self.console.print(_packages(self.flights.packages()))
        self.console.print(_parity(report))
        self.tell(
            f"{report.compared:,} values compared, {len(report.differences)} different, "
            f"{report.stale} rows stale"
        )
        return report.is_equal and not report.stale

    def tell(self, what: str) -> None:
        """Print a step that is done."""
        self.console.print(f"[dim]{time.monotonic() - self._began:6.1f} s[/]  {what}")


def _packages(started: list[Started]) -> Table:
    table = Table(title="Packages, and how their first process started", title_justify="left")
    table.add_column("Function")
    for name in ("Zip MB", "Start s", "Memory MB"):
        table.add_column(name, justify="right")
    for item in started:
        cells = (f"{item.megabytes:.1f}", f"{item.seconds:.2f}", str(item.memory))
        table.add_row(item.function, *cells)
    return table


def _parity(report: Report) -> Table:
    table = Table(title="Served and history, as bits", title_justify="left")
    table.add_column("View")
    for name in ("Features", "Compared", "Equal", "Different"):
        table.add_column(name, justify="right")
    views: dict[str, list[Any]] = {}
    for item in report.features:
        views.setdefault(item.view, []).append(item)
    for view, items in views.items():
        counts = [sum(getattr(item, name) for item in items) for name in _COUNTS]
        table.add_row(view, str(len(items)), *(f"{count:,}" for count in counts))
    return table


_COUNTS = ("compared", "equal", "different")


def main(arguments: Sequence[str] | None = None) -> int:
    """Walk through a deployment; return the exit code."""
    parser = argparse.ArgumentParser(prog="deployment", description=__doc__)
    parser.add_argument("--days", type=int, default=90, help="of flights to load; 0 for the year")
    options = parser.parse_args(arguments)
    if missing := why_not():
        Console().print(f"skipped: deploy-local: {missing}")
        return 0
    # moto tells of each path that a condition does not find.
    logging.getLogger("moto").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory(prefix="skewless-deployment-") as folder:
        walk = Walk(Path(folder), options.days or None)
        try:
            return 0 if walk.run() else 1
        finally:
            walk.aws.stop()


if __name__ == "__main__":
    sys.exit(main())
