"""Doubles that are hostile to elementary functions, and a query of all functions over them."""

from __future__ import annotations

import math
import random
import struct
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from skewless.compiler import elementary
from skewless.compiler.bound import Column, apply
from skewless.offline.query import sql
from skewless.offline.query.render import Renderer
from tests.parity.bits import bits

if TYPE_CHECKING:
    from sqlglot import exp

    from skewless.offline.query.dialect import Dialect

COLUMNS = ("a", "b", "c", "d")
ROWS = 3000
SPECIAL = (
    0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 90.0, 180.0, 360.0, 709.782712893384, 745.2, 746.0, 1024.0, 1e22,
    5e-324, 2.2250738585072014e-308, 2.225073858507201e-308, 1.7976931348623157e308, 1048576.0,
    1048576.0000000002, 0.41421356237309503, 1.4142135623730951, 0.7071067811865476, math.inf,
    math.nan, 4503599627370497.5, 9007199254740993.0, 1.0000000000000002, 0.9999999999999999,
)  # fmt: skip


def hostile(draw: random.Random) -> float | None:
    match draw.randrange(6):
        case 0:
            return draw.choice((None, -1.0, *SPECIAL, *(-each for each in SPECIAL)))
        case 1:
            return draw.uniform(-2, 2)
        case 2:
            return draw.uniform(-100, 100)
        case 3:
            return draw.choice((-1.0, 1.0)) * math.exp2(draw.uniform(-60, 20))
        case 4:
            return float(draw.randrange(-400, 400)) / draw.choice((1, 2, 10))
        case _:
            return float(struct.unpack("<d", draw.randbytes(8))[0])


def table() -> pa.Table:
    draw = random.Random(20261129)  # noqa: S311 - the same rows every time
    return pa.table(
        {name: pa.array([hostile(draw) for _ in range(ROWS)], pa.float64()) for name in COLUMNS}
    )


def query(dialect: Dialect, source: exp.Table) -> exp.Select:
    """Select each function of the first columns; a result of -0.0 is 0.0, as of expressions."""
    renderer = Renderer(dialect, {Column(name): sql.column(name) for name in COLUMNS})
    found = []
    for primitive, function in elementary.FUNCTIONS.items():
        names = COLUMNS[: function.__code__.co_argcount]
        value = renderer.render(apply(primitive, *map(Column, names)))
        found.append(sql.aliased(sql.add(value, sql.double(0.0)), primitive.name))
    return sql.select(*found).from_(source)


def by_python(given: pa.Table) -> dict[str, list[Any]]:
    """Return the bits of each function's results."""
    columns = [given[name].to_pylist() for name in COLUMNS]
    found = {}
    for primitive, function in elementary.FUNCTIONS.items():
        rows = zip(*columns[: function.__code__.co_argcount], strict=True)
        results = (None if None in row else function(*row) for row in rows)
        found[primitive.name] = [bits(None if each is None else each + 0.0) for each in results]
    return found
