from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from syrupy.extensions.json import JSONSnapshotExtension

if TYPE_CHECKING:
    from aws_cdk.assertions import Template
    from syrupy.assertion import SnapshotAssertion

_ASSET = re.compile(r"[0-9a-f]{64}")


@pytest.mark.parametrize("name", ["data", "jobs"])
def test_a_change_of_a_stack_is_seen_in_review(
    templates: dict[str, Template], name: str, snapshot: SnapshotAssertion
) -> None:
    template = templates[f"skewless-dev-{name}"].to_json()

    assert without_assets(template) == snapshot(extension_class=JSONSnapshotExtension)


def without_assets(value: Any) -> Any:
    """Replace the hashes of packages: what is in them has tests of its own."""
    match value:
        case str():
            return _ASSET.sub("<asset>", value)
        case dict():
            return {key: without_assets(inner) for key, inner in value.items()}
        case list():
            return [without_assets(inner) for inner in value]
        case _:
            return value
