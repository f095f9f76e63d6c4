"""An AWS in this process: moto for the protocols, with what moto lacks or gets wrong put right.

It knows nothing of feature stores. Unmodified boto3, awswrangler and pyiceberg run against it.
"""

from __future__ import annotations

from localaws.server import LocalAws

__all__ = ["LocalAws"]
