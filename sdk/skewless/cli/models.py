"""`skewless models`, `register` and `unlock`: what is deployed, and on which features it stands."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from skewless.cli.commit import commit_of
from skewless.cli.invocation import Invocation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skewless.registry.identity import Identity
    from skewless.registry.marks import Mark
    from skewless.registry.model_lock import ModelLock

Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="NAME",
        help="The model that ships with the lock; else named as the service.",
        show_default=False,
    ),
]
Training = Annotated[
    list[str] | None,
    typer.Option(
        "--training",
        metavar="PLACE",
        help="A training set of the model: where it, or its manifest, was written.",
        show_default=False,
    ),
]
AcceptSkew = Annotated[
    bool,
    typer.Option(
        "--accept-skew", help="Lock also if the model was trained on other features than these."
    ),
]


def models(
    context: typer.Context,
    *,
    name: Annotated[
        str | None,
        typer.Argument(metavar="MODEL", help="Only this model.", show_default=False),
    ] = None,
    is_all: Annotated[
        bool, typer.Option("--all", help="Also locks that are deployed no more.")
    ] = False,
) -> None:
    """List the models that are deployed, and what each stands on.

    A model is registered with each lock: skewless lock --model.

      skewless models churn
    """
    invocation = Invocation.of(context)
    store, screen = invocation.store(), invocation.screen
    marks = store.published.marks
    found = [lock for lock in store.models(ended=is_all) if name in (None, lock.model)]
    screen.document(
        {"models": [lock.to_dict() | {"warnings": lock.remarks(marks)} for lock in found]}
    )
    if not found:
        screen.say("no model is registered" + (f" as {name!r}" if name else ""))
    for model in dict.fromkeys(lock.model for lock in found):
        screen.say(model, style="bold")
        for lock in found:
            if lock.model == model:
                _print(invocation, lock, marks)


def register(
    context: typer.Context,
    *,
    path: Annotated[Path, typer.Argument(metavar="LOCK", help="A lock file.", show_default=False)],
    model: Model = None,
    training: Training = None,
    accept_skew: AcceptSkew = False,
) -> None:
    """Register a lock that is there, such as one of an older release.

    skewless register lambda/skewless.lock --model churn
    """
    invocation = Invocation.of(context)
    lock = invocation.store().register(
        path,
        model=model,
        training=training or (),
        accept_skew=accept_skew,
        commit=commit_of(str(path)),
    )
    invocation.screen.document(lock.to_dict())
    invocation.screen.say(f"{lock} is registered")


def unlock(
    context: typer.Context,
    *,
    name: Annotated[str, typer.Argument(metavar="MODEL", help="The model.", show_default=False)],
    digest: Annotated[
        str | None,
        typer.Option(
            "--lock",
            metavar="DIGEST",
            help="The first digits of the lock's digest, if the model has several.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Say that a model's lock is deployed no more: retire need not wait for it.

    skewless unlock churn --lock 3f9a01c2
    """
    invocation = Invocation.of(context)
    lock = invocation.store().unlock(name, digest=digest)
    invocation.screen.document(lock.to_dict())
    invocation.screen.say(f"{lock} is deployed no more")


def _print(invocation: Invocation, lock: ModelLock, marks: Mapping[Identity, Mark]) -> None:
    screen = invocation.screen
    commit = f"  commit {lock.commit[:12]}" if lock.commit else ""
    screen.indented(f"{lock.short}  {lock.at:%Y-%m-%d %H:%M:%SZ}  {lock.by}{commit}")
    views = ", ".join(dict.fromkeys(text.partition(":")[0] for text in lock.features))
    screen.indented(f"{lock.service} of {views}" if lock.service else views, by=8)
    for one in lock.training:
        screen.indented(f"trained on {one.name}: {one.rows:,} rows", by=8)
    if lock.ended_at is not None:
        screen.indented(f"deployed no more: {lock.ended_at:%Y-%m-%d} {lock.ended_by}", by=8)
    for text in lock.remarks(marks):
        screen.indented(f"warning: {text}", by=8)
