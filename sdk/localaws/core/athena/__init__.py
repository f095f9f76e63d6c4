"""An Athena that executes: Athena SQL, by sqlglot, on DuckDB, over the local Glue catalog and S3.

From the request to the result: `backend` takes moto's calls, `execution` is a query's life,
`statements` finds the kind of statement, `catalog` the tables, `transpile` and `engine` make DuckDB
compute as Trino does, `results` and `output` write what Athena writes.
"""

from __future__ import annotations

from localaws.core.athena.backend import apply

__all__ = ["apply"]
