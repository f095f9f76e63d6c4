"""Elementary functions over hostile doubles, by Trino: the bits of Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conformance.in_trino import ATHENA
from tests.parity.bits import bits
from tests.parity.elementary import by_python, query, table

if TYPE_CHECKING:
    from tests.conformance.in_trino import Files


def test_an_elementary_function_has_the_bits_of_python_in_trino(files: Files) -> None:
    given = table()
    text = ATHENA.render(query(ATHENA, files.table(given)))
    found = files.trino.run(text)
    expected = by_python(given)
    for name, values in expected.items():
        assert [bits(value) for value in found[name].to_pylist()] == values, name
