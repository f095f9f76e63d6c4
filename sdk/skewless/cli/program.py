"""The program as a whole: options may stand anywhere, and a failure is one message."""

from __future__ import annotations

import os
import re
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException

from skewless.cli.failure import PartlyFailedError, explain
from skewless.errors import UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from skewless.cli.invocation import Invocation

_FLAGS = ("--json", "--local")
_VALUED = "--store"
_NAMED = "--dev"  # its name may be left out
_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
_TELLS = "skewless.exit-code"


class Program(TyperGroup):
    """All commands; the global options may stand before or behind a command's name."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments."""
        ctx.meta[_TELLS] = "--exit-code" in args
        with usage_told_apart(ctx):
            return super().parse_args(ctx, hoisted(args, self.commands))

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        with usage_told_apart(ctx):
            return super().invoke(ctx)

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters, as the help shows them."""
        return without_types(super().get_params(ctx))

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the commands in the order they were composed."""
        del ctx
        return list(self.commands)


class Command(TyperCommand):
    """One command; what it raises ends the program with a message and exit code 1."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments; `--row` takes all pairs up to the next option."""
        if any("--row" in parameter.opts for parameter in self.params):
            args = rows_joined(args)
        return super().parse_args(ctx, args)

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters, as the help shows them."""
        return without_types(super().get_params(ctx))

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort, typer.BadParameter, BrokenPipeError):
            raise
        except Exception as error:
            if os.environ.get("SKEWLESS_DEBUG") == "1":
                raise
            invocation: Invocation = ctx.obj
            message = explain(error)
            if isinstance(error, (UnknownNameError, PartlyFailedError)):
                message = " ".join(filter(None, (message, invocation.why_empty())))
            invocation.screen.fail(type(error).__name__, message)
            raise typer.Exit(1) from error


@contextmanager
def usage_told_apart(ctx: Any) -> Iterator[None]:
    """With `--exit-code`, let wrong usage end with 1: there 2 says that there are changes."""
    try:
        yield
    except TyperException as error:
        if ctx.meta[_TELLS]:
            vars(error)["exit_code"] = 1
        raise


def without_types(parameters: list[Any]) -> list[Any]:
    """Leave out `<bool>` beside a flag and `<str>` beside an argument: they add nothing."""
    for parameter in parameters:
        if parameter.param_type_name == "argument" or getattr(parameter, "is_flag", False):
            parameter.display_type_rich = _no_type
    return parameters


def _no_type(ctx: Any) -> None:
    del ctx


def hoisted(args: list[str], commands: Collection[str] = ()) -> list[str]:
    """Move the global options to the front, up to a lone `--`.

    What follows `--dev` is its name if it looks like one and is no command; a file's name has a
    dot.
    """
    end = args.index("--") if "--" in args else len(args)
    front: list[str] = []
    rest: list[str] = []
    mine = deque(args[:end])
    while mine:
        arg = mine.popleft()
        if arg in _FLAGS or arg.startswith((f"{_VALUED}=", f"{_NAMED}=")):
            front.append(arg)
        elif arg == _VALUED:
            front += [arg, *([mine.popleft()] if mine else [])]
        elif arg == _NAMED:
            is_named = mine and _NAME.fullmatch(mine[0]) and mine[0] not in commands
            front.append(f"{_NAMED}={mine.popleft() if is_named else ''}")
        else:
            rest.append(arg)
    return [*front, *rest, *args[end:]]


def rows_joined(args: list[str]) -> list[str]:
    """Join the pairs behind each `--row`, one to a line, into the one value that click expects."""
    joined: list[str] = []
    is_open = False
    for arg in args:
        if not is_open or arg.startswith("-"):
            joined.append(arg)
            is_open = arg == "--row"
        elif joined[-1] == "--row":
            joined.append(arg)
        else:
            joined[-1] += f"\n{arg}"
    return joined
