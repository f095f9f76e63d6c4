"""What is written into an answer, and read from it, is what stock moto and botocore would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.utils import parse_timestamp
from moto.core.serialize import AttributePickerContext, JSONSerializer, XFormedAttributePicker
from moto.core.utils import get_service_model

from localaws.core import answers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localaws import LocalAws


def members(shape: Any, seen: set[str]) -> Iterator[tuple[str, Any]]:
    """All members of what an answer holds, each with its parent as moto notes it."""
    if shape is None or shape.name in seen:
        return
    seen.add(shape.name)
    match shape.type_name:
        case "structure":
            for key, member in shape.members.items():
                member.parent = shape
                yield key, member
                yield from members(member, seen)
        case "list":
            yield from members(shape.member, seen)
        case "map":
            yield from members(shape.value, seen)


@pytest.mark.parametrize("service", ["s3", "glue", "ssm", "kms", "athena", "rds"])
def test_a_member_is_found_under_the_names_that_moto_looks_for(service: str) -> None:
    model = get_service_model(service)
    seen: set[str] = set()
    count = 0
    for name in model.operation_names:
        operation = model.operation_model(name)
        picker = XFormedAttributePicker()
        serializer: Any = JSONSerializer(operation, value_picker=picker)

        def stock(_: Any, value: Any, key: str, shape: Any) -> Any:
            return picker(AttributePickerContext(value, key, shape))  # noqa: B023

        quick = answers.quickly(stock)
        for key, shape in members(operation.output_shape, seen):
            names = list(picker.get_possible_keys(AttributePickerContext({}, key, shape)))
            every = {each: place for place, each in enumerate(reversed(names))}
            given = [{}, every, {names[0]: None, **every}, *({each: 1} for each in names)]
            for value in given:
                count += 1
                assert quick(serializer, value, key, shape) == stock(None, value, key, shape)
    assert count > 100


@pytest.mark.parametrize(
    "text",
    [
        "2024-03-05T12:00:00.000Z",
        "2024-03-05T12:00:00.123456Z",
        "2024-03-05T12:00:00+02:00",
        "Tue, 05 Mar 2024 12:00:00 GMT",
        "1709640000",
        1709640000,
        1709640000.25,
    ],
)
def test_an_instant_is_read_as_botocore_reads_it(aws: LocalAws, text: Any) -> None:
    session = aws.session()._session
    parser = session.get_component("response_parser_factory").create_parser("rest-xml")
    for _ in range(2):
        found, expected = parser._timestamp_parser(text), parse_timestamp(text)
        assert found == expected
        assert found.utcoffset() == expected.utcoffset()
        assert type(found.tzinfo) is type(expected.tzinfo)


def test_what_is_no_instant_is_refused_each_time(aws: LocalAws) -> None:
    session = aws.session()._session
    parser = session.get_component("response_parser_factory").create_parser("rest-xml")
    for _ in range(2):
        with pytest.raises(ValueError, match="Invalid timestamp"):
            parser._timestamp_parser("no instant")
