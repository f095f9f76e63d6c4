"""The report of an erasure: what was removed and what was not, signed, without the key itself.

The signature is KMS's, ECDSA with SHA-256, over the report's canonical JSON: without the member
`signature`, keys in order, no spaces. Anyone with the public key can check it.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from skewless.errors import InputError, StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skewless.aws import Aws

_ALGORITHM = "ECDSA_SHA_256"


@dataclass(frozen=True, slots=True)
class Removed:
    """The things removed from one place.

    Attributes:
        place: such as `log payments` or `online spending@1`.
        what: rows, items, objects, snapshots or files.
        count: how many; in a dry run, how many would be.
    """

    place: str
    what: str
    count: int


@dataclass(frozen=True, slots=True)
class NotReached:
    """A place that the store could not, or must not, erase.

    Attributes:
        place: where it is.
        why: the reason, and who can erase it.
    """

    place: str
    why: str


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature of a report.

    Attributes:
        key: ARN of the KMS key.
        algorithm: KMS's name of it.
        value: base64 of the DER encoding.
    """

    key: str
    algorithm: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """The report of an erasure.

    Attributes:
        id: its name, which the log's snapshots also carry.
        entity: the entity's name; no report holds the key itself.
        salt: random, stored beside the digest.
        key_digest: SHA-256 of `<salt>/<store>/<entity>/<key text>`. Someone who knows the key can
            show that the report is about it. Someone who tries all keys can find it: treat it as
            personal data.
        removed: by place; nothing where nothing was found.
        not_reached: what others have to erase.
        again: why the erasure has to be run again; nothing if all that the store keeps is erased.
        signature: None where the store has no key for reports, and of a dry run.
        uri: where the report is kept; empty for a dry run.
    """

    id: str
    store: str
    entity: str
    salt: str
    key_digest: str
    started_at: str
    finished_at: str
    is_dry_run: bool
    removed: tuple[Removed, ...]
    not_reached: tuple[NotReached, ...]
    again: tuple[str, ...]
    uri: str
    signature: Signature | None = None

    def __str__(self) -> str:
        """Return how much was removed, and from where."""
        lines = [f"  {item.place}: {item.count:,} {item.what}" for item in self.removed]
        lines += [f"  not reached: {item.place}: {item.why}" for item in self.not_reached]
        lines += [f"  run it again: {why}" for why in self.again]
        return "\n".join([repr(self), *lines])

    def __repr__(self) -> str:
        verb = "would remove" if self.is_dry_run else "removed"
        state = "complete" if self.is_complete else "to be run again"
        return f"Erasure({self.entity!r}: {verb} {self.count:,}, {state})"

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left of what the store can reach."""
        return not self.again

    @property
    def count(self) -> int:
        """How much was removed, of all kinds."""
        return sum(item.count for item in self.removed)

    def document(self) -> dict[str, Any]:
        """Return the report in JSON's types."""
        found: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return found

    def text(self) -> str:
        """Return the report as it is kept: JSON for people to read."""
        return _kept_form(self.document())

    def signed(self, key: str, aws: Aws) -> Erasure:
        """Return the report with its signature, or unchanged if the store has no key.

        Raises:
            StoreError: KMS refused.
        """
        if not key:
            return self
        try:
            answer = aws.client("kms").sign(
                KeyId=key,
                Message=_digest(self.document()),
                MessageType="DIGEST",
                SigningAlgorithm=_ALGORITHM,
            )
        except (ClientError, BotoCoreError) as error:
            raise StoreError(
                f"everything is erased, but the report could not be signed by the key {key!r}: "
                f"{error}. Run the erasure again when KMS answers: it goes on from here"
            ) from error
        value = base64.b64encode(answer["Signature"]).decode()
        return replace(self, signature=Signature(answer["KeyId"], _ALGORITHM, value))


def verify_report(report: Mapping[str, Any] | str, key: str, aws: Aws) -> bool:
    """Ask KMS whether a report is as it was signed.

    Args:
        report: its document, or the text of it.
        key: the store's key, `store.resources.report_key`; the one that the report names is only
            what the report says.
        aws: where the key is.

    Raises:
        InputError: it is no report, it is unsigned, or its text is not the form in which reports
            are kept: two readers of another form may read two reports.
        StoreError: KMS refused.
    """
    document = _parsed(report) if isinstance(report, str) else dict(report)
    signature = _signature(document)
    kms = aws.client("kms")
    try:
        kms.verify(
            KeyId=key,
            Message=_digest(document),
            MessageType="DIGEST",
            Signature=signature,
            SigningAlgorithm=_ALGORITHM,
        )
    except kms.exceptions.KMSInvalidSignatureException:
        return False
    except (ClientError, BotoCoreError) as error:
        raise StoreError(f"the key {key!r} could not verify the report: {error}") from error
    return True


def _parsed(text: str) -> dict[str, Any]:
    """Read a report's text in the one accepted form, so that all readers read the same."""
    try:
        document = json.loads(text, object_pairs_hook=_members)
    except ValueError as error:
        raise InputError(f"the report is no JSON: {error}") from error
    if not isinstance(document, dict):
        raise InputError("the report is no JSON object")
    if text.strip() not in (_kept_form(document), _one_line(document)):
        raise InputError(
            f"the report {document.get('id')!r} is not in the form in which reports are kept. "
            "Give the text as it is in the bucket, or the document that you read from it"
        )
    return document


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = sorted({name for name in names if names.count(name) > 1})
        raise InputError(
            f"the report has the member {twice[0]!r} twice: what it says depends on who reads it"
        )
    return found


def _signature(document: Mapping[str, Any]) -> bytes:
    """Return a document's signature; refuse extra members, which would be unsigned."""
    found = document.get("signature")
    if not found:
        raise InputError(
            f"the report {document.get('id')!r} is not signed: the store had no key for reports"
        )
    expected = {item.name for item in fields(Signature)}
    if not isinstance(found, dict) or set(found) != expected or found["algorithm"] != _ALGORITHM:
        raise InputError(
            f"the signature of {document.get('id')!r} is none: it has the members "
            f"{', '.join(sorted(expected))}, and the algorithm {_ALGORITHM}"
        )
    try:
        return base64.b64decode(found["value"], validate=True)
    except (TypeError, ValueError) as error:
        raise InputError(f"the signature of {document.get('id')!r} is none: {error}") from error


def _one_line(document: Mapping[str, Any]) -> str:
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _kept_form(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False)


def canonical(document: Mapping[str, Any]) -> bytes:
    """Return the bytes that are signed."""
    body = {name: value for name, value in document.items() if name != "signature"}
    try:
        return _one_line(body).encode()
    except ValueError as error:  # a lone surrogate has no UTF-8 form
        raise InputError(f"the report cannot be written as it is signed: {error}") from error


def _digest(document: Mapping[str, Any]) -> bytes:
    return hashlib.sha256(canonical(document)).digest()
