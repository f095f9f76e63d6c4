"""Forgetting an entity: its rows, items and traces removed from all that the store keeps."""
