"""PythonFunction: the judged source of an on-demand view's function, as it is published."""

from __future__ import annotations

import ast
import sys
import types as python
from dataclasses import field
from typing import TYPE_CHECKING

from skewless.definitions.expression import CallNode, FeatureNode, render
from skewless.definitions.operators import Operator
from skewless.quick import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skewless.definitions.expression import Node

INSTANT = "request_time"
MAX_SOURCE = 20_000


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
        # Most stores have no functions, and judges take longer to load than all they would judge.
        from skewless.definitions.function_source import Gathered  # noqa: PLC0415
        from skewless.definitions.judgement import Wanted, judge  # noqa: PLC0415

        names = (*parameter_names(inputs, request), *request)
        if not isinstance(function, python.FunctionType):
            text = f"it is {function!r}, no plain function; write def"
            return cls("", "", this_version(), tuple(inputs), names, (text,))
        gathered = Gathered()
        gathered.add(function, function.__name__)
        problems = [*_name_problems(names), *gathered.problems]
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
        from skewless.definitions.judgement import Wanted, judge  # noqa: PLC0415 - as in `of`

        names = (*parameter_names(inputs, request), *request)
        problems = [*_name_problems(names), *_size_problems(source)]
        wanted = Wanted(name, names, features)
        if not problems:  # whoever wrote it may have written a gigabyte
            try:
                module = ast.parse(source)
                problems += judge(module, wanted, lambda node: f"line {getattr(node, 'lineno', 0)}")
            except (RecursionError, MemoryError):  # the parser's own stack has its own error
                problems.append("its source cannot be read: it is nested too deeply")
            except (SyntaxError, ValueError, TypeError) as error:
                problems.append(f"its source cannot be read: {error}")
        return cls(name, source, version, tuple(inputs), names, tuple(problems))

    def __str__(self) -> str:
        """Return the call."""
        return f"{self.name}({', '.join(self.parameters)})"

    @property
    def arguments(self) -> str:
        """What its arguments are, as users write it."""
        return ", ".join(map(render, self.inputs))


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


def _name_problems(names: Sequence[str]) -> list[str]:
    return [
        f"two of its arguments would be called {name!r}; give a view another name with "
        "view.with_name('sender'), or the request field another one"
        for name in dict.fromkeys(names)
        if names.count(name) > 1
    ]


def _size_problems(source: str) -> list[str]:
    if len(source) <= MAX_SOURCE:
        return []
    return [f"its source has {len(source):,} characters; {MAX_SOURCE:,} is the most"]
