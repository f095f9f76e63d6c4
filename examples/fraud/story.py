"""The story that skewless was made for: one name, two windows, and what that costs.

A training pipeline computes "the mean amount" over 30 days. An inference service, written by
somebody else, computes it over 7 days under the same name. Both are good features. Nothing fails,
no type differs, and the model is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sklearn.metrics import log_loss, roc_auc_score

from examples.fraud import definitions, train
from skewless import FeatureView, OnDemandView, agg
from skewless.types import Float64

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from skewless import FeatureStore

COST_OF_A_CHECK = 5.0  # of asking the sender, whoever it is

# The inference service's own mean, and what follows from it. Neither view is ever published:
# history can be asked for ideas.

weekly = FeatureView(
    "weekly",
    entity=definitions.user,
    source=definitions.movements,
    refresh="stream",
    where=definitions.PAID,
    features={"amount_mean_7d": agg.mean("amount", window="7d")},
).with_join_key_map(definitions.SENDER)

weekly_transfer = OnDemandView(
    "weekly_transfer",
    request={"amount": Float64},
    features=definitions.beside_usual(weekly["amount_mean_7d"]),
)


# Of the columns that the model was trained on, those which stand on the mean.
SKEWED = {
    "amount_mean_30d": "amount_mean_7d",
    "amount_to_mean": "amount_to_mean",
    "amount_z": "amount_z",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a model's answers.

    Attributes:
        loss: the mean logarithmic loss; less is better.
        auc: how often a fraud looks more like one than an honest transfer does.
        paid_out: the money of frauds that were let through.
        checks: transfers that were stopped to ask the sender.
    """

    loss: float
    auc: float
    paid_out: float
    checks: int

    @property
    def cost(self) -> float:
        """All that it cost: money that is gone, and checks."""
        return self.paid_out + COST_OF_A_CHECK * self.checks


def outcome(probability: np.ndarray, transfers: pd.DataFrame) -> Outcome:
    """Judge probabilities of fraud: who is likely to lose more than a check costs is checked."""
    is_fraud, amount = transfers[train.LABEL].astype(bool), transfers["amount"]
    is_checked = probability * amount > COST_OF_A_CHECK
    return Outcome(
        loss=float(log_loss(is_fraud, probability, labels=[False, True])),
        auc=float(roc_auc_score(is_fraud, probability)),
        paid_out=float(amount[is_fraud & ~is_checked].sum()),
        checks=int(is_checked.sum()),
    )


@dataclass(frozen=True, slots=True)
class Missed:
    """A fraud that the skewed model let through: what was asked, both means, both answers."""

    transfer_id: str
    amount: float
    means: tuple[float, float]
    probabilities: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Story:
    """The same transfers, judged three times.

    Attributes:
        transfers: how many.
        stolen: the money of all frauds among them.
        moved: by how much half of the 7-day means differ from the 30-day mean, as a share of it.
        right: trained on 30 days and served 30 days.
        skewed: trained on 30 days and served 7 days.
        weekly: trained on 7 days and served 7 days.
        missed: of frauds with both means that only `skewed` lets through, the one whose expected
            loss was misjudged most; None without one.
    """

    transfers: int
    stolen: float
    moved: float
    right: Outcome
    skewed: Outcome
    weekly: Outcome
    missed: Missed | None


def tell(store: FeatureStore, model: Any, trained: pd.DataFrame, tested: pd.DataFrame) -> Story:
    """Judge `tested` with the model, with it skewed, and with one that learned from 7 days."""
    inputs = list(model.feature_names_in_)
    other = train.fit(over_a_week(store, trained), inputs)
    week = over_a_week(store, tested)
    right, skewed = train.predict(model, tested), train.predict(model, week)
    means = tested["amount_mean_30d"], week["amount_mean_30d"]
    return Story(
        transfers=len(tested),
        stolen=float(tested.loc[tested[train.LABEL], "amount"].sum()),
        moved=float((means[1] / means[0] - 1).abs().median()),
        right=outcome(right, tested),
        skewed=outcome(skewed, tested),
        weekly=outcome(train.predict(other, week), tested),
        missed=_missed(tested.assign(before=means[0], after=means[1], right=right, skewed=skewed)),
    )


def over_a_week(store: FeatureStore, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the training set with what a service serves whose mean is over 7 days."""
    labels = frame[train.LABELS]
    week = store.get_historical_features(labels, [weekly["amount_mean_7d"], weekly_transfer])
    found = week.to_pandas(floats=True)
    return frame.assign(**{name: found[other] for name, other in SKEWED.items()})


def _missed(judged: pd.DataFrame) -> Missed | None:
    lets_through = judged["skewed"] * judged["amount"] <= COST_OF_A_CHECK
    stops = judged["right"] * judged["amount"] > COST_OF_A_CHECK
    both = judged["before"].notna() & judged["after"].notna()
    found = judged[judged[train.LABEL].astype(bool) & lets_through & stops & both]
    if found.empty:
        return None
    fall = (found["right"] - found["skewed"]) * found["amount"]
    row = found.iloc[int(fall.to_numpy().argmax())]
    return Missed(
        transfer_id=row["transfer_id"],
        amount=row["amount"],
        means=(row["before"], row["after"]),
        probabilities=(row["right"], row["skewed"]),
    )
