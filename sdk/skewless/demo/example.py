"""The example's own modules: what a user would copy, loaded from the checkout, unchanged."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import skewless
from skewless.errors import InputError

FOLDER = Path(skewless.__file__).parents[2] / "examples" / "flights"
_NAMES = ("data", "definitions", "train", "inference")


@dataclass(frozen=True, slots=True)
class Example:
    """The modules of examples/flights."""

    data: Any
    definitions: Any
    train: Any
    inference: Any

    @classmethod
    def load(cls, folder: Path = FOLDER) -> Example:
        """Run the modules' code, anew at each call: the handler's caches are the caller's own.

        Raises:
            InputError: the example is not there.
        """
        missing = [name for name in _NAMES if not (folder / f"{name}.py").is_file()]
        if missing:
            raise InputError(
                f"the flights example is not at {folder}: it is part of the repository, not of the "
                "installed package. Clone the repository, and run `make demo` in it."
            )
        return cls(**{name: _module(folder / f"{name}.py") for name in _NAMES})


def _module(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(f"flights_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise InputError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
