"""Lambda: permissions to call a function, aliases, and the handling of failed calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localaws.deploy.cloudformation.resource import ResourceType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localaws.deploy.cloudformation.resource import Resource

_ALIAS = ("Description", "FunctionVersion", "RoutingConfig")
_EVENT = ("DestinationConfig", "MaximumEventAgeInSeconds", "MaximumRetryAttempts")
_PERMISSION = ("Action", "EventSourceToken", "Principal", "PrincipalOrgID", "SourceAccount")


class Alias(ResourceType):
    """A name for a version of a function."""

    name = "AWS::Lambda::Alias"
    properties = frozenset({"FunctionName", "Name", *_ALIAS})

    def create(self, resource: Resource) -> str:
        """Name the version."""
        made = resource.client("lambda").create_alias(
            **resource.given("FunctionName", "Name", *_ALIAS)
        )
        arn: str = made["AliasArn"]
        return arn

    def update(self, resource: Resource, before: Resource) -> None:  # noqa: ARG002 it is set whole
        """Make it another version's name."""
        resource.client("lambda").update_alias(
            **resource.given("FunctionName", "Name"),
            **{"Description": "", **resource.given(*_ALIAS)},
        )

    def delete(self, resource: Resource) -> None:
        """Take the name away."""
        resource.client("lambda").delete_alias(**resource.given("FunctionName", "Name"))

    def find(self, resource: Resource) -> str | None:
        """The alias of that name."""
        found = resource.client("lambda").get_alias(**resource.given("FunctionName", "Name"))
        arn: str = found["AliasArn"]
        return arn

    def attributes(self, resource: Resource) -> Mapping[str, Any]:
        """Its ARN."""
        return {"AliasArn": resource.physical_id}


class Permission(ResourceType):
    """A statement of a function's policy; none is changed in place."""

    name = "AWS::Lambda::Permission"
    properties = frozenset({"FunctionName", "SourceArn", *_PERMISSION})

    def create(self, resource: Resource) -> str:
        """Add the statement."""
        statement = resource.named("Id", 100)
        function, qualifier = _qualified(resource.properties["FunctionName"])
        resource.client("lambda").add_permission(
            FunctionName=function,
            StatementId=statement,
            **qualifier,
            **resource.given("SourceArn", *_PERMISSION),
        )
        return statement

    def delete(self, resource: Resource) -> None:
        """Remove the statement."""
        function, qualifier = _qualified(resource.properties["FunctionName"])
        resource.client("lambda").remove_permission(
            FunctionName=function, StatementId=resource.physical_id, **qualifier
        )

    def attributes(self, resource: Resource) -> Mapping[str, Any]:
        """Its id."""
        return {"Id": resource.physical_id}


class EventInvokeConfig(ResourceType):
    """What becomes of asynchronous calls."""

    name = "AWS::Lambda::EventInvokeConfig"
    properties = frozenset({"FunctionName", "Qualifier", *_EVENT})

    def create(self, resource: Resource) -> str:
        """Set it at the function."""
        self._put(resource)
        return "|".join(str(resource.properties[key]) for key in ("FunctionName", "Qualifier"))

    def update(self, resource: Resource, before: Resource) -> None:  # noqa: ARG002 it is set whole
        """Set it at the function."""
        self._put(resource)

    def delete(self, resource: Resource) -> None:
        """Take it from the function."""
        resource.client("lambda").delete_function_event_invoke_config(
            **resource.given("FunctionName", "Qualifier")
        )

    def _put(self, resource: Resource) -> None:
        resource.client("lambda").put_function_event_invoke_config(
            **resource.given("FunctionName", "Qualifier", *_EVENT)
        )


def _qualified(function: str) -> tuple[str, dict[str, str]]:
    """A function's name without the version or alias that its ARN may end in."""
    parts = function.split(":")
    if function.startswith("arn:") and len(parts) == 8:  # noqa: PLR2004 an ARN with a qualifier
        return ":".join(parts[:-1]), {"Qualifier": parts[-1]}
    return function, {}
