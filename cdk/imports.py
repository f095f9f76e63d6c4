"""The imports of a program, read from its source: exactly the files that its package must hold.

No module is imported for this. Imports for type checkers do not count. Imports inside functions
count in the program's own folder. In a library they are optional parts, which a program that needs
them must name.
"""

from __future__ import annotations

import ast
import functools
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


@dataclass(slots=True)
class Closure:
    """The files that a program reaches by imports.

    Attributes:
        roots: where modules are looked for, in this order.
        libraries: top-level packages of which imports inside functions do not count.
        files: module files found so far, by where they lie below their root.
        outside: top-level names imported from elsewhere, the standard library left out.
        optional: those that are imported inside functions only.
    """

    roots: Sequence[Path]
    libraries: frozenset[str] = frozenset()
    files: dict[str, Path] = field(default_factory=dict)
    outside: set[str] = field(default_factory=set)
    optional: set[str] = field(default_factory=set)
    _found: dict[str, tuple[str, Path] | None] = field(default_factory=dict)

    def add(self, module: str) -> bool:
        """Add a module with all that it imports; say whether it lies below a root."""
        found = self._find(module)
        if found is None:
            return False
        parent, _, _ = module.rpartition(".")
        if parent:
            self.add(parent)
        place, path = found
        if place in self.files:
            return True
        self.files[place] = path
        self.add_file(path, module, is_package=path.name == "__init__.py")
        return True

    def add_file(self, path: Path, module: str, *, is_package: bool = False) -> None:
        """Add what a file imports, as the module that it is."""
        package = module if is_package else module.rpartition(".")[0]
        is_library = module.partition(".")[0] in self.libraries
        for statement, is_deferred in _imports(path.read_bytes(), str(path)):
            if is_deferred and is_library:
                continue
            for name in self._names(statement, package):
                self._reach(name, is_deferred=is_deferred)

    def _names(self, statement: ast.Import | ast.ImportFrom, package: str) -> Iterator[str]:
        """Name what is imported; `from a import b` may mean the module a.b, or a's b."""
        if isinstance(statement, ast.Import):
            yield from (alias.name for alias in statement.names)
            return
        base = statement.module or ""
        if statement.level:
            above = package.split(".")[: len(package.split(".")) - statement.level + 1]
            base = ".".join([*above, base] if base else above)
        for alias in statement.names:
            inner = f"{base}.{alias.name}"
            yield inner if self._find(inner) is not None else base

    def _reach(self, name: str, *, is_deferred: bool) -> None:
        if self.add(name):
            return
        top = name.partition(".")[0]
        if top not in sys.stdlib_module_names:
            (self.optional if is_deferred else self.outside).add(top)

    def _find(self, module: str) -> tuple[str, Path] | None:
        if module not in self._found:
            self._found[module] = self._look(module)
        return self._found[module]

    def _look(self, module: str) -> tuple[str, Path] | None:
        place = module.replace(".", "/")
        for root in self.roots:
            for candidate in (f"{place}/__init__.py", f"{place}.py"):
                if (root / candidate).is_file():
                    return candidate, root / candidate
        return None


@functools.cache  # most files are part of several packages
def _imports(source: bytes, path: str) -> list[tuple[ast.Import | ast.ImportFrom, bool]]:
    """Return import statements, and whether they run only when a function is called."""
    found: list[tuple[ast.Import | ast.ImportFrom, bool]] = []
    waiting: list[tuple[ast.AST, bool]] = [(ast.parse(source, path), False)]
    while waiting:
        node, is_deferred = waiting.pop()
        match node:
            case ast.Import() | ast.ImportFrom():
                found.append((node, is_deferred))
                continue
            case ast.If(test=ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING")):
                waiting.extend((child, is_deferred) for child in node.orelse)
                continue
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                is_deferred = True
        waiting.extend((child, is_deferred) for child in ast.iter_child_nodes(node))
    return found
