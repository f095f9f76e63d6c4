"""The command line. `app` composes it from one file for each group of commands."""

from __future__ import annotations

from importlib.util import find_spec

if find_spec("typer") is None or find_spec("rich") is None:
    raise SystemExit("skewless: the command line needs an extra: pip install 'skewless[cli]'")
