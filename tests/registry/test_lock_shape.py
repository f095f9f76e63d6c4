"""Locks of which a member has another form, and locks of which a part is missing."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from skewless import FeatureStore
from skewless.errors import DocumentError
from skewless.registry.lock import LockedResources, digest_of, read_lock, write_lock
from tests.registry.builders import REGION, a_service, a_view

if TYPE_CHECKING:
    from pathlib import Path

ARN = f"arn:aws:dynamodb:{REGION}:123456789012:table/online"
RESOURCES = LockedResources(store="prod", online_table="online", online_table_arn=ARN)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "skewless.lock"
    write_lock(found, a_service(a_view(features=["delay"])), RESOURCES, REGION)
    return found


def refusal(path: Path, document: object) -> str:
    path.write_text(json.dumps(document))
    with pytest.raises(DocumentError) as caught:
        read_lock(path)
    text = str(caught.value)
    assert str(path) in text
    assert "run skewless lock again" in text
    return text


def test_a_lock_that_ends_anywhere_is_refused(path: Path) -> None:
    for end in reversed(range(len(path.read_bytes().rstrip()))):
        os.truncate(path, end)
        with pytest.raises(DocumentError, match="is not JSON"):
            read_lock(path)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("definitions", {}),
        ("definitions", "view"),
        ("definitions", [[]]),
        ("definitions", [{"key": "view#a#00001", "fingerprint": "x"}]),
        ("definitions", [{"key": ["view"], "fingerprint": "x", "document": {}}]),
        ("definitions", [{"key": "a view", "fingerprint": "x", "document": {}}]),
        ("store", 7),
        ("store", ""),
        ("region", "eu-west-1.example.com/"),
        ("region", None),
        ("online_table", "online?x=1"),
        ("online_table_arn", "arn:aws:s3:eu-west-1:123456789012:table/online"),
        ("online_table_arn", ARN.replace("1234", "abcd")),
        ("service", "arrival_model"),
        ("service", "view#delays#00001"),
        ("service", "service#arrival_model#00009"),
        ("digest", "0" * 63),
        ("digest", None),
    ],
)
def test_a_member_of_another_form_is_refused_by_name(path: Path, member: str, value: Any) -> None:
    document = json.loads(path.read_text())
    text = refusal(path, {**document, member: value})
    assert f"its {member}" in text or "its definition 1" in text


@pytest.mark.parametrize("number", [True, 1.0, "1", None, 2])
def test_a_format_is_the_number_alone(path: Path, number: object) -> None:
    document = json.loads(path.read_text())
    assert f"has format {number!r}" in refusal(path, {**document, "format": number})


def test_a_definition_that_stands_twice_is_refused(path: Path) -> None:
    document = json.loads(path.read_text())
    document["definitions"].append(document["definitions"][0])
    document["digest"] = digest_of(document)
    assert "two definitions 'entity#carrier#00001'" in refusal(path, document)


@pytest.mark.parametrize("depth", [300, 900, 5000])
def test_a_member_that_nests_deep_is_refused(path: Path, depth: int) -> None:
    text = path.read_text().replace('"format"', f'"more": {"[" * depth}{"]" * depth}, "format"')
    path.write_text(text)
    with pytest.raises(DocumentError, match=r"nested too deeply|does not match its digest"):
        read_lock(path)


def test_both_sides_of_a_merge_are_refused(path: Path) -> None:
    ours = path.read_text().splitlines()
    theirs = [line.replace("prod", "staging").replace("delay", "distance") for line in ours]
    union = [line for pair in zip(ours, theirs, strict=True) for line in dict.fromkeys(pair)]
    path.write_text("\n".join(union))
    with pytest.raises(DocumentError, match=r"two members|is not JSON"):
        read_lock(path)


def test_an_infinity_is_no_number(path: Path) -> None:
    path.write_text(path.read_text().replace("null", "1e999", 1))
    with pytest.raises(DocumentError, match="1e999 is too large for a number"):
        read_lock(path)


def test_what_has_no_end_is_no_lock() -> None:
    with pytest.raises(DocumentError, match="more bytes than any lock"):
        read_lock("/dev/zero")


def test_a_service_with_a_patch_is_locked(path: Path) -> None:
    service = a_service(a_view(version="2.0.1"), version="1.2.3")
    write_lock(path, service, RESOURCES, REGION)
    assert read_lock(path).service == service
    assert FeatureStore.from_lock(path).published.definitions.services == (service,)
