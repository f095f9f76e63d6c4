from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from skewless.online.attribute import address_key
from skewless.online.batch_get import BatchRead
from skewless.online.record import BatchItem
from tests.online.canned import Canned

ADDRESSES = [(f"delays@1#0#{number}", "B") for number in range(3)]
FOUND = {
    "Responses": {
        "online": [
            address_key(address) | {"c": {"B": "AP8="}, "g": {"N": "7"}} for address in ADDRESSES
        ]
    },
    "UnprocessedKeys": {},
    "ConsumedCapacity": [{"TableName": "online", "CapacityUnits": 1.5}],
}
DATE = "Sat, 05 Oct 2024 00:00:00 GMT"
READ = BatchRead(
    {address: BatchItem(b"\x00\xff", 7) for address in ADDRESSES},
    dict.fromkeys(ADDRESSES, 1 + 2 + 1 + 21),
    1.5,
    DATE,
)


def test_a_read_asks_for_every_key_in_one_request() -> None:
    canned = Canned(FOUND)
    assert canned.table().batch_get(ADDRESSES) == READ
    (request,) = canned.requests
    assert request["ReturnConsumedCapacity"] == "TOTAL"
    asked = request["RequestItems"]["online"]
    assert asked["Keys"] == [address_key(address) for address in ADDRESSES]
    assert set(asked["ProjectionExpression"].split(",")) == set(asked["ExpressionAttributeNames"])


def test_other_calls_of_the_same_client_are_left_alone() -> None:
    canned = Canned(FOUND)
    canned.table().batch_get(ADDRESSES)
    keys = [address_key(address) for address in ADDRESSES]
    answer = canned.client.batch_get_item(RequestItems={"online": {"Keys": keys}})
    assert canned.requests[1] == {"RequestItems": {"online": {"Keys": keys}}}
    assert answer["Responses"]["online"][0]["c"] == {"B": b"\x00\xff"}


def test_a_client_that_does_not_take_our_body_reads_the_same() -> None:
    canned = Canned(FOUND)
    canned.table().batch_get(ADDRESSES)
    events = canned.client.meta.events
    events.unregister("before-call.dynamodb.BatchGetItem", unique_id="skewless-write")
    assert canned.table().batch_get(ADDRESSES) == READ
    assert canned.requests[0] == canned.requests[-1]


@pytest.mark.parametrize("damaged", [b" ", b"{", b'{"Responses": {}}'])
def test_an_answer_whose_checksum_is_wrong_is_asked_for_again(damaged: bytes) -> None:
    canned = Canned((200, damaged), FOUND, attempts=2)
    assert canned.table().batch_get(ADDRESSES) == READ
    assert canned.requests[0] == canned.requests[1]


def test_a_failure_of_a_server_is_asked_again_by_botocore() -> None:
    canned = Canned((500, b"{}"), FOUND, attempts=2)
    assert canned.table().batch_get(ADDRESSES) == READ


def test_a_refusal_says_what_dynamodb_says() -> None:
    body = b'{"__type": "com.amazonaws.dynamodb.v20120810#AccessDeniedException", "message": "no"}'
    with pytest.raises(Exception, match="no") as caught:
        Canned((400, body)).table().batch_get(ADDRESSES)
    assert isinstance(caught.value.__cause__, ClientError)
    assert caught.value.__cause__.response["Error"]["Code"] == "AccessDeniedException"
