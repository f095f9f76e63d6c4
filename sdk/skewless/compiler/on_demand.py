"""On-demand features of one row: what serving computes, and history after its SQL, in one place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skewless.compiler.bound import Feature, features_of
from skewless.compiler.called import Called, check_versions
from skewless.compiler.interpret import compile_python
from skewless.errors import FunctionError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from skewless.compiler.bound import Bound
    from skewless.compiler.plan import OnDemandPlan

    Step = tuple[tuple[Feature, ...], frozenset[Feature], Callable[[dict[Any, Any]], list[Any]]]


class OnDemand:
    """Computes on-demand features, those first that others read.

    Args:
        plans: the views, those first that others read.

    Raises:
        CompileError: a function was published for another version of Python.
    """

    def __init__(self, plans: Sequence[OnDemandPlan]) -> None:
        check_versions(plans)
        self._steps = [step for plan in plans for step in _steps(plan)]

    def __bool__(self) -> bool:
        return bool(self._steps)

    def add(
        self, environment: dict[Any, Any], overflowed: set[Feature], failed: dict[Feature, str]
    ) -> None:
        """Add a row's features to what is known of it, in physical values.

        Args:
            environment: the values of request fields, of the instant and of features.
            overflowed: the features that overflow; what is computed from them is added.
            failed: why features failed; those of functions, and what reads them, are added.
        """
        for features, inputs, evaluate in self._steps:
            # A null that stands for a value that cannot be told must not be computed with.
            if overflowed and not overflowed.isdisjoint(inputs):
                overflowed.update(features)
                environment.update(dict.fromkeys(features))
            elif failed and (bad := [each for each in failed if each in inputs]):
                why = f"it reads {bad[0].view}.{bad[0].name}, which failed"
                failed.update(dict.fromkeys(features, why))
                environment.update(dict.fromkeys(features))
            else:
                try:
                    values = evaluate(environment)
                except FunctionError as error:
                    failed.update(dict.fromkeys(features, str(error)))
                    values = [None] * len(features)
                environment.update(zip(features, values, strict=True))


def _steps(plan: OnDemandPlan) -> list[Step]:
    view = plan.view
    if plan.is_called and view.function is not None:
        return [(plan.made, plan.reads, Called(plan, view.function))]
    return [
        (
            (Feature(view.name, view.version, name),),
            # What a function reads is what it is given, whether it is called or not.
            plan.reads if plan.arguments else features_of(typed.bound),
            _alone(typed.bound),
        )
        for name, typed in plan.features
    ]


def _alone(bound: Bound) -> Callable[[dict[Any, Any]], list[Any]]:
    evaluate = compile_python(bound)
    return lambda environment: [evaluate(environment)]
