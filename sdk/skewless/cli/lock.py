"""`skewless lock`: the pinned serving plan that ships with inference code."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from skewless.cli.commit import commit_of
from skewless.cli.invocation import Invocation
from skewless.cli.models import AcceptSkew, Model, Training  # noqa: TC001 - typer reads these
from skewless.errors import InputError
from skewless.registry.pinned import pinned_as
from skewless.registry.selection import resolve

if TYPE_CHECKING:
    from skewless.registry.lock_review import LockCheck

_DEFAULT = Path("skewless.lock")


def lock(  # noqa: PLR0913 - the options of a command
    context: typer.Context,
    *,
    service: Annotated[
        str | None,
        typer.Argument(
            metavar="SERVICE",
            help="A service, or a view; with @version if not the latest is meant.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")] = _DEFAULT,
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite the lock of another service.")
    ] = False,
    model: Model = None,
    training: Training = None,
    accept_skew: AcceptSkew = False,
    check: Annotated[
        Path | None,
        typer.Option(
            "--check",
            metavar="FILE",
            help="Write nothing; exit with 1 if this lock is not what would be written now.",
            show_default=False,
        ),
    ] = None,
    upgrade: Annotated[
        Path | None,
        typer.Option(
            "--upgrade",
            metavar="FILE",
            help="Write this lock anew, with the newest minor version of what it pins.",
            show_default=False,
        ),
    ] = None,
    major: Annotated[
        bool, typer.Option("--major", help="With --upgrade: the newest major version.")
    ] = False,
) -> None:
    """Pin a service's serving plan, to ship with inference code.

    Code that opens the lock serves what was published when it was written, and
    reads no registry: FeatureStore.from_lock("skewless.lock"). A file that is the
    lock of another service, or no lock, is not overwritten without --force.

    The registry remembers the model, what it is locked to, and the training sets
    that are named; a set of other features than those locked is refused.

    --check is for CI: does the lock still fit the registry, and is nothing that it
    pins yanked? With SERVICE, also: is it the newest version?

      skewless lock fraud_model -o lambda/skewless.lock --model fraud
      skewless lock --check lambda/skewless.lock
      skewless lock --upgrade lambda/skewless.lock
    """
    invocation = Invocation.of(context)
    if check is not None and upgrade is not None:
        raise typer.BadParameter("--check and --upgrade are given; one of them is done at a time.")
    if major and upgrade is None:
        raise typer.BadParameter("--major goes with --upgrade.")
    if upgrade is not None:
        if service is not None:
            raise typer.BadParameter(
                "--upgrade takes the service that the lock pins; leave SERVICE out."
            )
        _upgrade(invocation, upgrade, _Said(model, training or [], accept_skew), major=major)
    elif check is not None:
        _print_check(invocation, invocation.store().check_lock(check, service))
    elif service is None:
        raise typer.BadParameter("Missing argument 'SERVICE'.")
    else:
        said = _Said(model, training or [], accept_skew)
        _write(invocation, service, output, said, force=force)


class _Said(NamedTuple):
    """What is said of the model."""

    model: str | None
    training: list[str]
    accept_skew: bool


def _write(invocation: Invocation, service: str, output: Path, said: _Said, *, force: bool) -> None:
    store = invocation.store()
    pinned = pinned_as(resolve(store.published, service))
    made = store.lock(service, output, force=force, commit=commit_of(str(output)), **said._asdict())
    screen = invocation.screen
    told = {"service": service, "store": store.name, "output": str(output)}
    screen.document({**told, "model": made.model, "digest": made.digest})
    screen.say(f"wrote {output}: {pinned} of store {store.name!r}, for {made}")
    if not store.current(service)[1]:
        screen.note(
            "views of this version were never cut: until skewless materialize has cut them, its "
            "features are null, and stale"
        )


def _print_check(invocation: Invocation, found: LockCheck) -> None:
    screen = invocation.screen
    screen.document(found.to_dict())
    for difference in found.differences:
        screen.say(difference.what, style="bold")
        for detail in difference.details:
            screen.indented(detail)
    for difference in found.words:
        screen.note(f"words alone: {difference.what}: {'; '.join(difference.details)}")
    for warning in found.warnings:
        screen.note(f"warning: {warning}")
    for refusal in found.refused:
        screen.say(refusal, style="bold")
    if not found.is_current:
        raise InputError(
            f"{found.lock} is not what skewless lock would write now for {found.pinned}; write it "
            "anew with skewless lock, or take newer versions with skewless lock --upgrade"
        )
    screen.say(f"{found.lock} is as it has to be: {found.pinned}")


def _upgrade(invocation: Invocation, path: Path, said: _Said, *, major: bool) -> None:
    screen = invocation.screen
    found = invocation.store().upgrade_lock(
        path, major=major, commit=commit_of(str(path)), **said._asdict()
    )
    screen.document(found.to_dict())
    if not found.is_changed:
        newest = "the newest version" if major else "the newest version of its major"
        screen.say(f"{path} pins {newest}: {found.before}")
        if not major:
            screen.note("--major looks for a newer major as well; skewless outdated names it")
        return
    for change in found.changes:
        screen.say(change.what, style="bold")
        for detail in change.details:
            screen.indented(detail)
    screen.say(f"wrote {path}: {found.before} became {found.after}")
    if found.uncut:
        screen.note(
            "never cut, so that their features are null, and stale: skewless materialize "
            f"{' '.join(found.uncut)}"
        )
