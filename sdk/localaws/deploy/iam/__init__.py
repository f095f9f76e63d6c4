"""IAM that is enforced, and a record of all calls, so that least privilege is tested by use.

Stock moto looks at actions alone, by Resource `*` and no Condition, and only where it is told to.
Here every request of an IAM user or of a role's session is decided as AWS does, always; the local
AWS's own credentials, and keys that nobody issued, may do anything. Bucket policies are moto's.
"""

from __future__ import annotations

from localaws.deploy.iam import simulation, user_keys
from localaws.deploy.iam.condition import PolicyError
from localaws.deploy.iam.gate import Gate
from localaws.deploy.iam.policy import granted_actions
from localaws.deploy.iam.record import Call, Calls

__all__ = ["Call", "Calls", "Gate", "PolicyError", "apply", "granted_actions"]


def apply() -> None:
    """Patch moto, once a process."""
    simulation.apply()
    user_keys.apply()
