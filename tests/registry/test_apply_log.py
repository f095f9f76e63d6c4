"""The log of applies, and the registry as it was."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from skewless.definitions.collection import Definitions
from skewless.errors import DocumentError, PublishError
from skewless.registry.changes import compare
from tests.registry.builders import TABLE, a_source, a_view
from tests.registry.publishing import NOW

if TYPE_CHECKING:
    from skewless.aws import Aws
    from skewless.registry.registry import Registry

WORDS = {"description": "told", "owner": "ml"}
WIDER = a_source(
    schema={**a_source().schema, "more": a_source().schema["distance"]}, description="wide"
)


def publish(registry: Registry, *items: object, minutes: int, message: str = "") -> None:
    plan = compare(registry.load().definitions, Definitions.collect(items))
    registry.publish(
        plan, NOW + timedelta(minutes=minutes), by="arn:ann", commit="abc", message=message
    )


def test_each_apply_is_told_with_who_and_why_the_newest_first(registry: Registry) -> None:
    publish(registry, a_view(), minutes=0, message="begun")
    publish(registry, a_view(), minutes=1)
    publish(registry, a_view(**WORDS), minutes=2, message="words")
    words, begun = registry.log()
    assert (words.by, words.commit, words.message) == ("arn:ann", "abc", "words")
    assert [(item.action, item.subject) for item in words.changes] == [
        ("describe", "view 'delays' version 1")
    ]
    assert words.changes[0].details == ("description: '' became 'told'", "owner: '' became 'ml'")
    assert [item.action for item in begun.changes] == ["create"] * 3
    assert [entry.message for entry in registry.log(limit=1)] == ["words"]
    assert registry.log(since=begun.at) == [words]


def test_the_registry_is_shown_as_it_was(registry: Registry) -> None:
    first, second = a_view(), a_view(**WORDS, source=WIDER)
    publish(registry, first, minutes=0)
    publish(registry, second, minutes=2)
    publish(registry, a_view(version=2, source=WIDER), minutes=4)
    moments = [NOW + timedelta(minutes=minutes) for minutes in (1, 3, 5)]
    found = [state.published for state in registry.states(*moments)]
    assert [len(each.definitions.views) for each in found] == [1, 1, 2]
    assert [each.view("delays", 1).description for each in found] == ["", "told", "told"]
    assert [len(each.source("flights").columns) for each in found] == [
        len(first.source.columns),
        *[len(WIDER.columns)] * 2,
    ]


def test_who_loses_is_told_who_won(registry: Registry) -> None:
    mine, theirs = (
        Definitions.collect(a_view(features={"n": feature}))
        for feature in (a_view().aggregations["mean_1d"], a_view().aggregations["flights_1h"])
    )
    plans = [compare(Definitions(), each) for each in (mine, theirs)]
    registry.publish(plans[0], NOW, by="arn:ann")
    with pytest.raises(PublishError, match=r"'delays' version 1: arn:ann \(at .*\) published this"):
        registry.publish(plans[1], NOW, by="arn:bob")
    assert len(registry.log()) == 1


def test_an_entry_that_was_edited_is_told(registry: Registry, aws: Aws) -> None:
    publish(registry, a_view(), minutes=0)
    client = aws.client("dynamodb")
    key = {"pk": {"S": "log"}}
    (item,) = client.query(
        TableName=TABLE,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": key["pk"]},
    )["Items"]
    client.put_item(TableName=TABLE, Item={**item, "d": {"S": "{}"}})
    with pytest.raises(DocumentError, match="edited by hand"):
        registry.log()


def test_a_large_apply_is_told_without_what_was_before(registry: Registry) -> None:
    publish(registry, a_view(description="x" * 360_000), minutes=0)
    publish(registry, a_view(), minutes=1, message="short")
    assert registry.log()[0].message == "short"
    with pytest.raises(DocumentError, match="too large for one item"):
        registry.states(NOW + timedelta(seconds=30))
