"""Elementary functions that have the same bits on every engine and processor.

Each is a straight line of IEEE operations: `+ - * /`, square roots, comparisons, choices and
products with powers of two. Python runs these functions as they stand, and
`offline.query.straight` writes the same lines as SQL. So they keep to a part of Python: a function
starts with conditions under which it is null, names values, and returns one. It calls others of
this folder, and otherwise only `abs`, `max`, `min`, `math.sqrt` and `math.floor`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from skewless.compiler.bound import Primitive
from skewless.compiler.elementary.angles import cos, sin, tan
from skewless.compiler.elementary.arcs import acos, asin, atan, atan2
from skewless.compiler.elementary.distance import haversine
from skewless.compiler.elementary.exponentials import exp, expm1, sigmoid, tanh
from skewless.compiler.elementary.logarithms import ln, log1p, log2, log10
from skewless.compiler.elementary.powers import power

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FUNCTIONS: Mapping[Primitive, Callable[..., float | None]] = {
    Primitive.EXP: exp,
    Primitive.EXPM1: expm1,
    Primitive.LN: ln,
    Primitive.LOG2: log2,
    Primitive.LOG10: log10,
    Primitive.LOG1P: log1p,
    Primitive.POW: power,
    Primitive.SIN: sin,
    Primitive.COS: cos,
    Primitive.TAN: tan,
    Primitive.ASIN: asin,
    Primitive.ACOS: acos,
    Primitive.ATAN: atan,
    Primitive.ATAN2: atan2,
    Primitive.TANH: tanh,
    Primitive.SIGMOID: sigmoid,
    Primitive.HAVERSINE: haversine,
}
