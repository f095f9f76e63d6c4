"""What AWS charges, in dollars, in us-east-1: its public price lists as of November 2026.

https://aws.amazon.com/dynamodb/pricing/on-demand/, https://aws.amazon.com/s3/pricing/ and
https://aws.amazon.com/athena/pricing/. Other regions cost up to twice as much.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices.

    Attributes:
        read_units, write_units: of DynamoDB's on-demand capacity, a million.
        online_storage: of DynamoDB, a GB and month.
        log_storage: of S3 Standard, a GB and month.
        scanned: by Athena, a TB.
    """

    read_units: float = 0.125
    write_units: float = 0.625
    online_storage: float = 0.25
    log_storage: float = 0.023
    scanned: float = 5.0
