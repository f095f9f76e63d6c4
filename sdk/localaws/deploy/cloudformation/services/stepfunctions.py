"""Step Functions: state machines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from localaws.deploy.cloudformation import tags
from localaws.deploy.cloudformation.failure import ResourceError
from localaws.deploy.cloudformation.resource import ResourceType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localaws.deploy.cloudformation.resource import Resource

_NAME_LIMIT = 80


class StateMachine(ResourceType):
    """A state machine."""

    name = "AWS::StepFunctions::StateMachine"
    properties = frozenset(
        {
            "Definition",
            "DefinitionS3Location",
            "DefinitionString",
            "DefinitionSubstitutions",
            "EncryptionConfiguration",
            "LoggingConfiguration",
            "RoleArn",
            "StateMachineName",
            "StateMachineType",
            "Tags",
            "TracingConfiguration",
        }
    )

    def create(self, resource: Resource) -> str:
        """Make the state machine."""
        made = resource.client("stepfunctions").create_state_machine(
            name=resource.named("StateMachineName", _NAME_LIMIT),
            type=resource.properties.get("StateMachineType", "STANDARD"),
            tags=_tags(resource),
            **_settings(resource),
        )
        arn: str = made["stateMachineArn"]
        return arn

    def update(self, resource: Resource, before: Resource) -> None:
        """Set its definition and settings; what runs goes on as it began."""
        stepfunctions, arn = resource.client("stepfunctions"), resource.physical_id
        stepfunctions.update_state_machine(
            stateMachineArn=arn,
            **{
                "loggingConfiguration": {"level": "OFF"},
                "tracingConfiguration": {"enabled": False},
                **_settings(resource),
            },
        )
        if tags.dropped(resource, before):
            stepfunctions.untag_resource(resourceArn=arn, tagKeys=tags.dropped(resource, before))
        if _tags(resource):
            stepfunctions.tag_resource(resourceArn=arn, tags=_tags(resource))

    def delete(self, resource: Resource) -> None:
        """Delete the state machine."""
        resource.client("stepfunctions").delete_state_machine(stateMachineArn=resource.physical_id)

    def find(self, resource: Resource) -> str | None:
        """The state machine of that name."""
        name = resource.named("StateMachineName", _NAME_LIMIT)
        arn = resource.place.arn("states", f"stateMachine:{name}")
        resource.client("stepfunctions").describe_state_machine(stateMachineArn=arn)
        return arn

    def attributes(self, resource: Resource) -> Mapping[str, Any]:
        """Its ARN and name."""
        arn = resource.physical_id
        return {"Arn": arn, "Name": arn.rsplit(":", 1)[1]}


def _settings(resource: Resource) -> dict[str, Any]:
    settings = {"definition": _definition(resource), "roleArn": resource.properties["RoleArn"]}
    for name in ("LoggingConfiguration", "TracingConfiguration", "EncryptionConfiguration"):
        if name in resource.properties:
            settings[_camel(name)] = _camelled(resource.properties[name])
    return settings


def _definition(resource: Resource) -> str:
    properties = resource.properties
    if "DefinitionS3Location" in properties:
        place = properties["DefinitionS3Location"]
        version = {"VersionId": place["Version"]} if "Version" in place else {}
        found = resource.client("s3").get_object(
            Bucket=place["Bucket"], Key=place["Key"], **version
        )
        text = found["Body"].read().decode()
    elif "DefinitionString" in properties:
        text = properties["DefinitionString"]
    elif "Definition" in properties:
        text = json.dumps(properties["Definition"])
    else:
        raise ResourceError("A state machine needs a definition")
    for name, value in properties.get("DefinitionSubstitutions", {}).items():
        # Inside of a JSON text, where the value may be a piece of it.
        text = text.replace(f"${{{name}}}", str(value))
    definition: str = text
    return definition


def _tags(resource: Resource) -> list[dict[str, str]]:
    return [{"key": key, "value": it} for key, it in tags.as_mapping(resource).items()]


def _camel(name: str) -> str:
    return name[0].lower() + name[1:]


def _camelled(value: Any) -> Any:
    if isinstance(value, list):
        return [_camelled(item) for item in value]
    if isinstance(value, dict):
        return {_camel(key): _camelled(item) for key, item in value.items()}
    return value
