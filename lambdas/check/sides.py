"""The two sides of a store's values, small enough for a function.

Serving reads DynamoDB. History uses Athena, without DuckDB and pyiceberg, which do not fit beside
AWS's layer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from skewless.definitions.expression import to_microseconds
from skewless.offline.engines.athena import AthenaEngine
from skewless.offline.engines.keys import logged_keys
from skewless.offline.lake.snapshots import Snapshots
from skewless.offline.query.mode import Mode
from skewless.offline.training.build import TrainingRequest, build_training_set
from skewless.offline.training.overflow import Errors
from skewless.offline.training.set_index import SetIndex
from skewless.online.reader import OnlineReader
from skewless.registry.selection import planned

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    import pyarrow as pa

    from skewless.aws import Aws, Resources
    from skewless.definitions.view import FeatureView
    from skewless.offline.training.training_set import TrainingSet
    from skewless.online.answer import Answer
    from skewless.online.table import OnlineTable
    from skewless.registry.published import Published


@dataclass(frozen=True, slots=True)
class Sides:
    """The part of a store that `skewless.verify` needs. Athena is the only engine here."""

    aws: Aws
    resources: Resources
    table: OnlineTable
    published: Published

    def logged_keys(
        self,
        view: FeatureView,
        /,
        *,
        sample: int | None,
        seed: str,
        engine: str | None,  # noqa: ARG002
    ) -> pa.Table:
        """Return keys of a view's entity in the log."""
        return logged_keys(view, self._athena, sample=sample, seed=seed)

    def get_historical_features(
        self,
        entity_df: Any,
        features: object,
        /,
        *,
        timestamp: str,
        engine: str | None,  # noqa: ARG002
        errors: str,
    ) -> TrainingSet:
        """Join labels with their features, as serving would have given them."""
        plan = planned(self.published, features)
        request = TrainingRequest(
            entity_df,
            plan,
            Mode.AS_SERVED,
            timestamp,
            None,
            {},
            {},
            errors=Errors.of(errors),
        )
        return build_training_set(
            request,
            self._athena,
            Snapshots(self.aws, self.resources),
            self.aws,
            SetIndex(self.aws, self.resources.bucket),
        )

    def get_online_features(
        self, features: object, entity_rows: Sequence[Mapping[str, Any]], /, *, now: datetime
    ) -> Answer:
        """Read feature vectors."""
        instant = to_microseconds(now, "now")
        plan = planned(self.published, features)
        return OnlineReader(plan, self.table, now=lambda: instant).read(entity_rows)

    @property
    def _athena(self) -> AthenaEngine:
        return AthenaEngine(self.aws, self.resources)
