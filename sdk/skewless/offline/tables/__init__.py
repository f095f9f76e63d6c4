"""Data found by name: files and folders, here or on S3, and users' tables in Glue."""
