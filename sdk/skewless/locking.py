"""Locks and the models that ship with them: a lock is registered before its file is written."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any

from skewless.errors import InputError, shown
from skewless.registry.model_lock import ModelLock
from skewless.registry.model_register import ModelRegister, ReadOnlyError
from skewless.registry.trained import TrainingManifest, told_of, trained_on

if TYPE_CHECKING:
    from datetime import datetime

    from skewless.aws import Aws
    from skewless.definitions.service import FeatureService
    from skewless.registry.model_lock import TrainedOn
    from skewless.registry.published import Published


@dataclass(frozen=True, slots=True)
class Registering:
    """What is said of a lock when it is registered.

    Attributes:
        model: the name of the model; None for that of the service.
        training: the sets that it was trained on: manifests, sets, or where they were written.
        accept_skew: record sets that differ from what is locked all the same.
        commit: of the repository.
    """

    model: str | None
    training: tuple[Any, ...]
    accept_skew: bool
    commit: str

    def sets(
        self, published: Published, service: FeatureService, aws: Aws
    ) -> tuple[TrainedOn, ...]:
        """Read the manifests, and compare them with what is locked.

        Raises:
            InputError: a set has other features than those locked, or no manifest can be read.
        """
        manifests = [_manifest(given, aws) for given in self.training]
        found = trained_on(published, service, manifests) if manifests else ()
        if (told := told_of(found)) and not self.accept_skew:
            raise InputError(
                "nothing was locked: the model was trained on other values than it would be "
                f"served:\n{told}\nTrain on what is locked, or lock what it was trained on. "
                "accept_skew=True (--accept-skew) locks and records it all the same"
            )
        return found


def record(  # noqa: PLR0913 - what is remembered
    aws: Aws,
    table_name: str,
    said: Registering,
    service: FeatureService,
    pinned: Mapping[str, str],
    digest: str,
    *,
    sets: tuple[TrainedOn, ...],
    at: datetime,
) -> tuple[ModelLock, bool]:
    """Register a lock; return its record, and whether the registry has it.

    It does not where the caller may read it only: then there is a warning.
    """
    made = ModelLock.of(
        service,
        pinned,
        digest,
        model=said.model,
        by=aws.caller(),
        at=at,
        commit=said.commit,
        training=sets,
    )
    try:
        return ModelRegister(aws, table_name).add(made), True
    except ReadOnlyError:
        warnings.warn(
            f"{made} is not registered, since {made.by} may not write to the registry "
            f"{table_name!r}: `retire` does not know that it is in use. Let someone who may run "
            "`skewless register` with its file, or grant dynamodb:UpdateItem on the "
            "partition `model` (grant_train and grant_administer do)",
            RuntimeWarning,
            stacklevel=3,
        )
        return made, False


def _manifest(given: object, aws: Aws) -> TrainingManifest:
    made = getattr(given, "manifest", given)  # a TrainingSet has one
    if isinstance(made, Mapping):
        return TrainingManifest(made, "")
    if not isinstance(given, str | PathLike):
        raise InputError(
            f"{shown(given)} is no training set, no manifest of one, and no place where one is"
        )
    from skewless.rebuild import manifest_at, place_of  # noqa: PLC0415 - needs the training extra

    return TrainingManifest(manifest_at(str(given), aws), place_of(str(given)))
