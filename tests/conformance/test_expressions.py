"""Functions of expressions, and methods of lists and maps, by Trino: the oracle's bits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from skewless.offline.query import sql
from tests.conformance.in_trino import ATHENA
from tests.parity import test_expressions, test_lists
from tests.parity.bits import bits
from tests.parity.one_value import expected_values, physical_table, written

if TYPE_CHECKING:
    from tests.conformance.in_trino import Files

TOGETHER = 20


@pytest.mark.parametrize("module", [test_expressions, test_lists], ids=lambda each: each.__name__)
def test_expressions_have_the_oracles_bits_in_trino(files: Files, module: Any) -> None:
    table = files.table(physical_table(module.COLUMNS, module.ROWS))
    different = []
    for start in range(0, len(module.EXPRESSIONS), TOGETHER):
        some = module.EXPRESSIONS[start : start + TOGETHER]
        values = [written(each, module.COLUMNS, ATHENA) for each in some]
        names = [f"value_{number}" for number in range(len(some))]
        query = sql.select(*map(sql.aliased, values, names)).from_(table.copy())
        found = files.trino.run(ATHENA.render(query))
        for expression, name in zip(some, names, strict=True):
            expected = expected_values(expression, module.COLUMNS, module.ROWS)
            if [bits(value) for value in found[name].to_pylist()] != expected:
                different.append(repr(expression))
    assert different == []
