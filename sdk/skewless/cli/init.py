"""`skewless init`: the files of a new project, and the commands that use them."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skewless.cli import template
from skewless.cli.invocation import LOCAL, SETTINGS, Invocation
from skewless.errors import InputError

if TYPE_CHECKING:
    from skewless.cli.screen import Screen

_SERVE = "skewless local --data .skewless/local"
_USE = (
    "skewless apply definitions.py --yes",
    "skewless backfill orders orders.parquet",
    "skewless materialize --all",
    "skewless get -f fraud_model --row customer_id=c1 basket_amount=20",
    "skewless history labels.csv -f fraud_model -o training.parquet",
    "skewless verify -f fraud_model",
)


def init(
    context: typer.Context,
    *,
    folder: Annotated[
        Path, typer.Argument(help="Where to write; it is made if it is not there.")
    ] = Path(),
) -> None:
    """Write a small example to change: definitions, events and labels.

    It prints the commands that try it out on this machine, without AWS. Nothing
    is overwritten. The store's name in skewless.toml is that of --store, or else
    `local`.

      skewless init fraud
    """
    from skewless.store_names import store_name_problems  # noqa: PLC0415 - it brings boto3

    invocation = Invocation.of(context)
    store = invocation.given_name or LOCAL
    if problem := next(store_name_problems(store), None):
        raise typer.BadParameter(problem)
    written = _write(folder, store)
    screen = invocation.screen
    change = [] if folder == Path() else [f"cd {shlex.quote(str(folder))}"]
    screen.document(
        {
            "written": [str(path) for path in written],
            "store": store,
            "serve": [*change, _SERVE],
            "use": [*change, *_USE],
        }
    )
    for path in written:
        screen.say(f"wrote {path}")
    screen.say(f"\nNext, in one terminal, a store {store!r} on this machine:\n")
    _say_commands(screen, [*change, _SERVE])
    screen.say("\nIn another terminal paste the lines that it printed, then:\n")
    _say_commands(screen, [*change, *_USE])
    if store != LOCAL:
        screen.say(f"\nIf the store {store!r} is deployed on AWS, these last ones are all.")


def _write(folder: Path, store: str) -> list[Path]:
    """Write all files, or none if one of them is there."""
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    files = {
        folder / "definitions.py": template.DEFINITIONS.encode(),
        folder / "orders.parquet": template.orders(now),
        folder / "labels.csv": template.labels(now).encode(),
        folder / SETTINGS: template.SETTINGS.format(store=store).encode(),
    }
    there = [str(path) for path in files if path.exists()]
    if there:
        verb = "is" if len(there) == 1 else "are"
        raise InputError(f"{' and '.join(there)} {verb} there already; nothing was written")
    folder.mkdir(parents=True, exist_ok=True)
    for path, content in files.items():
        path.write_bytes(content)
    return list(files)


def _say_commands(screen: Screen, commands: list[str]) -> None:
    for command in commands:
        screen.say(f"  {command}")
