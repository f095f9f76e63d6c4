"""`skewless demo`: the whole loop on a year of real flights, on an AWS inside this process.

example.py finds the code that a user would copy; tape.py plays the year as it became known; loop.py
takes it through the store, step by step; parity.py and cost.py keep the books; report.py prints
them, and verdict.py says whether the promise was kept.
"""

from __future__ import annotations

from skewless.demo.program import main

__all__ = ["main"]
