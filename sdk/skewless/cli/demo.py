"""`skewless demo`: the whole loop on real flights."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Annotated

import typer

from skewless.cli.failure import MissingExtraError
from skewless.cli.invocation import Invocation


def demo(
    context: typer.Context,
    *,
    catalog: Annotated[
        Path, typer.Option(metavar="DIR", help="The folder for the catalog's site.")
    ] = Path("skewless-catalog"),
) -> None:
    r"""Run the whole loop on real flights, without AWS.

    Definitions, history, a model trained on it, serving, and the proof that both
    sides agree. Everything happens in this process. A catalog of the features stays
    in a folder, to look at in a browser.

      pip install 'skewless\[demo]'
      skewless demo
    """
    screen = Invocation.of(context).screen
    try:
        module = importlib.import_module("skewless.demo")
        code = module.main(as_json=screen.is_json, catalog=catalog)
    except ModuleNotFoundError as error:
        raise MissingExtraError("demo", error.name or "a module") from error
    raise typer.Exit(code)
