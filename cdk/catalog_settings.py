"""Where a store's catalog is published, and whose links open it: the setting `catalog`.

"catalog": {"domain": "features.example.com", "certificate": "arn:...", "viewer_keys": ["..."]}
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MEMBERS = ("domain", "certificate", "viewer_keys")
_DOMAIN = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
# CloudFront takes certificates of this one region only.
_CERTIFICATE = re.compile(r"arn:aws:acm:us-east-1:\d{12}:certificate/[0-9a-f-]{36}")
_PUBLIC_KEY = re.compile(
    r"-----BEGIN PUBLIC KEY-----\n([A-Za-z0-9+/=]{1,64}\n)+-----END PUBLIC KEY-----\n?"
)
MAX_KEYS = 5  # of CloudFront's key group


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogSettings:
    """A catalog that is published.

    Attributes:
        domain: its name, for which the certificate is.
        certificate: ARN of an ACM certificate in us-east-1.
        viewer_keys: public keys, in PEM; links that are signed with one of theirs open it.
    """

    domain: str
    certificate: str
    viewer_keys: tuple[str, ...]

    @classmethod
    def parse(cls, given: Mapping[str, object]) -> Self:
        """Read what `catalog_problems` found nothing wrong with."""
        keys: object = given["viewer_keys"]
        return cls(
            domain=str(given["domain"]),
            certificate=str(given["certificate"]),
            viewer_keys=tuple(map(str, keys)) if isinstance(keys, list) else (),
        )


def catalog_problems(given: object) -> Iterator[str]:
    """Check the setting."""
    if not isinstance(given, dict):
        yield f"catalog must be an object with {', '.join(_MEMBERS)}, not {given!r}"
        return
    for unknown in sorted(map(str, given.keys() - set(_MEMBERS))):
        yield f"catalog: there is no setting {unknown!r}; there are {', '.join(_MEMBERS)}"
    for name, pattern, wanted in (
        ("domain", _DOMAIN, "a domain of yours, such as 'features.example.com'"),
        ("certificate", _CERTIFICATE, "the ARN of an ACM certificate in us-east-1"),
    ):
        value = given.get(name)
        if not isinstance(value, str) or not pattern.fullmatch(value):
            yield f"catalog: {name} must be {wanted}, not {value!r}"
    keys = given.get("viewer_keys")
    if not isinstance(keys, list) or not 1 <= len(keys) <= MAX_KEYS:
        yield (
            f"catalog: viewer_keys must be a list of 1 to {MAX_KEYS} public keys, not {keys!r}: "
            "without one, everybody could read the catalog"
        )
        return
    for key in keys:
        if not isinstance(key, str) or not _PUBLIC_KEY.fullmatch(key):
            yield "catalog: a viewer key must be a public key in PEM: openssl pkey -pubout"
