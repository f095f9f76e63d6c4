"""Calling the function of an on-demand view with one row's values, and checking what it returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skewless.compiler.interpret import compile_python
from skewless.compiler.physical import from_physical, is_converted, to_physical
from skewless.definitions.names import versioned
from skewless.definitions.python_function import FILE, this_version
from skewless.errors import CompileError, FunctionError, InputError, shown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from skewless.compiler.plan import OnDemandPlan
    from skewless.definitions.on_demand import OnDemandView
    from skewless.definitions.python_function import PythonFunction

    Environment = Mapping[Any, Any]

_MOST_SHOWN = 300


class Called:
    """The function of a view.

    Args:
        plan: the view's plan.

    Raises:
        CompileError: it was published for another version of Python.
    """

    def __init__(self, plan: OnDemandPlan) -> None:
        view = plan.view
        self._source = _of_this_version(view)
        self._function = self._source.made()
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
        given = {
            name: from_physical(value(environment), type_) if converts else value(environment)
            for name, type_, converts, value in self._arguments
        }
        try:
            found = self._function(**given)
            return self._checked(found)
        except Exception as error:  # what a user's function raises is not known
            # A list may have been changed by the function; what is told is what it was given.
            again = {
                name: from_physical(value(environment), type_)
                for name, type_, _, value in self._arguments
            }
            raise FunctionError(self._told(error, again)) from error

    def _checked(self, found: object) -> list[Any]:
        if not isinstance(found, dict):
            raise FunctionError(f"it returned {shown(found)}, no dict of features")
        if found.keys() != self._results.keys():
            missing = [name for name in self._results if name not in found]
            unknown = [name for name in found if name not in self._results]
            what = f"no {missing[0]!r}" if missing else f"{unknown[0]!r}, which is no feature"
            raise FunctionError(f"it returned {what}")
        return [
            to_physical(found[name], type_, self._places[name])
            for name, type_ in self._results.items()
        ]

    def _told(self, error: Exception, given: Mapping[str, Any]) -> str:
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
            if traceback.tb_frame.f_code.co_filename == FILE.format(self._source.name):
                found = traceback.tb_lineno
            traceback = traceback.tb_next
        lines = self._source.source.splitlines()
        return f", in `{lines[found - 1].strip()}`" if found else ""


def _of_this_version(view: OnDemandView) -> PythonFunction:
    function = view.function
    if function is None:
        raise CompileError(f"{view} has no function")
    if function.version != this_version():
        raise CompileError(
            f"{view} was defined under Python {function.version}, and this is Python "
            f"{this_version()}, where its function may give other values. Use Python "
            f"{function.version}, or publish the view as a new version from Python "
            f"{this_version()}"
        )
    return function
