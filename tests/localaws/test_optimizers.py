"""Tables keep the optimizers that they were given."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from localaws import LocalAws

ON = {"roleArn": "arn:aws:iam::123456789012:role/optimizer", "enabled": True}


@pytest.fixture
def glue() -> Any:
    return LocalAws.start().client("glue")


@pytest.fixture
def address(glue: Any) -> dict[str, str]:
    name = f"db{uuid.uuid4().hex}"
    glue.create_database(DatabaseInput={"Name": name})
    glue.create_table(DatabaseName=name, TableInput={"Name": "events"})
    return {
        "CatalogId": "123456789012",
        "DatabaseName": name,
        "TableName": "events",
        "Type": "compaction",
    }


def test_an_optimizer_is_found_as_it_was_made(glue: Any, address: dict[str, str]) -> None:
    glue.create_table_optimizer(**address, TableOptimizerConfiguration=ON)
    found = glue.get_table_optimizer(**address)["TableOptimizer"]
    assert (found["type"], found["configuration"]) == ("compaction", ON)


def test_one_table_has_one_optimizer_of_a_type(glue: Any, address: dict[str, str]) -> None:
    glue.create_table_optimizer(**address, TableOptimizerConfiguration=ON)
    with pytest.raises(glue.exceptions.AlreadyExistsException):
        glue.create_table_optimizer(**address, TableOptimizerConfiguration=ON)


def test_an_optimizer_is_switched_off_and_deleted(glue: Any, address: dict[str, str]) -> None:
    glue.create_table_optimizer(**address, TableOptimizerConfiguration=ON)
    glue.update_table_optimizer(**address, TableOptimizerConfiguration={**ON, "enabled": False})
    found = glue.get_table_optimizer(**address)["TableOptimizer"]
    assert not found["configuration"]["enabled"]
    glue.delete_table_optimizer(**address)
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.get_table_optimizer(**address)


def test_a_batch_says_which_are_not_there(glue: Any, address: dict[str, str]) -> None:
    glue.create_table_optimizer(**address, TableOptimizerConfiguration=ON)
    entry = {name[0].lower() + name[1:]: value for name, value in address.items()}
    asked = [entry, {**entry, "type": "orphan_file_deletion"}]
    answer = glue.batch_get_table_optimizer(Entries=asked)
    assert [one["tableOptimizer"]["type"] for one in answer["TableOptimizers"]] == ["compaction"]
    assert [one["type"] for one in answer["Failures"]] == ["orphan_file_deletion"]


def test_a_table_that_is_not_there_has_no_optimizer(glue: Any, address: dict[str, str]) -> None:
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.create_table_optimizer(
            **{**address, "TableName": "other"}, TableOptimizerConfiguration=ON
        )
