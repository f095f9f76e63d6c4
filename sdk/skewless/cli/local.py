"""`skewless local`: a local AWS with a store, for other processes."""

from __future__ import annotations

import shlex
import signal
import threading
from functools import partial
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from skewless.cli.invocation import LOCAL, Invocation
from skewless.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from localaws.server import LocalAws

_PORT, _LAST_PORT = 4600, 65535


def local(
    context: typer.Context,
    *,
    port: Annotated[
        int | None,
        typer.Option(
            metavar="PORT",
            help=f"Where to listen on 127.0.0.1; 0 picks a free one. [default: {_PORT}, or a free "
            "one if that is taken]",
            show_default=False,
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="The store's name, --store's or else local.", show_default=False
        ),
    ] = None,
    functions: Annotated[
        bool,
        typer.Option(
            "--functions", help="Let Lambda functions run: as you, with all that you may do."
        ),
    ] = False,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Keep what is stored in this folder: a start with it has all that is there.",
            show_default=False,
        ),
    ] = None,
    cors: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ORIGIN",
            help="Let web pages of this origin call, such as http://localhost:5173.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Serve an AWS on this machine, with a store in it, until Ctrl-C.

    It prints the variables that point other processes at it: this command, your
    programs, boto3. One of them is a key, new at each start: calls without
    it are refused.

      skewless local --data .skewless/local     in one terminal; in another, with
      skewless plan definitions.py              the variables that it printed

    Without --data, what is stored ends with it. With --data, it is saved in the
    first pause of a second after a change, and at Ctrl-C. A process that is killed
    loses what changed since the last save, and nothing else.
    """
    if port is not None and not 0 <= port <= _LAST_PORT:
        raise typer.BadParameter(f"port {port} is none; ports are 0 to {_LAST_PORT}")
    invocation = Invocation.of(context)
    screen = invocation.screen
    store = name or invocation.store_name or LOCAL
    with screen.progress("starting"):
        environment, stop = _started(
            port, store, functions=functions, origins=cors or (), data=data
        )
    is_over = _end_of_service()  # first: a reader of the variables may stop it
    screen.document({"store": store, "environment": environment})
    for variable, value in environment.items():
        screen.say(f"export {variable}={shlex.quote(value)}")
    screen.note(
        f"\nStore {store!r} at {environment['AWS_ENDPOINT_URL']}. Paste the lines above into "
        f"another terminal. Ctrl-C stops. {_end_of_data(data)}"
    )
    is_over.wait()
    stop()


def _end_of_data(data: Path | None) -> str:
    if data is None:
        return "What is stored ends with it; --data DIR would keep it."
    return f"What is stored is kept in {data}."


def _started(
    port: int | None, store: str, *, functions: bool, origins: Sequence[str], data: Path | None
) -> tuple[dict[str, str], Callable[[], None]]:
    # Both import moto, which takes a second: no other command should wait for it.
    from localaws.server import LocalAws  # noqa: PLC0415
    from skewless.local import provision  # noqa: PLC0415

    start = partial(LocalAws.start, functions=functions, origins=origins, data=data)
    try:
        aws = _at_the_usual_port(start) if port is None else start(port)
    except OSError as error:
        raise InputError(
            f"port {port} cannot be listened on ({error.strerror or error}); try another, or "
            "--port 0"
        ) from error
    provision(aws, store)
    return {**aws.environment, "SKEWLESS_STORE": store}, aws.stop


def _at_the_usual_port(start: Callable[[int], LocalAws]) -> LocalAws:
    """Start at the usual port, or at a free one if that is taken."""
    try:
        return start(_PORT)
    except OSError:
        return start(0)


def _end_of_service() -> threading.Event:
    """Return an event that Ctrl-C sets, or the system when it ends the process."""
    is_over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: is_over.set())
    return is_over
