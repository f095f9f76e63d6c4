"""`skewless doctor`: what is wrong with the store, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer  # noqa: TC002 - typer reads the annotations

from skewless.cli.invocation import Invocation
from skewless.cli.screen import counted
from skewless.doctor.diagnosis import Severity
from skewless.errors import StoreError

if TYPE_CHECKING:
    from skewless.cli.screen import Screen
    from skewless.doctor.diagnosis import Diagnosis

_STYLES = {Severity.OK: "green", Severity.WARNING: "yellow", Severity.ERROR: "bold red"}


def doctor(context: typer.Context) -> None:
    """Examine the store: resources, logs, cuts, jobs, permissions.

    Each finding comes with its remedy. Nothing is changed. The exit code is 1 if
    anything is an error; warnings leave it 0.

      skewless doctor
    """
    invocation = Invocation.of(context)
    store = invocation.store()
    with invocation.screen.progress("examining"):
        found = store.doctor()
    invocation.screen.document(found.document())
    _print(invocation.screen, found)
    if found.errors:
        raise StoreError(f"store {found.store!r} has {counted(len(found.errors), 'error')}")


def _print(screen: Screen, found: Diagnosis) -> None:
    for finding in found.findings:
        screen.say(f"{finding.severity:<8} {finding.subject}", style=_STYLES[finding.severity])
        screen.indented(finding.what, by=9)
        if finding.remedy:
            screen.indented(f"→ {finding.remedy}", by=9)
    screen.say()
    screen.say(
        f"{counted(len(found.errors), 'error')}, {counted(len(found.warnings), 'warning')}",
        style="bold",
    )
