"""Load definitions from a Python file or a module, without leaving a trace."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import re
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from skewless.errors import InputError, SkewlessError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

_NAME = "skewless_definitions"
_MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


class NoDefinitionsError(InputError):
    """Neither a file nor a module has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is neither a Python file nor a module {name!r}")


class LoadError(SkewlessError, ValueError):
    """Definitions could not be loaded; the message names file and line."""


def load_definitions(name: str) -> ModuleType:
    """Load a file, or a module that is installed or lies below the current folder.

    It may import its neighbours. Neither bytecode nor an entry in sys.path is left, and what it
    prints goes to stderr.

    Args:
        name: a path ending in .py, or a dotted name.

    Raises:
        NoDefinitionsError: there is no such file or module.
        LoadError: running it failed.
    """
    path = Path(name)
    if path.is_file() and path.suffix != ".py":
        raise InputError(f"{name!r} is not a Python file: its name does not end in .py")
    if path.is_file():
        folder = path.resolve().parent
    elif path.suffix == ".py" or "/" in name or not _MODULE.fullmatch(name):
        raise NoDefinitionsError(name)
    else:
        folder = Path.cwd()
    with _importing_from(folder), contextlib.redirect_stdout(sys.stderr):
        try:
            return _run(path.resolve()) if path.is_file() else _imported(name)
        except NoDefinitionsError:
            raise
        except (Exception, SystemExit) as error:
            raise LoadError(_told(error, folder, name)) from error


def _run(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(_NAME, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path.name} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[_NAME] = module  # dataclasses look up their module there
    spec.loader.exec_module(module)
    return module


def _imported(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{name}.".startswith(f"{error.name}."):
            raise NoDefinitionsError(name) from error
        raise


@contextlib.contextmanager
def _importing_from(folder: Path) -> Iterator[None]:
    """Let modules in the folder be imported, and forget them afterwards."""
    before, path, writes_none = set(sys.modules), list(sys.path), sys.dont_write_bytecode
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode = True
    try:
        yield
    finally:
        sys.path[:] = path
        sys.dont_write_bytecode = writes_none
        for name in set(sys.modules) - before:
            if name == _NAME or _is_in(folder, name):
                del sys.modules[name]


def _is_in(folder: Path, name: str) -> bool:
    """Say whether a module's package lies in the folder itself, not in an environment below it."""
    top = sys.modules.get(name.partition(".")[0])
    spec = getattr(top, "__spec__", None)
    places = [*(getattr(spec, "submodule_search_locations", None) or [])]
    origin = getattr(spec, "origin", None)
    if not places and origin is not None:
        places = [origin]
    return any(Path(place).parent == folder for place in places)


def _told(error: BaseException, folder: Path, name: str) -> str:
    """Say what went wrong, and on which line of the user's own files."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{_shown(error.filename)}:{error.lineno}: SyntaxError: {error.msg}"
    own = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(folder) and "site-packages" not in frame.filename
    ]
    where = f"{_shown(own[-1].filename)}:{own[-1].lineno}" if own else name
    if isinstance(error, SkewlessError):
        return f"{where}: {error}"
    return f"{where}: {type(error).__name__}: {error}"


def _shown(filename: str) -> str:
    with contextlib.suppress(ValueError):
        return str(Path(filename).relative_to(Path.cwd()))
    return filename
