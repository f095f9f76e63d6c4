"""Where statements run: Athena, or DuckDB in this process."""
