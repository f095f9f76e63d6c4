"""Messages of the queue of failed cuts. Two senders write to it, each in its own shape.

The state machine sends the cut that gave up. EventBridge Scheduler sends the request of the start
that it could not make; there the cut is the text of a field.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from skewless.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

_VIEW = re.compile(r"[^@\s]+@\d+")
_SHOWN = 200


def failed_view(body: str, state_machine: str) -> str:
    """Return the view of a message, `name@version`.

    Args:
        body: the message's.
        state_machine: ARN of the one that runs the store's cuts.

    Raises:
        InputError: the message names no view, or another state machine.
    """
    document = _object(body, body)
    # AWS documents neither the case of the request's names nor that its input is text.
    request = {name.lower(): value for name, value in document.items()}
    machine = request.get("statemachinearn", state_machine)
    if machine != state_machine:
        raise InputError(f"it starts another state machine, {machine}")
    given = request.get("input", document)
    cut = _object(given, body) if isinstance(given, str) else given
    view = cut.get("view") if isinstance(cut, dict) else None
    if not isinstance(view, str) or not _VIEW.fullmatch(view):
        raise InputError(f"it names no view: {_shown(body)}")
    return view


def _object(text: str, body: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise InputError(f"it is no JSON: {_shown(body)}") from error
    if not isinstance(found, dict):
        raise InputError(f"it names no view: {_shown(body)}")
    return found


def _shown(body: str) -> str:
    return body if len(body) <= _SHOWN else f"{body[:_SHOWN]}..."
