"""The event log on S3: Iceberg tables in Glue, their commits and their snapshots."""
