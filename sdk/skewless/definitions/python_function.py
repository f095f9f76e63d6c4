"""PythonFunction: the judged source of an on-demand view's function, and what is made of it."""

from __future__ import annotations

import ast
import builtins
import decimal
import importlib
import sys
import types as python
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

from skewless.definitions import allowed
from skewless.definitions.expression import CallNode, FeatureNode, render
from skewless.definitions.function_source import Gathered
from skewless.definitions.judgement import MAX_SOURCE, Wanted, judge
from skewless.definitions.operators import Operator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skewless.definitions.expression import Node

Callee: TypeAlias = Callable[..., Any]
INSTANT = "request_time"
# A stand-in is made of the source with this name, so that errors of rows name a line of it.
FILE = "<the function {}>"


@dataclass(frozen=True, slots=True)
class PythonFunction:
    """A function of one row's values.

    Attributes:
        name: of the function.
        source: a module's text: imports, the functions that it calls, and itself last.
        version: the minor version of Python that it is made for, like "3.12".
        inputs: the features that it reads, and `request_time()` if it asks for that.
        parameters: the names of its inputs, in their order, then of its request fields.
        problems: what is wrong with it.
    """

    name: str
    source: str
    version: str
    inputs: tuple[Node, ...]
    parameters: tuple[str, ...]
    problems: tuple[str, ...] = field(default=(), compare=False, repr=False)

    @classmethod
    def of(
        cls,
        function: object,
        inputs: Sequence[Node],
        request: Sequence[str],
        features: Sequence[str],
    ) -> PythonFunction:
        """Take a live function: read its source, with what it names, and judge it."""
        names = (*parameter_names(inputs, request), *request)
        if not isinstance(function, python.FunctionType):
            text = f"it is {function!r}, no plain function; write def"
            return cls("", "", this_version(), tuple(inputs), names, (text,))
        gathered = Gathered()
        gathered.add(function, function.__name__)
        problems = list(gathered.problems)
        source = ""
        if gathered.functions:
            wanted = Wanted(function.__name__, names, features)
            problems += judge(gathered.module, wanted, gathered.place, gathered.refused)
            source = ast.unparse(ast.fix_missing_locations(gathered.module))
        problems += _size_problems(source)
        found = tuple(dict.fromkeys(problems))
        return cls(function.__name__, source, this_version(), tuple(inputs), names, found)

    @classmethod
    def again(
        cls,
        name: str,
        source: str,
        version: str,
        inputs: Sequence[Node],
        request: Sequence[str],
        features: Sequence[str],
    ) -> PythonFunction:
        """Take a published source, and judge it as if it were new."""
        names = (*parameter_names(inputs, request), *request)
        problems = list(_size_problems(source))
        try:
            module = ast.parse(source)
        except (SyntaxError, ValueError, RecursionError) as error:
            problems.append(f"its source cannot be read: {error}")
        else:
            wanted = Wanted(name, names, features)
            problems += judge(module, wanted, lambda node: f"line {getattr(node, 'lineno', 0)}")
        return cls(name, source, version, tuple(inputs), names, tuple(problems))

    def __str__(self) -> str:
        """Return the call."""
        return f"{self.name}({', '.join(self.parameters)})"

    @property
    def arguments(self) -> str:
        """What its arguments are, as users write it."""
        return ", ".join(map(render, self.inputs))

    def made(self) -> Callee:
        """Return the function, made of its source alone.

        Raises:
            ValueError: something is wrong with it.
        """
        if self.problems:
            raise ValueError(f"{self} was judged: {'; '.join(self.problems)}")
        return _made(self.source, self.name)


def this_version() -> str:
    """Return the minor version of this Python."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def parameter_names(inputs: Sequence[Node], request: Sequence[str]) -> tuple[str, ...]:
    """Return by what names a function is given its inputs.

    It is the feature's own name; `view__feature` where two inputs, or an input and a request field,
    share one.
    """
    plain = [_name(node) for node in inputs]
    taken = [*plain, *request]
    return tuple(
        f"{node.view.name}__{node.feature}"
        if isinstance(node, FeatureNode) and taken.count(name) > 1
        else name
        for node, name in zip(inputs, plain, strict=True)
    )


def is_instant(node: Node) -> bool:
    """Say whether an input is `request_time()`."""
    return isinstance(node, CallNode) and node.operator is Operator.REQUEST_TIME


def _name(node: Node) -> str:
    return node.feature if isinstance(node, FeatureNode) else INSTANT


def _size_problems(source: str) -> list[str]:
    if len(source) <= MAX_SOURCE:
        return []
    return [f"its source has {len(source):,} characters; {MAX_SOURCE:,} is the most"]


@lru_cache(maxsize=256)
def _made(source: str, name: str) -> Callee:
    """Run a judged source in a namespace that has nothing else than what is allowed."""
    names: dict[str, Any] = {"__builtins__": _BUILTINS, "__name__": "on_demand"}
    code = compile(source, FILE.format(name), "exec", dont_inherit=True)
    exec(code, names)  # noqa: S102 - judged before, and it can name only what is allowed
    function: Callee = names[name]
    if "decimal" not in source:
        return function

    def in_the_default_context(**arguments: Any) -> Any:
        with decimal.localcontext(_CONTEXT):
            return function(**arguments)

    return in_the_default_context


def _import(
    name: str,
    _globals: Mapping[str, Any] | None = None,
    _locals: Mapping[str, Any] | None = None,
    members: Sequence[str] | None = None,
    _level: int = 0,
) -> Any:
    """Give what is allowed of a module; the statement `import` calls this."""
    if name in allowed.MODULES:
        return _module(name)
    if members and all(f"{name}.{member}" in allowed.MODULES for member in members):
        return python.SimpleNamespace(**{member: _module(f"{name}.{member}") for member in members})
    raise ImportError(f"{name} cannot be imported in a function of an on-demand view")


@lru_cache(maxsize=64)
def _module(name: str) -> Any:
    loaded = importlib.import_module(name)
    found = {
        member: getattr(loaded, member)
        for member in allowed.MODULES[name]
        if hasattr(loaded, member)
    }
    return python.SimpleNamespace(**found)


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
    "__import__": _import,
}
