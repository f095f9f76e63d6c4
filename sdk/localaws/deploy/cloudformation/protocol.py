"""The requests of CloudFormation's API that are answered here, in moto's place."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import ActionResult, EmptyResult

from localaws.core.session import LocalSession
from localaws.deploy.cloudformation import template_url
from localaws.deploy.cloudformation.failure import ChangeSetNotFoundError, ValidationError
from localaws.deploy.cloudformation.operations import Asked, Operations
from localaws.deploy.cloudformation.services import missing_calls
from localaws.deploy.cloudformation.template import Template

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from localaws.deploy.cloudformation.stack import Stack


@functools.cache
def apply(endpoint: str) -> None:
    """Patch moto, once an endpoint."""
    missing_calls.apply()
    response: Any = CloudFormationResponse
    requests = Requests(_clients(endpoint))
    for name in (
        "create_change_set",
        "create_stack",
        "delete_change_set",
        "delete_stack",
        "describe_change_set",
        "execute_change_set",
        "list_change_sets",
        "update_stack",
        "update_termination_protection",
    ):
        setattr(response, name, _answered_by(getattr(requests, name)))
    response._get_stack_from_s3_url = _answered_by(requests.template_at)


def _answered_by(answer: Callable[..., Any]) -> Callable[..., Any]:
    """A function, which moto finds among its class's methods, where it does not find a method."""

    def method(response: Any, *arguments: Any) -> Any:
        return answer(response, *arguments)

    return method


def _clients(endpoint: str) -> Callable[[str, str], Any]:
    """Clients by region and service, each made once."""
    session = functools.cache(functools.partial(LocalSession, endpoint))
    return functools.cache(lambda region, service: session(region).client(service))


class Requests:
    """Answers of the API; `response` is moto's, which knows the request."""

    def __init__(self, clients: Callable[[str, str], Any]) -> None:
        self._clients = clients

    def template_at(self, response: Any, url: str) -> str:
        """The template at a URL."""
        return template_url.read(url, self._clients(response.region, "s3"))

    def create_change_set(self, response: Any) -> ActionResult:
        """CreateChangeSet."""
        made = self._operations(response).create_change_set(
            _stack_name(response),
            response._get_param("ChangeSetName"),
            response._get_param("ChangeSetType", "UPDATE"),
            self._asked(response),
        )
        return ActionResult({"Id": made.change_set_id, "StackId": made.stack.stack_id})

    def describe_change_set(self, response: Any) -> ActionResult:
        """DescribeChangeSet."""
        return ActionResult(self._change_set(response).described())

    def delete_change_set(self, response: Any) -> EmptyResult:
        """DeleteChangeSet: of one that does not exist, it succeeds, as the CDK relies on."""
        try:
            made = self._change_set(response)
        except ChangeSetNotFoundError:
            return EmptyResult()
        del response.cloudformation_backend.change_sets[made.change_set_id]
        return EmptyResult()

    def list_change_sets(self, response: Any) -> ActionResult:
        """ListChangeSets."""
        stack = self._stack(response)
        made = response.cloudformation_backend.change_sets.values()
        return ActionResult({"Summaries": [it.described() for it in made if it.stack is stack]})

    def execute_change_set(self, response: Any) -> EmptyResult:
        """ExecuteChangeSet."""
        roll_back = not response._get_bool_param("DisableRollback", if_none=False)
        self._operations(response).execute(self._change_set(response), roll_back=roll_back)
        return EmptyResult()

    def create_stack(self, response: Any) -> ActionResult:
        """CreateStack."""
        made = self._at_once(response, "CREATE")
        return ActionResult({"StackId": made.stack_id})

    def update_stack(self, response: Any) -> ActionResult:
        """UpdateStack."""
        return ActionResult({"StackId": self._at_once(response, "UPDATE").stack_id})

    def delete_stack(self, response: Any) -> EmptyResult:
        """DeleteStack: of a stack that does not exist, it succeeds."""
        name = response._get_param("StackName")
        for stack in list(response.cloudformation_backend.stacks.values()):
            if name in {stack.name, stack.stack_id}:
                retained = response._get_param("RetainResources", [])
                self._operations(response).delete(stack, retained)
        return EmptyResult()

    def update_termination_protection(self, response: Any) -> ActionResult:
        """UpdateTerminationProtection."""
        stack = self._stack(response)
        protected = response._get_bool_param("EnableTerminationProtection", if_none=False)
        stack.enable_termination_protection = protected
        return ActionResult({"StackId": stack.stack_id})

    def _at_once(self, response: Any, kind: str) -> Stack:
        operations = self._operations(response)
        name = _stack_name(response)
        made = operations.create_change_set(name, "direct", kind, self._asked(response))
        if made.status == "FAILED":
            del response.cloudformation_backend.change_sets[made.change_set_id]
            raise ValidationError(
                "No updates are to be performed." if not made.changes else str(made.status_reason)
            )
        if kind == "CREATE":
            protected = response._get_bool_param("EnableTerminationProtection", if_none=False)
            made.stack.enable_termination_protection = protected
        roll_back = not response._get_bool_param("DisableRollback", if_none=False)
        operations.execute(made, roll_back=roll_back)
        return made.stack

    def _asked(self, response: Any) -> Asked:
        return Asked(
            template=self._template(response),
            parameters=response._get_param("Parameters", []),
            tags=_tags(response._get_param("Tags", [])),
            description=response._get_param("Description"),
            adopt=response._get_bool_param("ImportExistingResources", if_none=False),
        )

    def _template(self, response: Any) -> Template:
        text, url = response._get_param("TemplateBody"), response._get_param("TemplateURL")
        if response._get_bool_param("UsePreviousTemplate", if_none=False):
            deployed = self._stack(response).deployed
            if text or url or deployed is None:
                raise ValidationError("UsePreviousTemplate needs a stack that has a template")
            template: Template = deployed.template
            return template
        if bool(text) == bool(url):
            raise ValidationError("Either Template URL or Template Body must be specified.")
        return Template.parse(text or self.template_at(response, url))

    def _change_set(self, response: Any) -> Any:
        return self._operations(response).change_set(
            response._get_param("ChangeSetName"), response._get_param("StackName")
        )

    def _stack(self, response: Any) -> Any:
        name = response._get_param("StackName")
        for stack in response.cloudformation_backend.stacks.values():
            if name in {stack.name, stack.stack_id}:
                return stack
        raise ValidationError(f"Stack with id {name} does not exist")

    def _operations(self, response: Any) -> Operations:
        return Operations(response.cloudformation_backend, self._clients)


def _stack_name(response: Any) -> str:
    given: str = response._get_param("StackName")
    return given.split("/")[1] if given.startswith("arn:") else given


def _tags(asked: list[Mapping[str, str]]) -> dict[str, str] | None:
    return {tag["Key"]: tag["Value"] for tag in asked} or None
