"""Words are counted: MAJOR.MINOR.PATCH."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from skewless.cli.written_version import with_version
from skewless.definitions.collection import Definitions
from skewless.definitions.version import Version
from skewless.errors import DocumentError, PublishError, UnknownNameError
from skewless.registry.changes import compare
from skewless.registry.identity import Identity, meaning
from skewless.registry.patches import with_patches, written_in
from skewless.registry.published import Published
from tests.registry.builders import TABLE, a_service, a_source, a_view, an_entity
from tests.registry.publishing import NOW

if TYPE_CHECKING:
    from skewless.aws import Aws
    from skewless.registry.plan import Plan
    from skewless.registry.registry import Registry

VIEW = Identity.of(a_view())


def planned(before: object, after: object, counted: int = 0) -> Any:
    wanted = Definitions.collect(after)
    plan = compare(Definitions.collect(before) if before else Definitions(), wanted)
    plan = with_patches(plan, {VIEW: counted}, written_in(wanted))
    (found,) = [change for change in plan.changes if change.identity == VIEW]
    return found


@pytest.mark.parametrize(
    ("counted", "version", "words", "expected"),
    [
        (0, 1, "new", ("describe", "1.0.1")),
        (4, 1, "new", ("describe", "1.0.5")),
        (4, "1.0.5", "new", ("describe", "1.0.5")),
        (4, "1.0.9", "new", ("describe", "1.0.9")),
        (4, "1.0.9", "", ("describe", "1.0.9")),
        (4, 1, "", ("unchanged", "1.0.4")),
        (4, "1.0.4", "", ("unchanged", "1.0.4")),
        (4, "1.0.2", "", ("unchanged", "1.0.4")),
    ],
)
def test_the_registry_counts_and_takes_a_greater_number(
    counted: int, version: Any, words: str, expected: tuple[str, str]
) -> None:
    change = planned(a_view(), a_view(version=version, description=words), counted)
    assert change.action.value == expected[0]
    if words or change.action.value == "describe":
        assert change.full_version == expected[1]
        assert change.told[-1].endswith(expected[1])


@pytest.mark.parametrize("version", ["1.0.4", "1.0.1"])
def test_less_than_the_next_one_is_refused_with_the_way_out(version: str) -> None:
    change = planned(a_view(), a_view(version=version, owner="ml"), 4)
    assert change.action.value == "refuse"
    assert change.needed == Version(1, 0, 5)
    assert change.details == (
        "owner: '' became 'ml'",
        (
            f"the words of version {version} are published, and the last are those of 1.0.4: look "
            "at these, and publish yours as version='1.0.5', or leave the patch out, and it is "
            "counted"
        ),
    )


def test_a_new_version_begins_with_the_patch_that_is_written() -> None:
    assert planned([], a_view()).full_version == "1.0.0"
    assert planned([], a_view(version="1.0.2")).full_version == "1.0.2"


def test_bump_writes_a_patch_as_a_text() -> None:
    source = 'FeatureView("delays", version="1.0.1", x=1)'
    found = with_version(source, "delays", Version(1), Version(1, 0, 2))
    assert found == 'FeatureView("delays", version="1.0.2", x=1)'


def plan_of(registry: Registry, *items: object) -> Plan:
    published, wanted = registry.load(), Definitions.collect(items)
    plan = compare(published.definitions, wanted)
    return with_patches(plan, published.patches, written_in(wanted))


def publish(registry: Registry, *items: object, minutes: int = 0, by: str = "arn:ann") -> None:
    registry.publish(plan_of(registry, *items), NOW + timedelta(minutes=minutes), by=by)


def test_each_change_of_words_is_counted_and_shown_as_it_was(registry: Registry) -> None:
    service = a_service(a_view())
    publish(registry, service)
    for number, text in enumerate(("one", "two", "three"), 1):
        publish(registry, a_view(description=text), minutes=number)
    found = registry.load()
    assert found.patches == {VIEW: 3}
    assert str(found.full_version(found.view("delays"))) == "1.0.3"
    assert str(found.full_version(found.service(service.name))) == "1"
    assert [entry.changes[0].full_version for entry in registry.log(limit=3)] == [
        "1.0.3",
        "1.0.2",
        "1.0.1",
    ]
    for minutes, patch, text in ((0, 0, ""), (1, 1, "one"), (2, 2, "two")):
        then = registry.states(NOW + timedelta(minutes=minutes, seconds=30))[0].published
        assert then.full_version(then.view("delays")) == Version(1, 0, patch)
        assert then.view("delays").description == text


def test_words_change_no_fingerprint_and_no_reference(registry: Registry) -> None:
    publish(registry, a_view())
    publish(registry, a_view(version="1.0.7", description="told"))
    published = registry.load()
    view = published.view("delays", "1.0.7")
    assert view.version == 1
    assert meaning(view) == meaning(a_view())
    assert published.view("delays", "1.0.3") is published.parts("delays", "1.0.7")[0] is view
    with pytest.raises(UnknownNameError, match=r"'delays@1\.0\.8'.*'delays@1\.0\.7'"):
        published.view("delays", "1.0.8")


def test_who_describes_what_another_described_meanwhile_is_told(registry: Registry) -> None:
    publish(registry, a_view(), an_entity(), a_source())
    mine = plan_of(registry, a_view(owner="ml"))
    same, other = (plan_of(registry, a_view(description=text)) for text in ("theirs", "others"))
    sources = [plan_of(registry, a_source(owner=name)) for name in ("ann", "bob")]
    registry.publish(same, NOW, by="arn:bob")
    registry.publish(same, NOW, by="arn:bob")
    for late in (mine, other):
        with pytest.raises(
            PublishError, match=r"version 1: arn:bob .* or in other words, or marked it, since"
        ):
            registry.publish(late, NOW)
    registry.publish(sources[0], NOW)
    with pytest.raises(PublishError, match="source 'flights'"):
        registry.publish(sources[1], NOW)
    found = registry.load()
    assert (found.view("delays").description, found.view("delays").owner) == ("theirs", "")
    assert found.patches == {VIEW: 1, Identity.of(a_source()): 1}


def test_who_creates_what_another_created_in_other_words_is_told(registry: Registry) -> None:
    mine, theirs = plan_of(registry, a_view(owner="ml")), plan_of(registry, a_view(owner="ops"))
    registry.publish(theirs, NOW)
    with pytest.raises(PublishError, match="in other words"):
        registry.publish(mine, NOW)
    assert registry.load().view("delays").owner == "ops"


def test_a_patch_that_was_edited_is_told(registry: Registry, aws: Aws) -> None:
    publish(registry, a_view())
    aws.client("dynamodb").update_item(
        TableName=TABLE,
        Key={"pk": {"S": "definition"}, "sk": {"S": VIEW.key}},
        UpdateExpression="SET p = :p",
        ExpressionAttributeValues={":p": {"S": "many"}},
    )
    with pytest.raises(DocumentError, match="the patch of view 'delays' version 1 is no number"):
        registry.load()


def test_what_is_not_counted_has_no_patch() -> None:
    assert Published().patches == {}
    assert written_in([an_entity(), a_source(), a_view(version="1.2")]) == {}
