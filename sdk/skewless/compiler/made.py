"""The function of an on-demand view, made of its judged source and of nothing else."""

from __future__ import annotations

import ast
import builtins
import decimal
import importlib
import types as python
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

from skewless.compiler import elementary
from skewless.compiler.bound import Primitive
from skewless.definitions import allowed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from skewless.definitions.python_function import PythonFunction

Callee: TypeAlias = Callable[..., Any]
FILE = "<on-demand function>"  # by this name a line of it is known in a traceback
# A judged source names nothing with two underscores, so this cannot be one of its names.
_POWER = "__power__"
_MOST_BITS = 4096


def made(function: PythonFunction) -> Callee:
    """Return the function.

    Raises:
        ValueError: something is wrong with its source.
    """
    if function.problems:
        raise ValueError(f"{function} was judged: {'; '.join(function.problems)}")
    return _made(function.source, function.name)


@lru_cache(maxsize=256)
def _made(source: str, name: str) -> Callee:
    """Run a judged source in a namespace that has nothing else than what is allowed."""
    names: dict[str, Any] = {"__builtins__": _BUILTINS, "__name__": "on_demand"}
    tree = ast.fix_missing_locations(_Powers().visit(ast.parse(source)))
    exec(compile(tree, FILE, "exec", dont_inherit=True), names)  # noqa: S102 - judged before
    function: Callee = names[name]
    if "decimal" not in source:
        return function

    def in_the_default_context(**arguments: Any) -> Any:
        with decimal.localcontext(_CONTEXT):
            return function(**arguments)

    return in_the_default_context


class _Powers(ast.NodeTransformer):
    """Takes powers of floats from `elementary`: those of Python are the operating system's."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.op, ast.Pow):
            return node
        call = ast.Call(ast.Name(_POWER, ast.Load()), [node.left, node.right], [])
        return ast.copy_location(call, node)


def _power(base: Any, exponent: Any, modulus: int | None = None) -> Any:
    """Return base ** exponent."""
    if modulus is not None:
        return pow(base, exponent, modulus)
    if isinstance(base, decimal.Decimal) or isinstance(exponent, decimal.Decimal):
        return base**exponent
    if isinstance(base, int) and isinstance(exponent, int) and exponent >= 0:
        if base.bit_length() * exponent > _MOST_BITS:
            raise OverflowError(f"{base} ** {exponent} has too many digits")
        return base**exponent
    return _real("**", elementary.FUNCTIONS[_OPERATORS["pow"]], base, exponent)


def _real(name: str, function: Callable[..., float | None], *arguments: Any) -> float:
    """Return an elementary function's value, or raise where it has none, as Python does."""
    found = function(*map(_double, arguments))
    if found is None:
        given = ", ".join(map(repr, arguments))
        raise ValueError(f"{name} has no value, or none that a float holds, for {given}")
    return found


def _double(value: Any) -> float:
    if not isinstance(value, int | float):
        raise TypeError(f"must be a number, not {type(value).__name__}")
    return float(value)


def _elementary(name: str) -> Callee:
    function = elementary.FUNCTIONS[_OPERATORS[name]]

    def call(*arguments: Any) -> float:
        return _real(f"math.{name}", function, *arguments)

    return call


def _log(value: Any, base: Any = None) -> float:
    """Return math.log."""
    found = _real("math.log", elementary.FUNCTIONS[_OPERATORS["log"]], value)
    return found if base is None else found / _log(base)


def _import(
    name: str,
    _globals: Mapping[str, Any] | None = None,
    _locals: Mapping[str, Any] | None = None,
    _members: Sequence[str] | None = None,
    _level: int = 0,
) -> Any:
    """Give what is allowed of a module; the statement `import` calls this."""
    if name in allowed.MODULES:
        return _module(name)
    raise ImportError(f"{name} cannot be imported in a function of an on-demand view")


@lru_cache(maxsize=64)
def _module(name: str) -> Any:
    loaded = importlib.import_module(name)
    found = {
        member: getattr(loaded, member)
        for member in allowed.MODULES[name]
        if hasattr(loaded, member)
    }
    if name == "math":
        found |= {member: _elementary(member) for member in _OPERATORS}
        found |= {"log": _log, "pow": _power_of_floats}
    return python.SimpleNamespace(**found)


def _power_of_floats(base: Any, exponent: Any) -> float:
    """Return math.pow."""
    return _real("math.pow", elementary.FUNCTIONS[_OPERATORS["pow"]], base, exponent)


_OPERATORS = {
    "exp": Primitive.EXP,
    "expm1": Primitive.EXPM1,
    "log": Primitive.LN,
    "log2": Primitive.LOG2,
    "log10": Primitive.LOG10,
    "log1p": Primitive.LOG1P,
    "pow": Primitive.POW,
    "sin": Primitive.SIN,
    "cos": Primitive.COS,
    "tan": Primitive.TAN,
    "asin": Primitive.ASIN,
    "acos": Primitive.ACOS,
    "atan": Primitive.ATAN,
    "atan2": Primitive.ATAN2,
    "tanh": Primitive.TANH,
}
# What the process has set for itself has no effect.
_CONTEXT = decimal.Context(
    prec=28,
    rounding=decimal.ROUND_HALF_EVEN,
    Emin=-999999,
    Emax=999999,
    capitals=1,
    clamp=0,
    traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow],
)
_BUILTINS: Mapping[str, Any] = {
    **{name: getattr(builtins, name) for name in (*allowed.CALLED, *allowed.SETS, *allowed.ERRORS)},
    "pow": _power,
    _POWER: _power,
    "__import__": _import,
}
