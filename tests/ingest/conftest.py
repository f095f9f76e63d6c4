"""The log's tests have a bucket and a database of their own: so have these."""

from tests.offline.conftest import aws, log, place, resources

__all__ = ["aws", "log", "place", "resources"]
