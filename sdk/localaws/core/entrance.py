"""The one way into the local AWS, for requests by the socket and for those of this process.

A test that wants to see every request, or to answer some itself, wraps the entrance and misses
none: the server and `in_process` both pass their requests here, and to nothing behind it.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_Wrapper = TypeVar("_Wrapper", bound="Application")


class Entrance:
    """A WSGI application that passes each request on, or to an application put before it.

    Example:
        with aws.entrance.behind(lambda application: Counting(application)):
            aws.client("s3").list_buckets()  # asks Counting, as do other processes
    """

    def __init__(self, application: Application) -> None:
        self._application = application

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request."""
        return self._application(environ, start)

    @contextmanager
    def behind(self, wrap: Callable[[Application], _Wrapper]) -> Iterator[_Wrapper]:
        """Put an application before the present one for a while; the innermost comes first.

        Args:
            wrap: makes it, of the application that it may hand requests to.
        """
        inner = self._application
        self._application = outer = wrap(inner)
        try:
            yield outer
        finally:
            self._application = inner
