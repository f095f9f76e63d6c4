"""Data that a name stands for: files and folders, here or on S3, and users' tables of Glue."""
