"""Apps as `cdk` would run them, with code that stands for the packages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Template

from cdk.app import add_stacks
from examples.flights import definitions
from skewless.registry.lock import LockedResources, write_lock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cdk.access import StoreAccess
    from cdk.packages import Package

ROOT = Path(__file__).resolve().parents[2]


class SampleBundler:
    """Makes a package of one line: what a stack does with it does not depend on what is in it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def code(self, package: Package, python: str) -> lambda_.Code:
        folder = self._folder / f"{package.name}-{python}"
        folder.mkdir(exist_ok=True)
        (folder / "sample.py").write_text(f"NAME = {package.name!r}\n")
        return lambda_.Code.from_asset(str(folder))


def app(folder: Path, context: Mapping[str, Any] | None = None) -> cdk.App:
    """Make an app with the context of cdk.json, which only the command line reads by itself."""
    known = json.loads((ROOT / "cdk.json").read_text())["context"]
    return cdk.App(
        context={**known, **(context or {}), "aws:cdk:bundling-stacks": []},
        outdir=str(folder / "cdk.out"),
        analytics_reporting=False,
    )


def stacks(
    folder: Path, stores: Mapping[str, Any], context: Mapping[str, Any] | None = None
) -> dict[str, cdk.Stack]:
    """Make the stacks of some stores, by id."""
    made = app(folder, {**(context or {}), "skewless:stores": dict(stores)})
    add_stacks(made, bundler=SampleBundler(folder))
    return {child.node.id: child for child in made.node.children if isinstance(child, cdk.Stack)}


def stack(folder: Path, context: Mapping[str, Any] | None = None, **props: Any) -> cdk.Stack:
    """Make a stack as another team has it."""
    return cdk.Stack(app(folder, context), "Team", **props)


def flights_lock(folder: Path) -> Path:
    """Write the lock file of the flights example."""
    lock = folder / "skewless.lock"
    resources = LockedResources(store="dev", online_table="skewless-dev-online")
    write_lock(lock, definitions.arrival_model, resources, "us-east-1")
    return lock


def only(template: Template, kind: str, properties: Any = None) -> dict[str, Any]:
    """Return the one resource of a kind, or with some properties."""
    found = template.find_resources(kind, {"Properties": properties} if properties else None)
    assert len(found) == 1, sorted(found)
    (resource,) = found.values()
    return dict(resource)


def granted(
    grant: Callable[[StoreAccess, iam.IGrantable], object], access: StoreAccess
) -> list[dict[str, Any]]:
    """Return the policy statements that a grant gives, as text and in order."""
    team = cdk.Stack.of(access)
    role = iam.Role(team, "Grantee", assumed_by=iam.AccountRootPrincipal())
    grant(access, role)
    policies = Template.from_stack(team).find_resources("AWS::IAM::Policy")
    (policy,) = policies.values()
    statements = policy["Properties"]["PolicyDocument"]["Statement"]
    return [flat(statement) for statement in statements]


def flat(value: Any) -> Any:
    """Write references as `<name>`, and joined text as text."""
    match value:
        case {"Ref": name}:
            return f"<{name.removeprefix('AWS::')}>"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"<{name}.{attribute}>"
        case {"Fn::Join": ["", parts]}:
            return "".join(flat(part) for part in parts)
        case dict():
            return {key: flat(inner) for key, inner in value.items()}
        case list():
            return [flat(inner) for inner in value]
        case _:
            return value


def statements_of(template: Template, role: str) -> list[dict[str, Any]]:
    """Return the policy statements of the role whose logical id begins so."""
    for policy in template.find_resources("AWS::IAM::Policy").values():
        properties = policy["Properties"]
        if any(name["Ref"].startswith(role) for name in properties["Roles"]):
            return [flat(statement) for statement in properties["PolicyDocument"]["Statement"]]
    raise AssertionError(f"no role begins with {role!r}")


def actions(statements: list[dict[str, Any]]) -> set[str]:
    """Return all actions of some statements."""
    return {
        action
        for statement in statements
        for action in (
            [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        )
    }
