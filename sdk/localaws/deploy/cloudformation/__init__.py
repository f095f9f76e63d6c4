"""CloudFormation that makes what a template says, or fails as AWS does.

Stock moto skips types it does not know, forgets properties, and calls a stack whose resources
failed complete. Here moto keeps the protocol and the records of stacks; what a template means is
ours: it is parsed and checked (`template`, `schema`), its functions are resolved (`scope`), and
each resource is made, changed and deleted (`deployment`) by the service's own API on this server
(`services`), so that nothing can exist in CloudFormation alone.
"""

from __future__ import annotations

from localaws.deploy.cloudformation.protocol import apply

__all__ = ["apply"]
