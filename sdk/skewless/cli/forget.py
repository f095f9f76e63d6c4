"""`skewless forget`: one entity erased from all that the store keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from skewless.cli.invocation import Invocation
from skewless.cli.screen import counted
from skewless.cli.values import from_text
from skewless.errors import InputError, StoreError, did_you_mean

if TYPE_CHECKING:
    from skewless.cli.screen import Screen
    from skewless.definitions.entity import Entity
    from skewless.erasure.report import Erasure


def forget(
    context: typer.Context,
    *,
    entity: Annotated[
        str,
        typer.Option("--entity", metavar="NAME", help="A published entity.", show_default=False),
    ],
    key: Annotated[
        list[str],
        typer.Option(
            "--key",
            metavar="VALUE",
            help="The value of its key; NAME=VALUE, once for each, if it has several columns.",
            show_default=False,
        ),
    ],
    is_dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be removed; change nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Erase an entity from the log, training sets and the online store.

    Stop its events first. What was removed, and what others have to erase, is
    told in a report that is signed and kept in the store's bucket. Repeating it
    changes nothing, and finishes a run that died. The exit code is 1 if it has to
    be run again.

      skewless forget --entity customer --key c1 --dry-run
      skewless forget --entity route --key origin=JFK --key dest=LAX --yes
    """
    invocation = Invocation.of(context)
    screen = invocation.screen
    if screen.is_json and not (yes or is_dry_run):
        raise typer.BadParameter("with --json nobody can be asked: add --yes")
    store = invocation.store()
    asked = key_of(key, store.published.entity(entity))
    if not yes and not is_dry_run:
        with screen.progress("looking for it"):
            expected = store.forget(entity, asked, dry_run=True)
        print_report(screen, expected)
        if not typer.confirm("\nErase this for good?", default=False, err=True):
            raise InputError("not confirmed: nothing was erased. --yes erases without asking")
    with screen.progress("looking for it" if is_dry_run else "erasing"):
        report = store.forget(entity, asked, dry_run=is_dry_run)
    screen.document(report.document())
    print_report(screen, report)
    if not report.is_complete:
        raise StoreError(f"the {entity} is not erased everywhere yet: {'; '.join(report.again)}")


def key_of(texts: list[str], entity: Entity) -> dict[str, Any]:
    """Read a key from `--key`, by the types of the entity's columns.

    Raises:
        InputError: a part names no column of the key.
    """
    names = list(entity.keys)
    if len(names) == 1 and len(texts) == 1:
        text = texts[0].removeprefix(f"{names[0]}=")
        return {names[0]: from_text(text, entity.keys[names[0]])}
    found: dict[str, Any] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or name not in entity.keys:
            wanted = " ".join(f"--key {one}=VALUE" for one in names)
            raise InputError(f"--key {text!r}: write {wanted}.{did_you_mean(name, names)}")
        found[name] = from_text(value, entity.keys[name])
    return found


def print_report(screen: Screen, report: Erasure) -> None:
    """Print a report for people."""
    if report.removed:
        word = "To remove" if report.is_dry_run else "Removed"
        screen.table(
            (word, ">Count", ""),
            [(item.place, f"{item.count:,}", item.what) for item in report.removed],
        )
    else:
        screen.say("Nothing of it is there.")
    if report.not_reached:
        screen.say()
        screen.table(
            ("Not reached", "Why"), [(item.place, item.why) for item in report.not_reached]
        )
    for reason in report.again:
        screen.say(reason, style="yellow")
    if report.is_dry_run:
        return
    screen.say()
    screen.say(f"report {report.uri}", style="bold")
    if report.signature is None:
        screen.say("It is not signed: the store has no key for reports.", style="yellow")
    else:
        screen.say(f"signed by {report.signature.key}")
    if report.not_reached:
        screen.note(f"{counted(len(report.not_reached), 'place')} others have to see to.")
