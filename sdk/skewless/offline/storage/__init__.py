"""What stands on S3 and what Glue says of it, as AWS gives it: bytes, versions, descriptions."""
