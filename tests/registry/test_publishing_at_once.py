from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from skewless import agg
from skewless.definitions.collection import Definitions
from skewless.errors import PublishError, StoreError
from skewless.registry.changes import compare
from skewless.types import Float64, Int64, String
from tests.registry.builders import (
    a_service,
    a_source,
    a_view,
    an_entity,
    an_on_demand_view,
    everything,
)
from tests.registry.publishing import NOW, interpose, items, publish

if TYPE_CHECKING:
    from skewless.aws import Aws
    from skewless.registry.registry import Registry


def test_of_two_who_publish_at_once_the_second_is_refused(registry: Registry, aws: Aws) -> None:
    mine = Definitions.collect(a_view(features={"x": agg.mean("delay", window="1d")}))
    theirs = Definitions.collect(a_view(features={"x": agg.mean("delay", window="2d")}))
    plans = [compare(registry.load().definitions, wanted) for wanted in (mine, theirs)]
    registry.publish(plans[0], NOW)
    before = items(aws)
    with pytest.raises(PublishError) as caught:
        registry.publish(plans[1], NOW)
    assert str(caught.value) == (
        "view 'delays' version 1: someone else published this with another meaning, or in other "
        "words, or marked it, since the plan was made. Run skewless plan again to see how it "
        "differs"
    )
    assert items(aws) == before


def test_two_who_publish_the_same_at_once_both_succeed(registry: Registry) -> None:
    wanted = everything()
    plan = compare(registry.load().definitions, wanted)
    registry.publish(plan, NOW)
    registry.publish(plan, NOW)
    assert registry.load().definitions == wanted


def test_two_who_extend_a_source_at_once_do_not_lose_a_column(registry: Registry) -> None:
    schema = {"carrier": String, "delay": Float64, "distance": Int64}
    publish(registry, a_source())
    sides = [
        Definitions.collect(a_source(schema={**schema, name: String})) for name in ("gate", "tail")
    ]
    plans = [compare(registry.load().definitions, wanted) for wanted in sides]
    registry.publish(plans[0], NOW)
    with pytest.raises(PublishError, match="source 'flights': someone else"):
        registry.publish(plans[1], NOW)
    assert "gate" in registry.load().source("flights").schema


def test_people_who_publish_at_once_agree_on_the_order(registry: Registry) -> None:
    # One knows the shared view as its first definition, the other after many of its own.
    mine = Definitions.collect([an_on_demand_view()])
    others = [an_entity(name=f"e{number}") for number in range(30)]
    theirs = Definitions.collect([*others, a_service(an_on_demand_view())])
    plans = [compare(Definitions(), wanted) for wanted in (mine, theirs)]
    registry.publish(plans[1], NOW)
    registry.publish(plans[0], NOW)
    assert registry.load().service("arrival_model") == a_service(an_on_demand_view())


def test_a_transaction_in_conflict_is_repeated(aws: Aws) -> None:
    client = aws.client("dynamodb")

    def conflict(transaction: int) -> None:
        if transaction <= 2:
            raise client.exceptions.TransactionCanceledException(
                {
                    "Error": {"Code": "TransactionCanceledException"},
                    "CancellationReasons": [{"Code": "None"}, {"Code": "TransactionConflict"}],
                },
                "TransactWriteItems",
            )

    registry, interposed = interpose(aws, conflict)
    publish(registry, a_view())
    assert interposed.transactions == [5, 5, 5]
    assert registry.load().view("delays") == a_view()


def test_a_transaction_cancelled_for_another_reason_is_a_store_error(aws: Aws) -> None:
    client = aws.client("dynamodb")

    def cancel(_: int) -> None:
        raise client.exceptions.TransactionCanceledException(
            {
                "Error": {"Code": "TransactionCanceledException"},
                "CancellationReasons": [{"Code": "ThrottlingError"}],
            },
            "TransactWriteItems",
        )

    registry, interposed = interpose(aws, cancel)
    with pytest.raises(StoreError, match="could not be written"):
        publish(registry, a_view())
    assert interposed.transactions == [5]
