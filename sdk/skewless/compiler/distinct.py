"""Distinct values: a hash of each, exactly up to a limit, beyond it 4,096 registers (HyperLogLog).

h is the first 64 bits of the MD5 of a value's text, as a signed integer. Its first 12 bits choose a
register, the next 40 say how rare it is: with b the bits that these 40, as a number, need, its rank
is 41 - b. A register holds the greatest rank of its hashes, 0 without any.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

REGISTERS = 4_096
GREATEST_RANK = 41
BELOW = 2**52  # the bits of h below those that choose the register
UNUSED = 2**12  # the last bits, which say nothing
ROUNDS = 18
FACTOR = 0.7213475204444817 * REGISTERS**2  # 1 / (2 ln 2), times a power of two
NO_REGISTERS = bytes(REGISTERS)


def hash64(text: str) -> int:
    """Return h of a text."""
    digest = hashlib.md5(text.encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def with_hashes(registers: bytes, hashes: Iterable[int]) -> bytes:
    """Return the registers with more hashes."""
    found = bytearray(registers)
    for h in hashes:
        place = h // BELOW % REGISTERS
        rank = GREATEST_RANK - (h % BELOW // UNUSED).bit_length()
        found[place] = max(found[place], rank)
    return bytes(found)


def union(left: bytes, right: bytes) -> bytes:
    """Return the registers of both sides' hashes."""
    return bytes(map(max, left, right))


def estimate(registers: bytes) -> int:
    """Return about how many distinct hashes registers have seen, at least one.

    After O. Ertl, "New cardinality estimation algorithms for HyperLogLog sketches" (2017), with a
    fixed number of rounds: a sequence of IEEE operations that every engine carries out alike.
    """
    filled = [rank for rank in registers if rank]
    total = sum(2 ** (GREATEST_RANK - rank) for rank in filled)  # at most 2^52: exact
    x = (REGISTERS - len(filled)) / REGISTERS
    z, y = x, 1.0
    for _ in range(ROUNDS):
        x = x * x
        z = z + x * y
        y = y * 2.0
    found = FACTOR / (total / 2.0**GREATEST_RANK + REGISTERS * z)
    whole = int(found)
    return whole + 1 if found - whole >= 0.5 else whole  # noqa: PLR2004 - round half away
