"""`skewless bump`: the versions that changes need, written into the user's file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skewless.cli.definitions_file import load_definitions
from skewless.cli.invocation import Invocation
from skewless.cli.publish import File, collected
from skewless.cli.written_version import with_version
from skewless.errors import PublishError
from skewless.registry.renumbered import needed_versions

if TYPE_CHECKING:
    from skewless.definitions.version import Version
    from skewless.registry.changes import Change

# A view's major moves the services that read it, and these no further definition.
_MOST_ROUNDS = 10


def bump(
    context: typer.Context,
    *,
    file: File,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 if a version is too low.")
    ] = False,
) -> None:
    """Write the versions that changes need into a file.

    It compares the file with what is published: words need no other version, a
    feature that is added needs a minor one, everything else that changes a value
    a major one. Services that read a changed view are moved as well. Nothing is
    published.

      skewless bump definitions.py
    """
    invocation = Invocation.of(context)
    screen, store = invocation.screen, invocation.store()
    path = Path(load_definitions(file).__file__ or file)
    original = path.read_bytes().decode()
    moved: dict[tuple[str, str], tuple[str, str, tuple[str, ...]]] = {}
    try:
        for _ in range(_MOST_ROUNDS):
            plan = store.plan(collected(file))
            needed = needed_versions(plan)
            if not needed:
                break
            for change in plan.refusals:
                _write(path, change, needed[change.identity])
                key = change.kind, change.name
                first = moved.get(key, (str(change.version), "", change.details[:-1]))
                moved[key] = (first[0], str(needed[change.identity]), first[2])
    except BaseException:
        path.write_bytes(original.encode())
        raise
    if check:
        path.write_bytes(original.encode())
    screen.document(
        {
            "is_changed": bool(moved) and not check,
            "versions": [
                {"kind": kind, "name": name, "before": old, "after": new, "reasons": list(reasons)}
                for (kind, name), (old, new, reasons) in moved.items()
            ],
        }
    )
    for (_, name), (old, new, reasons) in moved.items():
        screen.say(f"{name}: {old} becomes {new}", style="bold")
        for reason in reasons:
            screen.indented(reason)
    if not moved:
        screen.say(f"Every version in {file} is as it has to be.")
    elif check:
        raise PublishError(f"{file} has versions that are too low: run skewless bump {file}")


def _write(path: Path, change: Change, needed: Version) -> None:
    source = path.read_bytes().decode()
    found = with_version(source, change.name, change.version, needed)
    if found is None:
        raise PublishError(
            f"{change.identity} needs version={needed.written!r}, and {path.name} does not "
            "have exactly one call that makes it with its name and version as literals: write it "
            "there yourself"
        )
    path.write_bytes(found.encode())
