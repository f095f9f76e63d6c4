"""Calling the function of an on-demand view with one row's values, and checking what it returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skewless.compiler.interpret import compile_python
from skewless.compiler.physical import from_physical, is_converted, to_physical
from skewless.definitions import types
from skewless.definitions.names import versioned
from skewless.definitions.python_function import this_version
from skewless.errors import CompileError, FunctionError, InputError, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from skewless.compiler.plan import OnDemandPlan
    from skewless.definitions.python_function import PythonFunction

    Environment = Mapping[Any, Any]

_MOST_SHOWN = 300


def is_infinite(value: object) -> bool:
    """Say whether a value is an infinity, which is null as it is in an expression."""
    return isinstance(value, float) and value in (float("inf"), float("-inf"))


class Called:
    """The function of a view.

    Args:
        plan: the view's plan.
        function: its function.
    """

    def __init__(self, plan: OnDemandPlan, function: PythonFunction) -> None:
        # Readers of views without functions need not load what makes them.
        from skewless.compiler.made import FILE, made  # noqa: PLC0415

        view = plan.view
        self._source = function
        self._file = FILE
        self._function = made(function)
        self._arguments = [
            (name, typed.type, is_converted(typed.type), compile_python(typed.bound))
            for name, typed in plan.arguments
        ]
        self._results = dict(view.feature_types)
        self._places = {name: f"{view.name}.{name}" for name in self._results}
        self._view = versioned(view.name, view.version)

    def __call__(self, environment: Environment) -> list[Any]:
        """Return the physical values of the features, in their order.

        Args:
            environment: the physical values of request fields and features.

        Raises:
            FunctionError: the function raised, or returned what the types do not hold.
        """
        try:
            found = self._function(**self._given(environment))
            return self._checked(found)
        except Exception as error:  # what a user's function raises is not known
            raise FunctionError(self._told(error, environment)) from error

    def _given(self, environment: Environment) -> dict[str, Any]:
        return {
            name: from_physical(value(environment), type_) if converts else value(environment)
            for name, type_, converts, value in self._arguments
        }

    def _checked(self, found: object) -> list[Any]:
        if not isinstance(found, dict):
            raise FunctionError(f"it returned {shown(found)}, no dict of features")
        if found.keys() != self._results.keys():
            missing = [name for name in self._results if name not in found]
            unknown = [name for name in found if name not in self._results]
            what = f"no {missing[0]!r}" if missing else f"{unknown[0]!r}, which is no feature"
            raise FunctionError(f"it returned {what}")
        return [
            None
            if type_ == types.Float64 and is_infinite(found[name])
            else to_physical(found[name], type_, self._places[name])
            for name, type_ in self._results.items()
        ]

    def _told(self, error: Exception, environment: Environment) -> str:
        # The function may have changed its lists; what is told is what it was given.
        try:
            given = self._given(environment)
        except OverflowError:  # an instant that no datetime holds
            given = {name: value(environment) for name, _, _, value in self._arguments}
        arguments = ", ".join(f"{name}={value!r}" for name, value in given.items())
        if len(arguments) > _MOST_SHOWN:
            arguments = f"{arguments[:_MOST_SHOWN]} …"
        call = f"{self._view}: {self._source.name}({arguments})"
        if isinstance(error, FunctionError | InputError):
            return f"{call}: {error}"
        where = self._line(error.__traceback__)
        return f"{call} raised {type(error).__name__}: {error}{where}"

    def _line(self, traceback: TracebackType | None) -> str:
        """Return the last line of the function's source that an error passed."""
        found = 0
        while traceback is not None:
            if traceback.tb_frame.f_code.co_filename == self._file:
                found = traceback.tb_lineno
            traceback = traceback.tb_next
        lines = self._source.source.splitlines()
        return f", in `{lines[found - 1].strip()}`" if found else ""


def check_versions(plans: Sequence[OnDemandPlan]) -> None:
    """Check that all functions were published for this version of Python.

    Raises:
        CompileError: one was not. One that is written as primitives is refused alike, so that
            what is served does not depend on how it is computed.
    """
    for plan in plans:
        function = plan.view.function
        if function is not None and function.version != this_version():
            raise CompileError(
                f"{plan.view} was defined under Python {function.version}, and this is Python "
                f"{this_version()}, where its function may give other values. Use Python "
                f"{function.version}, or publish the view as a new version from Python "
                f"{this_version()}"
            )
