"""CloudFormation that makes what a template says, or fails as AWS does.

Stock moto skips types it does not know, forgets properties, and calls a stack whose resources
failed complete. Here moto keeps the protocol and the records of stacks, and this package does the
rest. It parses and checks a template (`template`, `schema`), resolves its functions (`scope`), and
makes, changes and deletes each resource (`deployment`) by the service's own API on this server
(`services`). So nothing can exist in CloudFormation alone.
"""

from __future__ import annotations

from localaws.deploy.cloudformation.protocol import apply

__all__ = ["apply"]
