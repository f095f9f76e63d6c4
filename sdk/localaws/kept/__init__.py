"""State that outlives the process: what moto's services hold, in a folder.

`keeper` decides when, the core's `turnstile` finds a moment in which no request is at work, `state`
says what there is, `pickling` turns it into bytes, `folder` stores them in one transaction of
SQLite's.
"""

from __future__ import annotations

from localaws.kept.keeper import Keeper

__all__ = ["Keeper"]
