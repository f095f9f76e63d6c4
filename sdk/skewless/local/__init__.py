"""An AWS in this process: moto for the protocols, with what moto lacks or gets wrong put right.

It knows nothing of feature stores. Unmodified boto3, awswrangler and pyiceberg run against it.
"""

from __future__ import annotations

import skewless.local.regions  # noqa: F401 first: it imports moto's EC2 as it must be imported
from skewless.local.server import LocalAws

__all__ = ["LocalAws"]
