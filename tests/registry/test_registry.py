from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from skewless import agg
from skewless.definitions.collection import Definitions
from skewless.errors import (
    NaiveTimestampError,
    PublishError,
    StoreError,
    UnknownNameError,
)
from skewless.registry.changes import compare
from skewless.registry.registry import Registry
from skewless.types import Float64, Int64, String
from tests.registry.builders import (
    TABLE,
    a_source,
    a_view,
    an_entity,
    everything,
)
from tests.registry.publishing import NOW, interpose, items, publish

if TYPE_CHECKING:
    from skewless.aws import Aws


def test_an_empty_registry_holds_nothing(registry: Registry) -> None:
    assert registry.load().definitions == Definitions()


def test_what_is_published_is_loaded_again(registry: Registry) -> None:
    publish(registry, everything())
    assert registry.load().definitions == everything()


def test_items_are_found_by_kind_name_and_version(registry: Registry, aws: Aws) -> None:
    publish(registry, everything())
    assert set(items(aws)) == {
        "entity#carrier#00001",
        "source#flights#00001",
        "view#delays#00001",
        "view#last_seen#00001",
        "view#trend#00001",
        "service#arrival_model#00001",
    }
    item = items(aws)["view#delays#00001"]
    assert item["pk"] == {"S": "definition"}
    assert item["published_at"] == {"S": "2026-01-02T03:04:05+00:00"}


def test_publishing_again_writes_nothing(aws: Aws) -> None:
    registry, client = interpose(aws, lambda _: None)
    publish(registry, everything())
    publish(registry, everything())
    assert client.transactions == [8]  # and the log, and the head


def test_prose_is_rewritten_and_the_first_time_of_publishing_kept(
    registry: Registry, aws: Aws
) -> None:
    publish(registry, a_view())
    before = items(aws)["view#delays#00001"]
    publish(registry, a_view(description="how late"), NOW.replace(year=2027))
    after = items(aws)["view#delays#00001"]
    view = registry.load().view("delays")
    assert view.description == "how late"
    assert after["fingerprint"] == before["fingerprint"]
    assert after["published_at"] == before["published_at"]


def test_a_source_is_extended_in_place_and_its_views_see_it(registry: Registry) -> None:
    wider = a_source(
        schema={"carrier": String, "delay": Float64, "distance": Int64, "gate": String}
    )
    publish(registry, a_view())
    publish(registry, wider)
    assert registry.load().source("flights") == wider
    assert registry.load().view("delays") == a_view(source=wider)


def test_versions_live_beside_each_other(registry: Registry) -> None:
    publish(registry, a_view())
    second = a_view(version=2, features={"mean_1d": agg.mean("delay", window="2d")})
    publish(registry, second)
    published = registry.load()
    assert published.view("delays") == second
    assert published.view("delays", 1) == a_view()


def test_a_refused_plan_writes_nothing_and_says_why(registry: Registry, aws: Aws) -> None:
    publish(registry, a_view(features={"x": agg.mean("delay", window="1d")}))
    before = items(aws)
    with pytest.raises(PublishError) as caught:
        publish(registry, [a_view(features={"x": agg.mean("delay", window="2d")}), a_source()])
    assert items(aws) == before
    assert str(caught.value) == (
        "nothing was published:\n"
        "refuse    view 'delays' version 1\n"
        "          feature 'x': agg.mean('delay', window='1d') became "
        "agg.mean('delay', window='2d')\n"
        "          what version 1 means never changes: publish it as version=2"
    )


def test_large_documents_share_no_transaction_beyond_its_limit(aws: Aws) -> None:
    registry, client = interpose(aws, lambda _: None)
    publish(registry, [an_entity(name=f"e{n}", description="x" * 300_000) for n in range(12)])
    # The last empties the stage of the twelfth.
    assert client.transactions == [13, 2, 1]
    assert len(registry.load().definitions.entities) == 12


def test_a_document_that_no_item_can_hold_is_refused_before_anything_is_written(
    registry: Registry, aws: Aws
) -> None:
    with pytest.raises(PublishError) as caught:
        publish(registry, a_view(description="x" * 400_000))
    assert "view 'delays' version 1 is 400," in str(caught.value)
    assert "at most 390,000 in one item" in str(caught.value)
    assert items(aws) == {}


def test_a_naive_time_of_publishing_is_refused(registry: Registry) -> None:
    wanted = everything()
    with pytest.raises(NaiveTimestampError):
        registry.publish(compare(Definitions(), wanted), NOW.replace(tzinfo=None))


def test_a_missing_table_is_a_store_error(aws: Aws) -> None:
    with pytest.raises(StoreError, match="registry table 'nowhere' could not be read"):
        Registry(aws, "nowhere").load()


def test_a_table_that_does_not_fit_together_is_a_store_error(registry: Registry, aws: Aws) -> None:
    publish(registry, everything())
    key = {"pk": {"S": "definition"}, "sk": {"S": "source#flights#00001"}}
    aws.client("dynamodb").delete_item(TableName=TABLE, Key=key)
    with pytest.raises(StoreError, match="does not fit together"):
        registry.load()


def test_many_pages_are_read(registry: Registry) -> None:
    wanted = [an_entity(name=f"e{n}", description="x" * 380_000) for n in range(9)]
    publish(registry, wanted)
    assert len(registry.load().definitions.entities) == 9


def test_unknown_names_come_with_near_misses(registry: Registry) -> None:
    publish(registry, everything())
    published = registry.load()
    with pytest.raises(UnknownNameError) as caught:
        published.view("delay")
    assert str(caught.value) == "there is no view 'delay'. Did you mean 'delays'?"
    with pytest.raises(UnknownNameError, match=r"there is no view 'delays@3'. Did you mean"):
        published.view("delays", 3)
    with pytest.raises(UnknownNameError, match="service 'arrival'"):
        published.service("arrival")
    with pytest.raises(UnknownNameError, match="source 'flight'"):
        published.source("flight")
    with pytest.raises(UnknownNameError, match="entity 'carriers'"):
        published.entity("carriers")
    assert published.entity("carrier") == an_entity()
