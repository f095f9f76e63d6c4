"""Users' access keys that nobody can guess: moto's differ from each other in seven letters.

A role's session has a token as well, which is long.
"""

from __future__ import annotations

import base64
import functools
import secrets
from typing import Any

from moto.iam.models import AccessKey

_USER = "AKIA"
_BYTES = 10  # 16 letters: moto knows a key in a request by its 20


@functools.cache
def apply() -> None:
    """Patch moto, once a process."""
    key: Any = AccessKey
    stock = key.__init__

    def make(self: Any, *given: Any, **named: Any) -> None:
        stock(self, *given, **named)
        if self.access_key_id.startswith(_USER):
            self.access_key_id = _USER + base64.b32encode(secrets.token_bytes(_BYTES)).decode()

    key.__init__ = make
