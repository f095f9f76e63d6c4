"""Mappings of definitions: equal by names, values and order, and hashed once."""

from __future__ import annotations

import pickle
import subprocess
import sys

from skewless.definitions.frozen import FrozenMapping


def test_order_counts() -> None:
    one, other = FrozenMapping({"a": 1, "b": 2}), FrozenMapping({"b": 2, "a": 1})
    assert one != other
    assert one == {"a": 1, "b": 2} != other
    assert hash(one) == hash(FrozenMapping({"a": 1, "b": 2}))


def test_a_hash_is_not_carried_to_another_process() -> None:
    given = FrozenMapping({"a": "text"})
    hash(given)
    script = (
        "import pickle, sys\n"
        "found = pickle.load(sys.stdin.buffer)\n"
        "assert {found: 1}[type(found)({'a': 'text'})] == 1\n"
    )
    subprocess.run([sys.executable, "-c", script], input=pickle.dumps(given), check=True)  # noqa: S603
