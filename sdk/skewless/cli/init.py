"""`skewless init`: the files of a new project."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skewless.cli import template
from skewless.cli.invocation import LOCAL, SETTINGS, Invocation
from skewless.errors import InputError

_NAME = r'"\{}'


def init(
    context: typer.Context,
    *,
    folder: Annotated[
        Path, typer.Argument(help="Where to write; it is made if it is not there.")
    ] = Path(),
) -> None:
    """Write a small example to change: definitions.py and skewless.toml.

    Nothing is overwritten. The store's name in skewless.toml is that of --store,
    or else `local`.

      skewless init fraud
    """
    invocation = Invocation.of(context)
    store = invocation.given_name or LOCAL
    if any(character in store for character in _NAME):
        raise typer.BadParameter(f"{store!r} is no name for a store")
    files = {
        folder / "definitions.py": template.DEFINITIONS,
        folder / SETTINGS: template.SETTINGS.format(store=store),
    }
    there = [str(path) for path in files if path.exists()]
    if there:
        verb = "is" if len(there) == 1 else "are"
        raise InputError(f"{' and '.join(there)} {verb} there already; nothing was written")
    folder.mkdir(parents=True, exist_ok=True)
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")
    screen = invocation.screen
    screen.document({"written": [str(path) for path in files], "store": store})
    for path in files:
        screen.say(f"wrote {path}")
    definitions = folder / "definitions.py"
    screen.say()
    screen.say(f"Next:  skewless plan {definitions}")
    if store == LOCAL:
        screen.say("       skewless local      a store on this machine that outlives a command")
