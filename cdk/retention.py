"""Whether data may be destroyed: deleting it needs a prop and a context flag.

The prop stands in code that somebody reviewed; the flag, `-c skewless:allow-destroy=true`, is given
by whoever runs the deployment. With one of them data is kept, and synthesis says so. A bucket that
still holds objects is never deleted: CloudFormation refuses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk

if TYPE_CHECKING:
    from constructs import Construct

ALLOW_DESTROY = "skewless:allow-destroy"


def may_destroy(scope: Construct, *, is_disposable: bool) -> bool:
    """Say whether both keys are there; warn if only the prop is."""
    if not is_disposable:
        return False
    if scope.node.try_get_context(ALLOW_DESTROY) in (True, "true"):
        return True
    cdk.Annotations.of(scope).add_warning_v2(
        "skewless:kept",
        f"{scope.node.path} is disposable, but its data is kept: destroying takes a second key, "
        f"the context flag {ALLOW_DESTROY}=true",
    )
    return False


def removal_policy(*, may_be_destroyed: bool) -> cdk.RemovalPolicy:
    """Return the removal policy of data."""
    return cdk.RemovalPolicy.DESTROY if may_be_destroyed else cdk.RemovalPolicy.RETAIN
