"""The source of a live function, with all that it names: one module's text that stands alone.

Python gives the text of a function. What its names stand for is looked up in the module around it:
modules, members of modules, and other plain functions, whose source is added before it.
"""

from __future__ import annotations

import ast
import builtins
import copy
import dis
import inspect
import symtable
import sys
import types as python
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skewless.definitions import allowed
from skewless.errors import shown

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(slots=True)
class Gathered:
    """What was found.

    Attributes:
        problems: what could not be taken, each with its line.
        refused: the names that could not be taken.
        files: by the `id` of a function's tree, the name of the file that it stands in.
    """

    imports: dict[str, ast.stmt] = field(default_factory=dict)
    functions: dict[str, ast.FunctionDef] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    files: dict[int, str] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    _stand_for: dict[str, Any] = field(default_factory=dict)

    @property
    def module(self) -> ast.Module:
        """The tree: imports by name, then functions, each after those that it calls."""
        imports = [self.imports[name] for name in sorted(self.imports)]
        return ast.Module([*imports, *self.functions.values()], [])

    def place(self, node: ast.AST) -> str:
        """Say where a node stands."""
        line = getattr(node, "lineno", 0)
        for top in (*self.functions.values(), *self.imports.values()):
            if top is node or any(part is node for part in ast.walk(top)):
                return f"{self.files.get(id(top), 'line')} {line}".replace("line line", "line")
        return f"line {line}"

    def add(self, function: python.FunctionType, name: str) -> None:
        """Add a function under the name by which it is called, after all that it names."""
        self._stand_for[name] = function
        found = _tree(function)
        if isinstance(found, str):
            self.problems.append(f"the source of {name}: {found}")
            self.refused.add(name)
            return
        where = f"{Path(function.__code__.co_filename).name}, line"
        found.name = name
        own = _plain(found)
        for node in (
            part for part in ast.walk(own) if isinstance(part, ast.Import | ast.ImportFrom)
        ):
            self._hoist(node, where)
        own = _Clean().visit(own)
        self.files[id(own)] = where
        known = {**function.__globals__, **_enclosed(function)}
        for used in _globals(own):
            if used in known:
                self._resolve(used, known[used], where, _line_of(own, used), name)
        ast.fix_missing_locations(own)
        self.functions[name] = own

    def _hoist(self, node: ast.Import | ast.ImportFrom, where: str) -> None:
        for each in node.names:
            one = copy.copy(node)
            one.names = [each]
            name = each.asname or each.name
            self._imported(name, one, f"{where} {node.lineno}")
            self.files[id(self.imports[name])] = where

    def _imported(self, name: str, node: ast.stmt, at: str) -> None:
        before = self.imports.setdefault(name, node)
        if ast.unparse(before) != ast.unparse(node) or name in self.functions:
            self.problems.append(f"{at}: {name} stands for two things; rename one")

    def _resolve(self, name: str, value: Any, where: str, line: int, caller: str) -> None:
        """Add what a name of the module around a function stands for."""
        if value is getattr(builtins, name, self):
            return
        at = f"{where} {line}"
        node = _import_of(name, value)
        if node is not None:
            node.lineno = line
            self._imported(name, node, at)
            self.files.setdefault(id(self.imports[name]), where)
        elif why := _why_not(name, value):
            self.problems.append(f"{at}: {name} {why}")
            self.refused.add(name)
        elif value is self._stand_for.get(name):
            if name not in self.functions:
                self.problems.append(f"{at}: {caller} calls itself; write a for loop")
                self.refused.add(name)
        elif name in self._stand_for or name in self.imports:
            self.problems.append(f"{at}: {name} stands for two things; rename one")
        else:
            self.add(value, name)


def _tree(function: python.FunctionType) -> ast.FunctionDef | str:
    """Return a function's tree with the lines of its file, or why there is none."""
    if function.__name__ == "<lambda>":
        return "a lambda has none of its own; write def"
    try:
        lines, first = inspect.getsourcelines(function)
    except (OSError, TypeError):
        return (
            "Python cannot say it; write the function in a file or in a cell of a notebook, not "
            "in text that is executed"
        )
    text = "".join(lines)
    is_inside = text[:1].isspace()
    try:
        body: Any = ast.parse(f"if True:\n{text}" if is_inside else text).body
    except SyntaxError as error:
        return f"it cannot be read: {error}"
    found = body[0].body[0] if is_inside else body[0]
    if not isinstance(found, ast.FunctionDef):
        return "it is no plain function; write def"
    ast.increment_lineno(found, first - 1 - is_inside)
    if not _is_same(found, function):
        return "the file has changed since it was imported; import it again"
    return found


def _is_same(tree: ast.FunctionDef, function: python.FunctionType) -> bool:
    """Say whether a function's tree is what Python runs."""
    inner = copy.deepcopy(tree)
    inner.decorator_list = []
    outer: Any = ast.parse(f"def outer({', '.join(function.__code__.co_freevars)}): pass")
    outer.body[0].body = [inner]
    flags = function.__code__.co_flags & sys.modules["__future__"].annotations.compiler_flag
    code = compile(ast.fix_missing_locations(outer), "", "exec", flags=flags, dont_inherit=True)
    return any(
        _code_key(each) == _code_key(function.__code__)
        for top in _codes(code)
        for each in _codes(top)
    )


def _codes(code: python.CodeType) -> Iterator[python.CodeType]:
    return (each for each in code.co_consts if isinstance(each, python.CodeType))


def _code_key(code: python.CodeType) -> Any:
    """Return what a function does. How it calls methods depends on the imports around it."""
    steps = [
        ("LOAD_ATTR" if step.opname == "LOAD_METHOD" else step.opname, _argument(step))
        for step in dis.get_instructions(code)
        if step.opname != "PUSH_NULL"
    ]
    return code.co_varnames, steps, [_code_key(each) for each in _codes(code)]


def _argument(step: dis.Instruction) -> str:
    if step.opcode in dis.hasjrel or step.opcode in dis.hasjabs:
        return ""
    return "" if isinstance(step.argval, python.CodeType) else repr(step.argval)


def _plain(tree: ast.FunctionDef) -> ast.FunctionDef:
    """Return the tree without what has no effect: decorators, annotations, docstrings."""
    own = copy.deepcopy(tree)
    own.decorator_list = []
    own.returns = None
    own.type_comment = None
    for argument in ast.walk(own.args):
        if isinstance(argument, ast.arg):
            argument.annotation = None
    return own


class _Clean(ast.NodeTransformer):
    """Leaves out annotations, texts that nobody reads, and imports, which stand before."""

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        if node.value is None:
            return None
        return ast.copy_location(ast.Assign([node.target], node.value), node)

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        return None if isinstance(node.value, ast.Constant) else node

    def visit_Import(self, _: ast.Import) -> None:
        return None

    def visit_ImportFrom(self, _: ast.ImportFrom) -> None:
        return None

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        body = getattr(node, "body", None)
        if isinstance(body, list) and not body:
            node.body = [ast.copy_location(ast.Pass(), node)]  # type: ignore[attr-defined]
        return node


def _globals(tree: ast.FunctionDef) -> list[str]:
    """Return the names that a function takes from the module around it."""
    table = symtable.symtable(ast.unparse(ast.fix_missing_locations(tree)), "", "exec")
    found: dict[str, None] = {}

    def walk(part: symtable.SymbolTable) -> None:
        for symbol in part.get_symbols():
            if symbol.is_referenced() and symbol.is_global():
                found[symbol.get_name()] = None
        for child in part.get_children():
            walk(child)

    for child in table.get_children():
        walk(child)
    return sorted(found)


def _line_of(tree: ast.FunctionDef, name: str) -> int:
    lines = [
        part.lineno for part in ast.walk(tree) if isinstance(part, ast.Name) and part.id == name
    ]
    return min(lines, default=tree.lineno)


def _enclosed(function: python.FunctionType) -> dict[str, Any]:
    found = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:  # named before it is made
            continue
    return found


def _import_of(name: str, value: Any) -> ast.stmt | None:
    """Return the import that gives a value its name, if it is a module or of an allowed one."""
    if isinstance(value, python.ModuleType):
        parent, _, child = value.__name__.rpartition(".")
        if parent:
            return _from(parent, child, name)
        alias = None if name == value.__name__ else name
        return ast.Import([ast.alias(value.__name__, alias)], lineno=0, col_offset=0)
    for module, members in allowed.MODULES.items():
        for member in sorted(members):
            loaded = sys.modules.get(module)
            if callable(value) and loaded is not None and getattr(loaded, member, None) is value:
                return _from(module, member, name)
    if name in allowed.CONSTANTS:
        for module, members in allowed.MODULES.items():
            loaded = sys.modules.get(module)
            if name in members and loaded is not None and getattr(loaded, name, None) is value:
                return _from(module, name, name)
    return None


def _from(module: str, member: str, name: str) -> ast.stmt:
    alias = None if name == member else name
    return ast.ImportFrom(module, [ast.alias(member, alias)], 0, lineno=0, col_offset=0)


def _why_not(name: str, value: Any) -> str:
    """Say why a value cannot be named; nothing if it is a function of the user's."""
    origin = str(getattr(value, "__module__", None) or type(value).__module__)
    root = origin.partition(".")[0]
    if root in allowed.REFUSED_MODULES:
        return f"is of {root}: {allowed.REFUSED_MODULES[root]}"
    if isinstance(value, type):
        return "is a class; write plain functions and values"
    if isinstance(value, bool | int | float | str | bytes | None | tuple | list | dict):
        return (
            "is a value of the module, which may change; write it in the function: "
            f"{name} = {shown(value)}"
        )
    if isinstance(value, python.FunctionType) and root not in sys.stdlib_module_names:
        return ""
    return f"is {shown(value)}; only plain functions and allowed modules can be named"
