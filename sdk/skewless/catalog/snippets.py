"""Code that uses a view or a service, to be copied. Pure: what it names is published."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skewless.definitions import types

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skewless.definitions.types import ValueType

_EXAMPLES: Mapping[ValueType, str] = {
    types.Int64: "1",
    types.Float64: "1.0",
    types.Bool: "True",
    types.String: '"..."',
    types.Bytes: 'b"..."',
    types.Timestamp: "datetime.now(UTC)",
    types.Date: "date.today()",
}


def training(store: str, features: str, inputs: Mapping[str, ValueType]) -> str:
    """Return code that makes a training set.

    Args:
        store: the store's name.
        features: a view or service with its version.
        inputs: the columns that a frame of labels must have beside the instants.
    """
    columns = ", ".join([*inputs, "event_timestamp"])
    return (
        "from skewless import FeatureStore\n"
        "\n"
        f'store = FeatureStore.connect("{store}")\n'
        f"# labels: a frame with the columns {columns}\n"
        f'training = store.get_historical_features(labels, "{features}")\n'
        "frame = training.to_pandas()\n"
    )


def serving(store: str, features: str, inputs: Mapping[str, ValueType]) -> str:
    """Return code that asks for features online; the arguments are those of `training`."""
    row = ", ".join(f'"{name}": {_example(type_)}' for name, type_ in inputs.items())
    imports = _imports(inputs)
    return (
        f"{imports}from skewless import FeatureStore\n"
        "\n"
        f'store = FeatureStore.connect("{store}")\n'
        f'answer = store.get_online_features("{features}", [{{{row}}}])\n'
        "answer.rows\n"
    )


def serving_by_lock() -> str:
    """Return code for a Lambda function that serves a service by its lock."""
    return (
        "import json\n"
        "\n"
        "from skewless import FeatureStore\n"
        "\n"
        'store = FeatureStore.from_lock("skewless.lock")\n'
        "\n"
        "\n"
        "def handler(event, context):  # event: a dict of keys and request fields\n"
        "    answer = store.get_online_features([event])\n"
        "    return json.loads(answer.to_json())\n"
    )


def _example(type_: ValueType) -> str:
    if isinstance(type_, types.Decimal):
        return 'Decimal("1.00")'
    return _EXAMPLES.get(type_, "...")


def _imports(inputs: Mapping[str, ValueType]) -> str:
    found = set(inputs.values())
    names = [
        name
        for name, type_ in (("UTC, datetime", types.Timestamp), ("date", types.Date))
        if type_ in found
    ]
    decimal = any(isinstance(type_, types.Decimal) for type_ in found)
    lines = [f"from datetime import {', '.join(names)}"] if names else []
    lines += ["from decimal import Decimal"] if decimal else []
    return "".join(f"{line}\n" for line in lines) + ("\n" if lines else "")
