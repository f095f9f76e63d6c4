"""The command `skewless`: what it is composed of, and nothing else."""

from __future__ import annotations

from typing import Annotated

import typer

from skewless import __version__
from skewless.cli.browse import find, list_published, show
from skewless.cli.bump import bump
from skewless.cli.catalog import catalog
from skewless.cli.cost import cost
from skewless.cli.demo import demo
from skewless.cli.dev import dev as trials
from skewless.cli.diff import diff
from skewless.cli.doctor import doctor
from skewless.cli.events import backfill, ingest
from skewless.cli.forget import forget
from skewless.cli.history import history
from skewless.cli.init import init
from skewless.cli.invocation import Invocation
from skewless.cli.lineage import dependents, lineage, why
from skewless.cli.local import local
from skewless.cli.lock import lock
from skewless.cli.log import log
from skewless.cli.marks import deprecate, restore, retire, yank
from skewless.cli.materialize import materialize
from skewless.cli.models import models, register, unlock
from skewless.cli.online import get
from skewless.cli.outdated import outdated
from skewless.cli.program import Command, Program
from skewless.cli.promote import promote
from skewless.cli.publish import apply, plan
from skewless.cli.repair import repair
from skewless.cli.screen import Screen
from skewless.cli.transfer import export, import_
from skewless.cli.verify import verify

app = typer.Typer(
    name="skewless",
    cls=Program,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

_PANELS = {
    "Start": (("init", init), ("local", local), ("demo", demo)),
    "Definitions": (
        ("plan", plan),
        ("apply", apply),
        ("dev", trials),
        ("diff", diff),
        ("bump", bump),
        ("promote", promote),
        ("export", export),
        ("import", import_),
        ("log", log),
        ("deprecate", deprecate),
        ("yank", yank),
        ("retire", retire),
        ("restore", restore),
        ("list", list_published),
        ("show", show),
        ("search", find),
        ("catalog", catalog),
        ("why", why),
        ("dependents", dependents),
        ("lineage", lineage),
        ("lock", lock),
        ("outdated", outdated),
        ("models", models),
        ("register", register),
        ("unlock", unlock),
        ("cost", cost),
    ),
    "Data": (("backfill", backfill), ("ingest", ingest), ("materialize", materialize)),
    "Features": (("history", history), ("get", get), ("verify", verify)),
    "Operations": (("doctor", doctor), ("repair", repair), ("forget", forget)),
}
for _panel, _commands in _PANELS.items():
    for _name, _command in _commands:
        app.command(
            _name,
            cls=Command,
            rich_help_panel=_panel,
            epilog="--store, --local, --dev and --json may stand here as well: skewless --help.",
        )(_command)


def main() -> None:
    """Run the command line."""
    app(prog_name="skewless")


def _print_version(value: object) -> None:
    if value:
        typer.echo(f"skewless {__version__}")
        raise typer.Exit


@app.callback()
def _global_options(
    context: typer.Context,
    *,
    store: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The store; else what SKEWLESS_STORE says, else `store` in the skewless.toml of "
            "this folder or one above. `local` is --local, unless AWS_ENDPOINT_URL is set.",
            show_default=False,
        ),
    ] = None,
    is_local: Annotated[
        bool,
        typer.Option("--local", help="Use a store inside this process, gone when it ends."),
    ] = False,
    dev: Annotated[
        str | None,
        typer.Option(
            "--dev",
            metavar="[NAME]",
            help="See the store through a namespace, where definitions are tried unpublished. "
            "Without NAME it is that of the git branch, else of the user.",
            show_default=False,
        ),
    ] = None,
    is_json: Annotated[
        bool,
        typer.Option("--json", help="Print one JSON document on stdout, for programs."),
    ] = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """A feature store for AWS in which training and serving get the same bits.

    Begin with:

      skewless init                   write an example to change
      skewless local                  a store on this machine, without AWS
      skewless plan definitions.py    what publishing it would do

    Exit codes: 0 done; 1 refused or failed, with one message on stderr; 2 wrong
    usage; plan --exit-code has its own. SKEWLESS_DEBUG=1 shows the traceback of a
    failure.
    """
    del version  # its callback has printed it
    context.obj = Invocation(
        store, is_local=is_local, screen=Screen(is_json=is_json), namespace=dev
    )
