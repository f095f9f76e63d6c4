"""State machines: all of them, also CloudFormation's, are made in the backend that executes.

Stock moto has two backends. Executions run in the second one only, which a switch chooses for the
API but nothing for CloudFormation: a deployed machine is never found. Its grammar refuses a
tolerated percentage without a decimal point.
"""

from __future__ import annotations

import functools
import json
import re
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.s3.models import s3_backends
from moto.stepfunctions import models, responses
from moto.stepfunctions.models import StateMachine
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.models import (
    StepFunctionsParserBackend,
    stepfunctions_parser_backends,
)
from moto.stepfunctions.utils import cfn_to_api_tags
from moto.utilities.utils import get_partition

_WHOLE_PERCENTAGE = re.compile(r'("ToleratedFailurePercentage"\s*:\s*\d+)(?=\s*[,}])')


class StateMachineAlreadyExistsError(JsonRESTError):
    """Another state machine has this name."""

    def __init__(self, arn: str) -> None:
        super().__init__("StateMachineAlreadyExists", f"State Machine Already Exists: '{arn}'")


@functools.cache
def apply() -> None:
    """Patch moto, once a process."""
    for module in (models, responses):
        inside: Any = module
        inside.stepfunctions_backends = stepfunctions_parser_backends
    chooser: Any = responses
    chooser.get_backend = _backend
    _refuse_another_definition()
    _parse_whole_percentages()
    machine: Any = StateMachine
    machine.create_from_cloudformation_json = classmethod(_create_from_template)
    machine.update_from_cloudformation_json = classmethod(_update_from_template)


def create_state_machine(
    name: str, properties: dict[str, Any], account_id: str, region_name: str
) -> StateMachine:
    """Make a state machine of the properties of an `AWS::StepFunctions::StateMachine`."""
    backend: Any = _backend(account_id, region_name)
    machine: StateMachine = backend.create_state_machine(
        name=properties.get("StateMachineName", name),
        definition=_definition(properties, account_id, region_name),
        roleArn=properties["RoleArn"],
        tags=cfn_to_api_tags(properties.get("Tags", [])),
        loggingConfiguration=_as_api(properties.get("LoggingConfiguration")),
        tracingConfiguration=_as_api(properties.get("TracingConfiguration")),
        sm_type=properties.get("StateMachineType"),
    )
    return machine


def _backend(account: str, region: str) -> StepFunctionsParserBackend:
    return stepfunctions_parser_backends[account][region]


def _refuse_another_definition() -> None:
    backend: Any = StepFunctionsParserBackend
    stock = backend.create_state_machine

    def create(self: Any, name: str, definition: str, *rest: Any, **named: Any) -> Any:
        machine = stock(self, name, definition, *rest, **named)
        if machine.definition != definition:
            raise StateMachineAlreadyExistsError(machine.arn)
        return machine

    backend.create_state_machine = create


def _parse_whole_percentages() -> None:
    parser: Any = AmazonStateLanguageParser
    stock = parser.parse
    parser.parse = staticmethod(lambda text: stock(_WHOLE_PERCENTAGE.sub(r"\1.0", text)))


def _create_from_template(
    _: Any,
    /,
    resource_name: str,
    cloudformation_json: Any,
    account_id: str,
    region_name: str,
    **_options: Any,
) -> StateMachine:
    properties = cloudformation_json["Properties"]
    return create_state_machine(resource_name, properties, account_id, region_name)


def _update_from_template(
    _: Any,
    /,
    original_resource: Any,
    new_resource_name: str,
    cloudformation_json: Any,
    account_id: str,
    region_name: str,
) -> StateMachine:
    properties = cloudformation_json["Properties"]
    backend: Any = _backend(account_id, region_name)
    if properties.get("StateMachineName", original_resource.name) != original_resource.name:
        machine = create_state_machine(new_resource_name, properties, account_id, region_name)
        backend.delete_state_machine(original_resource.arn)
        return machine
    updated: StateMachine = backend.update_state_machine(
        original_resource.arn,
        definition=_definition(properties, account_id, region_name),
        role_arn=properties["RoleArn"],
        logging_configuration=_as_api(properties.get("LoggingConfiguration")),
        tracing_configuration=_as_api(properties.get("TracingConfiguration")),
    )
    backend.tag_resource(updated.arn, cfn_to_api_tags(properties.get("Tags", [])))
    return updated


def _definition(properties: dict[str, Any], account_id: str, region_name: str) -> str:
    if "DefinitionS3Location" in properties:
        place = properties["DefinitionS3Location"]
        store: Any = s3_backends[account_id][get_partition(region_name)]
        text = store.get_object(place["Bucket"], place["Key"]).value.decode()
    else:
        text = properties.get("DefinitionString") or json.dumps(properties["Definition"])
    for name, value in properties.get("DefinitionSubstitutions", {}).items():
        text = text.replace("${" + name + "}", str(value))
    return str(text)


def _as_api(value: Any) -> Any:
    """A property of a template as the API spells it: names begin with a small letter."""
    match value:
        case dict():
            return {name[0].lower() + name[1:]: _as_api(inner) for name, inner in value.items()}
        case list():
            return [_as_api(inner) for inner in value]
        case "true" | "false":
            return value == "true"
    return value
