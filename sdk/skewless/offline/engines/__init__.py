"""The engines that run statements: Athena, or DuckDB in this process."""
