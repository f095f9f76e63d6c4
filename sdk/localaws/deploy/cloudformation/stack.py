"""A stack's record: its resources, outputs and exports, by the names that moto's protocol uses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto.cloudformation.models import Event
from moto.cloudformation.models import Stack as MotoStack
from moto.cloudformation.parsing import Export

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localaws.deploy.cloudformation.resource import Resource
    from localaws.deploy.cloudformation.template import Template

_Record: Any = MotoStack


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """An output whose value is known."""

    key: str
    value: str
    description: str | None
    export_name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """What a deployment left behind; a stack in review has none."""

    template: Template
    parameters: Mapping[str, str]
    resolved: Mapping[str, Any]
    tags: Mapping[str, str]
    resources: Mapping[str, Resource]
    outputs: tuple[Output, ...]
    imported: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A resource by the names that moto's DescribeStackResources asks for."""

    logical_resource_id: str
    physical_resource_id: str
    cf_resource_type: str


class Stack(_Record):  # type: ignore[misc]  # its properties have other types
    """A stack that exists for the protocol, and knows what was deployed."""

    def __init__(self, *, stack_id: str, name: str, account_id: str, region_name: str) -> None:
        super().__init__(
            stack_id=stack_id,
            name=name,
            template={},
            parameters={},
            account_id=account_id,
            region_name=region_name,
        )
        self.status = "REVIEW_IN_PROGRESS"
        self.status_reason: str | None = None
        self.deployed: Deployed | None = None
        self.last_updated_time: Any = None

    def settle(self, deployed: Deployed) -> None:
        """Take over what a deployment left behind."""
        self.deployed = deployed
        self.template = deployed.template.text
        self.template_dict = deployed.template.body
        self.description = deployed.template.body.get("Description")
        self.parameters = dict(deployed.parameters)
        self.tags = dict(deployed.tags)

    def move_to(self, status: str, reason: str | None = None) -> None:
        """Change the stack's status, with its event."""
        self.status = status
        self.status_reason = reason
        self._add_stack_event(status, resource_status_reason=reason)

    def resource(self, resource: Resource, status: str, reason: str | None = None) -> None:
        """Record a resource's event."""
        self.events.append(
            Event(
                stack_id=self.stack_id,
                stack_name=self.name,
                logical_resource_id=resource.logical_id,
                physical_resource_id=resource.physical_id,
                resource_type=resource.type_name,
                resource_status=status,
                resource_status_reason=reason,
                resource_properties=None,
            )
        )

    @property
    def resources(self) -> Mapping[str, Resource]:
        """The resources that the stack has."""
        return self.deployed.resources if self.deployed else {}

    @property
    def stack_resources(self) -> list[Listed]:
        """The resources as the protocol lists them."""
        return [
            Listed(
                logical_resource_id=it.logical_id,
                physical_resource_id=it.physical_id,
                cf_resource_type=it.type_name,
            )
            for it in self.resources.values()
        ]

    @property
    def stack_parameters(self) -> Mapping[str, str]:
        """The parameters' texts, by name."""
        return self.deployed.parameters if self.deployed else {}

    @property
    def parameter_list(self) -> list[dict[str, Any]]:
        """The parameters as DescribeStacks lists them."""
        if not self.deployed:
            return []
        declared = self.deployed.template.section("Parameters")
        return [
            _described(name, value, self.deployed.resolved[name], declared[name])
            for name, value in self.deployed.parameters.items()
        ]

    @property
    def outputs(self) -> list[dict[str, Any]] | None:
        """The outputs as DescribeStacks lists them."""
        listed = [
            {
                "OutputKey": it.key,
                "OutputValue": it.value,
                "Description": it.description,
                "ExportName": it.export_name,
            }
            for it in (self.deployed.outputs if self.deployed else ())
        ]
        return listed or None

    @property
    def exports(self) -> list[Export]:
        """The outputs that other stacks can import."""
        return [
            Export(self.stack_id, it.export_name, it.value)
            for it in (self.deployed.outputs if self.deployed else ())
            if it.export_name
        ]


def _described(name: str, value: str, resolved: Any, declared: Mapping[str, Any]) -> dict[str, Any]:
    hidden = str(declared.get("NoEcho", False)).lower() == "true"
    described = {"ParameterKey": name, "ParameterValue": "****" if hidden else value}
    if declared.get("Type", "").startswith("AWS::SSM::"):
        described["ResolvedValue"] = resolved
    return described
