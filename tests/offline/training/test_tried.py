"""Functions on drawn examples, before they are published."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from skewless import OnDemandView, on_demand_view
from skewless.compiler.bound import Primitive
from skewless.definitions.python_function import PythonFunction, this_version
from skewless.errors import PublishError
from skewless.offline.query.render import Renderer
from skewless.offline.training.tried import try_functions
from skewless.types import Bool, Bytes, Date, Decimal, Float64, Int64, String, Timestamp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skewless.types import ValueType

EVERY: Mapping[str, ValueType] = {
    "b": Bool,
    "i": Int64,
    "x": Float64,
    "m": Decimal(9, 2),
    "s": String,
    "t": Timestamp,
    "d": Date,
    "raw": Bytes,
}


def test_a_function_that_is_called_has_examples_of_every_type() -> None:
    @on_demand_view(request=EVERY, features=EVERY)
    def same(  # noqa: PLR0913, PLR0917 - one of each type
        b: Any, i: Any, x: Any, m: Any, s: Any, t: Any, d: Any, raw: Any
    ) -> dict[str, Any]:
        return {"b": b, "i": i, "x": x, "m": m, "s": s, "t": t, "d": d, "raw": raw}

    try_functions([same])


def test_a_function_that_depends_on_what_was_before_is_refused() -> None:
    source = "SEEN = []\ndef f(x):\n    SEEN.append(x)\n    return {'y': len(SEEN)}"
    function = PythonFunction("f", source, this_version(), (), ("x",))
    view = OnDemandView("f", request={"x": Float64}, features={"y": Int64}, function=function)
    with pytest.raises(PublishError, match="is not the same in training and in serving for"):
        try_functions([view])


def test_a_function_whose_sql_is_not_what_is_served_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    @on_demand_view(request={"x": Float64}, features={"y": Float64})
    def more(x: float | None) -> dict[str, Any]:
        return {"y": None if x is None else x + 1}

    try_functions([more])
    rendered = Renderer._apply

    def wrong(self: Renderer, primitive: Primitive, arguments: Any) -> Any:
        other = {Primitive.ADD: Primitive.SUBTRACT}
        return rendered(self, other.get(primitive, primitive), arguments)

    monkeypatch.setattr(Renderer, "_apply", wrong)
    with pytest.raises(PublishError, match="is not the same in training and in serving for"):
        try_functions([more])
