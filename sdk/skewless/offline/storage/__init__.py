"""S3 objects and Glue tables as AWS returns them: bytes, versions, descriptions."""
