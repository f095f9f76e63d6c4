"""IAM that is enforced, and a record of who called what: least privilege is tested by use.

Stock moto looks at actions alone, by Resource `*` and no Condition, and only where it is told to.
Here every request of an IAM user or of a role's session is decided as AWS does, always; the local
AWS's own credentials, and keys that nobody issued, may do anything. Bucket policies are moto's.
"""

from __future__ import annotations

from localaws.iam.condition import PolicyError
from localaws.iam.gate import Gate
from localaws.iam.policy import granted_actions
from localaws.iam.record import Call, Calls

__all__ = ["Call", "Calls", "Gate", "PolicyError", "granted_actions"]
