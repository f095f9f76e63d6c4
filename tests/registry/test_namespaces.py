"""Namespaces in the registry's table: one write each, and what they leave is noted."""

from __future__ import annotations

import zlib
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from skewless.errors import DocumentError, InputError, PublishError
from skewless.registry.namespaces import PARTITION, DevNamespace, Namespaces, checked_name
from skewless.registry.trial import Trial
from tests.registry.builders import TABLE
from tests.registry.publishing import NOW

if TYPE_CHECKING:
    from skewless.aws import Aws
    from skewless.registry.registry import Registry

DOCUMENT = {"kind": "FeatureView", "name": "clicks", "version": 2}
TRIAL = Trial((DOCUMENT,), (("0123456789abcdef", DOCUMENT),))
CLICKS = "clicks@2#0123456789abcdef"


@pytest.fixture
def namespaces(aws: Aws) -> Namespaces:
    return Namespaces(aws, TABLE)


def a_namespace(**changes: Any) -> DevNamespace:
    given: dict[str, Any] = {
        "name": "anna",
        "owner": "arn:anna",
        "by": "arn:anna",
        "created_at": NOW,
        "applied_at": NOW,
        "expires_at": NOW + timedelta(days=7),
        "trial": TRIAL,
    }
    return DevNamespace(**{**given, **changes})


def test_a_namespace_comes_back_as_it_was_written(namespaces: Namespaces) -> None:
    put = namespaces.put(a_namespace(message="why", commit="abc"), None)
    assert namespaces.find("anna") == put == namespaces.all()[0]
    assert replace(put, generation="") == a_namespace(message="why", commit="abc")


def test_what_is_published_knows_nothing_of_it(namespaces: Namespaces, registry: Registry) -> None:
    namespaces.put(a_namespace(), None)
    assert [*registry.load().definitions] == []
    assert registry.log() == []


def test_of_two_who_apply_at_once_the_second_is_refused(namespaces: Namespaces) -> None:
    seen = namespaces.put(a_namespace(), None)
    with pytest.raises(PublishError, match="'anna' was changed by somebody else"):
        namespaces.put(a_namespace(), None)
    namespaces.put(a_namespace(by="arn:bob"), seen)
    with pytest.raises(PublishError, match="'anna' was changed"):
        namespaces.put(a_namespace(), seen)


def test_an_apply_keeps_the_owner_and_what_was_filled(namespaces: Namespaces) -> None:
    seen = namespaces.put(a_namespace(), None)
    namespaces.fill(seen, CLICKS)
    later = namespaces.put(
        a_namespace(owner="arn:bob", by="arn:bob", created_at=NOW + timedelta(days=1)), seen
    )
    assert (later.owner, later.by, later.created_at) == ("arn:anna", "arn:bob", NOW)
    assert later.filled == {CLICKS}


def test_a_cut_begins_only_in_what_was_seen(namespaces: Namespaces) -> None:
    seen = namespaces.put(a_namespace(), None)
    namespaces.put(a_namespace(), seen)
    with pytest.raises(InputError, match="dropped or applied to meanwhile"):
        namespaces.fill(seen, CLICKS)


def test_a_drop_notes_what_is_left_in_the_same_write(namespaces: Namespaces) -> None:
    seen = namespaces.put(a_namespace(), None)
    namespaces.fill(seen, CLICKS)
    with pytest.raises(PublishError):
        namespaces.drop(seen, 5)  # it was filled since
    found = namespaces.find("anna")
    assert found is not None
    namespaces.drop(found, 5)
    assert namespaces.all() == []
    (removal,) = namespaces.removals()
    assert (removal.partition, removal.view, removal.noted_at) == (CLICKS, "clicks@2", 5)
    namespaces.removed(removal, is_late=True)
    assert [each.is_late for each in namespaces.removals()] == [True]
    namespaces.removed(removal, is_late=False)
    assert namespaces.removals() == []


def test_more_views_than_a_transaction_takes_are_noted(namespaces: Namespaces) -> None:
    seen = namespaces.put(a_namespace(), None)
    for number in range(120):
        namespaces.fill(seen, f"clicks@{number}#0123456789abcdef")
    found = namespaces.find("anna")
    assert found is not None
    namespaces.release(found, sorted(found.filled)[:100], 5)
    rest = namespaces.find("anna")
    assert rest is not None
    namespaces.drop(rest, 6)
    assert len(namespaces.removals()) == 120


def test_it_expires_at_its_instant(namespaces: Namespaces) -> None:
    del namespaces
    at = int((NOW + timedelta(days=7)).timestamp() * 1_000_000)
    assert not a_namespace().is_expired(at - 1)
    assert a_namespace().is_expired(at)


@pytest.mark.parametrize("name", ["a", "anna", "feature-12", "0", "a" * 40])
def test_names_of_people_and_branches_are_taken(name: str) -> None:
    assert checked_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        *("", "-a", "a-", "a--b", "Anna", "a b", "a#b", "a/b", "a.b", "a\n", "ä", "a" * 41, "a_b"),
        *("../x", "definition#", "a'; --", "\u0430nna", None, b"a"),
    ],
)
def test_hostile_names_are_refused(name: object) -> None:
    with pytest.raises(InputError, match="the namespace's name"):
        checked_name(name)


@pytest.mark.parametrize(
    "attribute",
    [
        {"d": {"B": b"no zip"}},
        {"d": {"B": zlib.compress(b"{}")}},
        {"d": {"B": zlib.compress(b"\0" * 70_000_000)}},
        {"expires": {"S": "soon"}},
    ],
    ids=["no zip", "no members", "a bomb", "no date"],
)
def test_an_item_that_was_edited_is_refused_by_name(
    aws: Aws, namespaces: Namespaces, attribute: dict[str, Any]
) -> None:
    namespaces.put(a_namespace(), None)
    client = aws.client("dynamodb")
    key = {"pk": {"S": PARTITION}, "sk": {"S": "anna"}}
    item = client.get_item(TableName=TABLE, Key=key)["Item"]
    client.put_item(TableName=TABLE, Item=item | attribute)
    with pytest.raises(DocumentError, match="namespace 'anna' cannot be read"):
        namespaces.all()


def test_a_trial_that_no_item_holds_is_refused(namespaces: Namespaces) -> None:
    large = {**DOCUMENT, "description": "".join(chr(33 + n * n % 90) for n in range(3_000_000))}
    noise = "".join(f"{n * 2_654_435_761 % 2**32:08x}" for n in range(150_000))
    with pytest.raises(PublishError, match="Apply fewer definitions"):
        namespaces.put(a_namespace(trial=Trial((large, {**DOCUMENT, "owner": noise}))), None)
