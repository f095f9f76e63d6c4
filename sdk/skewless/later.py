"""Functions whose modules are imported when they are called.

A store is one class, and a process that serves by a lock calls a few of its methods. What the
others need would take a fifth of the time in which such a process starts.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


class Later:
    """A function of a module that is imported at its first call.

    For a type checker the same name is imported as usual, under `TYPE_CHECKING`.
    """

    def __init__(self, module: str, name: str) -> None:
        self._module = module
        self._name = name

    @property
    def function(self) -> Any:
        """The function."""
        return getattr(import_module(self._module), self._name)

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Call the function."""
        return self.function(*arguments, **named)
