"""`skewless export` and `import`: a registry as files, and a lost one restored."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from skewless.cli.invocation import Invocation
from skewless.cli.planned import print_plan
from skewless.cli.publish import Refill, is_confirmed, refusal_of
from skewless.cli.screen import counted
from skewless.definitions.names import versioned
from skewless.errors import PublishError
from skewless.registry.refills import check_refills

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skewless import FeatureStore

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def export(
    context: typer.Context,
    *,
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER", help="New, empty, or an earlier export.", show_default=False
        ),
    ],
) -> None:
    """Write what is published as plain files, one definition a file.

    Made to be kept in git and reviewed: the same registry gives the same bytes.
    Marks and the log of applies are there, too. Only files of an export are
    overwritten.

      skewless export registry
    """
    invocation = Invocation.of(context)
    store = invocation.store()
    changed = store.export_registry(folder)
    count = len([*store.published.definitions])
    invocation.screen.document(
        {"folder": str(folder), "definitions": count, "changed_files": changed}
    )
    invocation.screen.say(
        f"{counted(count, 'definition')} of store {store.name!r} in {folder}, "
        f"{counted(len(changed), 'file')} changed"
    )


def import_(
    context: typer.Context,
    *,
    source: Annotated[
        Path | None,
        typer.Argument(
            metavar="FROM",
            help="A folder that export wrote, or a snapshot's file.",
            show_default=False,
        ),
    ] = None,
    is_from_snapshot: Annotated[
        bool,
        typer.Option("--from-snapshot", help="Restore the snapshot in this store's bucket."),
    ] = False,
    yes: Yes = False,
    refill: Refill = None,
    message: Annotated[
        str, typer.Option("--message", "-m", metavar="TEXT", help="Why, for the log.")
    ] = "",
) -> None:
    """Publish what an exported folder holds, or restore a registry that was lost.

    Every file is checked before anything is written, and the rules are those of
    apply: what a version means never changes. A snapshot is written back item by
    item, into an empty registry only.

      skewless import registry
      skewless import --from-snapshot
    """
    invocation = Invocation.of(context)
    if (source is None) != is_from_snapshot:
        raise typer.BadParameter("give a folder, a snapshot's file, or --from-snapshot")
    if invocation.screen.is_json and not yes:
        raise typer.BadParameter("with --json nobody can be asked: add --yes")
    store = invocation.store()
    if source is None or source.is_file():
        _restore(invocation, store, source, yes=yes)
    else:
        _import(invocation, store, source, message, refill or (), yes=yes)
    invocation.remind_of_passing()


def _import(
    invocation: Invocation,
    store: FeatureStore,
    folder: Path,
    message: str,
    refill: Sequence[str],
    *,
    yes: bool,
) -> None:
    screen = invocation.screen
    found = store.plan_import(folder)
    print_plan(screen, found.plan)
    for identity, mark in found.marks.items():
        screen.say(f"{identity} {mark}")
    for identity, mark in found.left.items():
        name = versioned(identity.name, identity.version)
        screen.note(f"there {identity} {mark}. Here it is served on: skewless retire {name}")
    if found.plan.is_refused:
        screen.document({**found.to_dict(), "is_imported": False})
        raise PublishError(refusal_of(found.plan))
    check_refills(found.plan.changes, refill)
    if found.has_changes and not yes and not is_confirmed("Import?"):
        raise PublishError("not confirmed: nothing was imported. --yes imports without asking")
    with screen.progress(f"importing into {store.name}"):
        done = store.import_registry(folder, message=message, planned=found, refill=refill)
    screen.document({**done.to_dict(), "is_imported": True})
    if done.has_changes:
        screen.say(f"Imported into store {store.name!r}.", style="bold")


def _restore(
    invocation: Invocation, store: FeatureStore, snapshot: Path | None, *, yes: bool
) -> None:
    if not yes and not is_confirmed(f"Restore the registry of {store.name}?"):
        raise PublishError("not confirmed: nothing was restored. --yes restores without asking")
    count = store.restore_registry(snapshot)
    invocation.screen.document({"is_restored": True, "items": count})
    invocation.screen.say(f"{counted(count, 'item')} of the registry of {store.name!r} restored.")
